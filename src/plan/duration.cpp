#include "duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace dsplan::plan {

std::string duration(Seconds time) {
  struct Unit {
    double seconds;
    std::string_view name;
  };
  constexpr std::array kUnits{Unit{1.0, " s"}, Unit{1e-3, " ms"}, Unit{1e-6, " us"}};
  const auto unit = std::find_if(
      kUnits.begin(), kUnits.end() - 1, [&](const Unit& u) { return time.value >= u.seconds; });
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(),
                                 digits.data() + digits.size(),
                                 time.value / unit->seconds,
                                 std::chars_format::general,
                                 3);
  return std::string(digits.data(), end.ptr) + std::string(unit->name);
}

}  // namespace dsplan::plan
