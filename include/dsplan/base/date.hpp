// Calendar dates as published: "2026-07-20", "2026-03" or "2026". No clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dsplan {

/// Days since 1970-01-01 of the first day that the text may mean: "2026-03" is 1 March 2026.
/// Nothing when the text is not such a date.
[[nodiscard]] std::optional<std::int64_t> parse_date(std::string_view text);

}  // namespace dsplan
