#include "figures.hpp"

#include <array>

#include <fmt/format.h>

#include "dsplan/base/units.hpp"

namespace dsplan::report {

std::string grouped(std::int64_t n) {
  std::string digits = std::to_string(n < 0 ? -n : n);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return n < 0 ? "-" + digits : digits;
}

std::string short_count(double n) {
  struct Scale {
    double size;
    const char* letter;
  };
  for (const auto& [size, letter] :
       std::array{Scale{kTera, "T"}, Scale{kGiga, "B"}, Scale{kMega, "M"}, Scale{kKilo, "k"}}) {
    if (n >= size) return fmt::format("{:.3g}{}", n / size, letter);
  }
  return fmt::format("{:.0f}", n);
}

}  // namespace dsplan::report
