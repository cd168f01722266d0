// Counts as reals, and reals as whole bytes.
#pragma once

#include <cmath>
#include <cstdint>

#include "dsplan/base/units.hpp"

namespace dsplan::estimate {

[[nodiscard]] constexpr double real(std::int64_t n) { return static_cast<double>(n); }

/// The next whole byte; a hair above a whole number is that number.
[[nodiscard]] inline Bytes whole(double n) { return bytes(std::ceil(n - 1e-6)); }

[[nodiscard]] constexpr std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return multiple <= 1 ? n : (n + multiple - 1) / multiple * multiple;
}

}  // namespace dsplan::estimate
