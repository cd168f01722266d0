// Text to numbers: "13B", "80GiB", "200ms", "20k", "90%". No locale, no octal, no sign, no NaN.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dsplan/base/units.hpp"

namespace dsplan {

// Each returns nothing when the text is not exactly one such value, is negative or not finite, or
// does not fit its type. Leading zeros are decimal ("010" is ten). The caller says which input it
// was; see `expected_form` for the wording.

/// A plain decimal number, with or without fraction and exponent: "0.92", "1e3".
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

/// A whole count below 2^53 with an optional decimal suffix k, M, B or T (any case; G for B):
/// "13B", "20k", "1.5T", "4". A fraction is allowed only when the suffix makes it whole.
[[nodiscard]] std::optional<std::int64_t> parse_count(std::string_view text);

/// A size: "80GB" = 80e9, "80GiB" = 80*2^30, "512MiB", "1024" or "1024B" plain bytes.
[[nodiscard]] std::optional<Bytes> parse_bytes(std::string_view text);

/// A time: "200ms", "1.5s", "90us", "5min", "6h", "30d", "3y". The unit is required.
[[nodiscard]] std::optional<Seconds> parse_seconds(std::string_view text);

/// Watts: "700W", "10kW" or a plain number.
[[nodiscard]] std::optional<double> parse_watts(std::string_view text);

/// A share from 0 to 1: "0.9" or "90%".
[[nodiscard]] std::optional<double> parse_fraction(std::string_view text);

/// An amount of money: "2.50", "$2.50", "20k", "$1.2M".
[[nodiscard]] std::optional<Dollars> parse_dollars(std::string_view text);

}  // namespace dsplan
