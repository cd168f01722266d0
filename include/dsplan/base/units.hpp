// Quantities with their unit in the type. Amounts are doubles: integers are exact up to 2^53,
// which is 9 PB of memory. Only the combinations listed in this file compile.
#pragma once

#include <compare>

namespace dsplan {

/// An amount of one unit; `Self` names the unit. Adds and compares with its own kind only.
template <typename Self>
struct Quantity {
  double value = 0.0;

  friend constexpr auto operator<=>(const Self& a, const Self& b) { return a.value <=> b.value; }
  friend constexpr bool operator==(const Self& a, const Self& b) { return a.value == b.value; }
  friend constexpr Self operator+(Self a, Self b) { return Self{{a.value + b.value}}; }
  friend constexpr Self operator-(Self a, Self b) { return Self{{a.value - b.value}}; }
  friend constexpr Self operator*(Self a, double k) { return Self{{a.value * k}}; }
  friend constexpr Self operator*(double k, Self a) { return Self{{a.value * k}}; }
  friend constexpr Self operator/(Self a, double k) { return Self{{a.value / k}}; }
  friend constexpr double operator/(Self a, Self b) { return a.value / b.value; }
  friend constexpr Self& operator+=(Self& a, Self b) {
    a.value += b.value;
    return a;
  }
};

// clang-format off
struct Bytes : Quantity<Bytes> {};                    ///< memory or traffic
struct Flops : Quantity<Flops> {};                    ///< work; a multiply-add counts as two
struct Seconds : Quantity<Seconds> {};
struct Watts : Quantity<Watts> {};
struct Dollars : Quantity<Dollars> {};
struct BytesPerSecond : Quantity<BytesPerSecond> {};
struct FlopsPerSecond : Quantity<FlopsPerSecond> {};  ///< a rate; dense unless its name says sparse
// clang-format on

[[nodiscard]] constexpr Bytes bytes(double n) { return Bytes{{n}}; }
[[nodiscard]] constexpr Flops flops(double n) { return Flops{{n}}; }
[[nodiscard]] constexpr Seconds seconds(double n) { return Seconds{{n}}; }
[[nodiscard]] constexpr BytesPerSecond bytes_per_second(double n) { return BytesPerSecond{{n}}; }
[[nodiscard]] constexpr FlopsPerSecond flops_per_second(double n) { return FlopsPerSecond{{n}}; }

[[nodiscard]] constexpr Seconds operator/(Bytes n, BytesPerSecond rate) {
  return seconds(n.value / rate.value);
}
[[nodiscard]] constexpr Seconds operator/(Flops n, FlopsPerSecond rate) {
  return seconds(n.value / rate.value);
}

// Decimal and binary multiples; the one place where a prefix has a size.
inline constexpr double kKilo = 1e3;
inline constexpr double kMega = 1e6;
inline constexpr double kGiga = 1e9;
inline constexpr double kTera = 1e12;
inline constexpr double kPeta = 1e15;
inline constexpr double kExa = 1e18;
inline constexpr double kKibi = 1024.0;
inline constexpr double kMebi = kKibi * 1024.0;
inline constexpr double kGibi = kMebi * 1024.0;
inline constexpr double kTebi = kGibi * 1024.0;
inline constexpr double kPebi = kTebi * 1024.0;

[[nodiscard]] constexpr double in_gib(Bytes n) { return n.value / kGibi; }
[[nodiscard]] constexpr double in_mib(Bytes n) { return n.value / kMebi; }
[[nodiscard]] constexpr double in_gb(Bytes n) { return n.value / kGiga; }
[[nodiscard]] constexpr Bytes gib(double n) { return bytes(n * kGibi); }
[[nodiscard]] constexpr Bytes mib(double n) { return bytes(n * kMebi); }
[[nodiscard]] constexpr Bytes gb(double n) { return bytes(n * kGiga); }

}  // namespace dsplan
