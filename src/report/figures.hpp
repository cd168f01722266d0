// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace dsplan::report {

/// 1234567 as "1,234,567".
[[nodiscard]] std::string grouped(std::int64_t n);

/// 13015864320 as "13.0B"; 1.2e12 as "1.2T".
[[nodiscard]] std::string short_count(double n);

}  // namespace dsplan::report
