#include "dsplan/base/parse.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <system_error>
#include <utility>

namespace dsplan {
namespace {

struct Suffix {
  std::string_view text;
  double scale = 1.0;
  double divisor = 1.0;  ///< 95 / 100 is 0.95, 95 x 0.01 is not
};

constexpr std::array kCountSuffixes{Suffix{"", 1.0},
                                    Suffix{"k", kKilo},
                                    Suffix{"m", kMega},
                                    Suffix{"b", kGiga},
                                    Suffix{"g", kGiga},
                                    Suffix{"t", kTera}};
constexpr std::array kByteSuffixes{Suffix{"", 1.0},
                                   Suffix{"b", 1.0},
                                   Suffix{"kb", kKilo},
                                   Suffix{"mb", kMega},
                                   Suffix{"gb", kGiga},
                                   Suffix{"tb", kTera},
                                   Suffix{"pb", kPeta},
                                   Suffix{"kib", kKibi},
                                   Suffix{"mib", kMebi},
                                   Suffix{"gib", kGibi},
                                   Suffix{"tib", kTebi},
                                   Suffix{"pib", kPebi}};
constexpr std::array kTimeSuffixes{Suffix{"ns", 1e-9},
                                   Suffix{"us", 1e-6},
                                   Suffix{"ms", 1e-3},
                                   Suffix{"s", 1.0},
                                   Suffix{"min", 60.0},
                                   Suffix{"h", 3600.0},
                                   Suffix{"d", 86400.0},
                                   Suffix{"y", 365.0 * 86400.0}};
constexpr std::array kWattSuffixes{Suffix{"", 1.0}, Suffix{"W", 1.0}, Suffix{"kW", 1e3}};
constexpr std::array kFractionSuffixes{Suffix{"", 1.0}, Suffix{"%", 1.0, 100.0}};

// 2^53: from here on different whole numbers are one double.
constexpr double kInexactFrom = 9007199254740992.0;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

/// The leading number and what follows it; only digits may start a number, so that signs, "inf"
/// and "nan" are refused here, once.
std::optional<std::pair<double, std::string_view>> split_number(std::string_view text) {
  const bool starts_with_digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
  const bool starts_with_point =
      text.size() > 1 && text.front() == '.' && text[1] >= '0' && text[1] <= '9';
  if (!starts_with_digit && !starts_with_point) return std::nullopt;
  double value = 0.0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc{} || !std::isfinite(value)) return std::nullopt;
  return std::pair{value, std::string_view(end, static_cast<std::size_t>(last - end))};
}

std::optional<double> parse_with(std::string_view text, std::span<const Suffix> suffixes) {
  const auto number = split_number(text);
  if (!number) return std::nullopt;
  for (const Suffix& suffix : suffixes) {
    if (!equal_ignoring_case(number->second, suffix.text)) continue;
    const double value = number->first * suffix.scale / suffix.divisor;
    if (!std::isfinite(value)) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

/// "0.07B" times 1e9 is 70000000.00000001: a hair off a whole number is that number.
std::optional<double> nearest_whole(double value) {
  const double whole = std::round(value);
  if (std::abs(value - whole) > 1e-9 * std::max(1.0, whole)) return std::nullopt;
  return whole;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  return parse_with(text, std::array{Suffix{"", 1.0}});
}

std::optional<std::int64_t> parse_count(std::string_view text) {
  const auto value = parse_with(text, kCountSuffixes);
  if (!value) return std::nullopt;
  const auto whole = nearest_whole(*value);
  if (!whole || *whole >= kInexactFrom) return std::nullopt;
  return static_cast<std::int64_t>(*whole);
}

std::optional<Bytes> parse_bytes(std::string_view text) {
  const auto value = parse_with(text, kByteSuffixes);
  if (!value || *value >= kInexactFrom) return std::nullopt;
  return bytes(std::ceil(*value));
}

std::optional<Seconds> parse_seconds(std::string_view text) {
  const auto value = parse_with(text, kTimeSuffixes);
  if (!value) return std::nullopt;
  return seconds(*value);
}

std::optional<double> parse_watts(std::string_view text) { return parse_with(text, kWattSuffixes); }

std::optional<double> parse_fraction(std::string_view text) {
  const auto value = parse_with(text, kFractionSuffixes);
  if (!value || *value > 1.0) return std::nullopt;
  return value;
}

std::optional<Dollars> parse_dollars(std::string_view text) {
  if (!text.empty() && text.front() == '$') text.remove_prefix(1);
  const auto value = parse_with(text, kCountSuffixes);
  if (!value) return std::nullopt;
  return Dollars{{*value}};
}

}  // namespace dsplan
