#include "version.hpp"

#include <charconv>
#include <string>

#include "dsplan/base/error.hpp"

namespace dsplan::catalog {

std::vector<unsigned> version_numbers(std::string_view version) {
  if (!version.empty() && (version.front() == 'v' || version.front() == 'b'))
    version.remove_prefix(1);
  std::vector<unsigned> numbers;
  const char* at = version.data();
  const char* end = at + version.size();
  for (;;) {
    unsigned number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc{}) break;
    numbers.push_back(number);
    if (next == end || *next != '.') break;
    at = next + 1;
  }
  if (numbers.empty()) {
    throw Error(ErrorCode::usage,
                "'" + std::string(version) + "' is not a version",
                "write it as the engine does, for example 0.11.0");
  }
  while (numbers.size() > 1 && numbers.back() == 0) numbers.pop_back();
  return numbers;
}

bool holds_at(std::string_view from, std::string_view wanted) {
  return from.empty() || wanted.empty() || version_numbers(from) <= version_numbers(wanted);
}

bool version_before(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.empty() && !b.empty();
  return version_numbers(a) < version_numbers(b);
}

}  // namespace dsplan::catalog
