#include "dsplan/base/units.hpp"

#include <cmath>
#include <type_traits>

#include <catch2/catch.hpp>

#include "dsplan/base/parse.hpp"

namespace dsplan {
namespace {

TEST_CASE("decimal prefixes are powers of a thousand", "[base]") {
  struct Row {
    double prefix;
    int power;
  };
  constexpr Row kRows[] = {{kKilo, 1}, {kMega, 2}, {kGiga, 3}, {kTera, 4}, {kPeta, 5}, {kExa, 6}};
  for (const Row& row : kRows) CHECK(row.prefix == std::pow(1000.0, row.power));
}

TEST_CASE("binary prefixes are powers of 1024", "[base]") {
  struct Row {
    double prefix;
    int power;
  };
  constexpr Row kRows[] = {{kKibi, 1}, {kMebi, 2}, {kGibi, 3}, {kTebi, 4}, {kPebi, 5}};
  for (const Row& row : kRows) CHECK(row.prefix == std::ldexp(1.0, 10 * row.power));
}

TEST_CASE("making and reading a quantity in one unit gives the same number", "[base]") {
  CHECK(in_gib(gib(79.18)) == Approx(79.18));
  CHECK(in_mib(mib(81559)) == 81559.0);
  CHECK(in_gb(gb(80)) == 80.0);
  CHECK(gib(1) > gb(1));
  CHECK(gib(1).value == 1073741824.0);
}

TEST_CASE("quantities of one unit add, compare and scale", "[base]") {
  CHECK(bytes(2) + bytes(3) == bytes(5));
  CHECK(bytes(2) - bytes(3) == bytes(-1));
  CHECK(bytes(2) * 3.0 == 3.0 * bytes(2));
  CHECK(bytes(6) / 3.0 == bytes(2));
  CHECK(bytes(6) / bytes(3) == 2.0);
  CHECK(bytes(1) < bytes(2));
  Bytes sum = bytes(1);
  sum += bytes(2);
  CHECK(sum == bytes(3));
}

TEST_CASE("an amount over its rate is a time", "[base]") {
  CHECK(gb(80) / bytes_per_second(2e9) == seconds(40));
  CHECK(flops(1e15) / flops_per_second(1e12) == seconds(1000));
}

template <typename A, typename B>
concept Divides = requires(A a, B b) {
  a / b;
};
template <typename A, typename B>
concept Adds = requires(A a, B b) {
  a + b;
};

TEST_CASE("quantities of different units do not mix", "[base]") {
  STATIC_REQUIRE_FALSE(Divides<Bytes, FlopsPerSecond>);
  STATIC_REQUIRE_FALSE(Divides<Flops, BytesPerSecond>);
  STATIC_REQUIRE_FALSE(Adds<Bytes, Flops>);
  STATIC_REQUIRE_FALSE(Adds<Bytes, double>);
}

}  // namespace
}  // namespace dsplan
