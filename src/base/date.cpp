#include "dsplan/base/date.hpp"

#include <charconv>
#include <chrono>

namespace dsplan {
namespace {

/// Exactly `digits` digits at the start, which are then taken away.
std::optional<unsigned> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  unsigned value = 0;
  const char* last = text.data() + digits;
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc{} || end != last) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

/// "-07" as 7; 1 where the text has ended; nothing where it is something else.
std::optional<unsigned> take_part(std::string_view& text) {
  if (text.empty()) return 1U;
  if (text.front() != '-') return std::nullopt;
  text.remove_prefix(1);
  return take_digits(text, 2);
}

}  // namespace

std::optional<std::int64_t> parse_date(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year) return std::nullopt;
  const auto month = take_part(text);
  if (!month) return std::nullopt;
  const auto day = take_part(text);
  if (!day || !text.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

}  // namespace dsplan
