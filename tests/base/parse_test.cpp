#include "dsplan/base/parse.hpp"

#include <string_view>

#include <catch2/catch.hpp>

namespace dsplan {
namespace {

struct Accepted {
  std::string_view text;
  double value;
};

// What no kind of value may be: signs, blanks, other locales and bases, what is not a number.
constexpr std::string_view kNever[] = {"",      " ",    "-1",  "+1",    "nan",   "inf",   "-inf",
                                       "NaN",   "0x10", "0b1", "1,000", "1'000", "1_000", " 1",
                                       "1 ",    "13 B", "1e",  "1e400", "e5",    ".",     "..1",
                                       "1.2.3", "1..2", "--1", "1e+",   "abc",   "1\n",   "\t1",
                                       "١",     "1-2",  "1/2", "1k k",  "$",     "%",     "k"};

TEST_CASE("no parser takes a sign, a blank, another base or what is no number", "[base]") {
  for (const auto text : kNever) {
    INFO("'" << text << "'");
    CHECK_FALSE(parse_number(text));
    CHECK_FALSE(parse_count(text));
    CHECK_FALSE(parse_bytes(text));
    CHECK_FALSE(parse_seconds(text));
    CHECK_FALSE(parse_fraction(text));
    CHECK_FALSE(parse_dollars(text));
  }
}

TEST_CASE("an embedded zero byte ends no number", "[base]") {
  CHECK_FALSE(parse_count(std::string_view("1\0", 2)));
  CHECK_FALSE(parse_number(std::string_view("1\0002", 3)));
}

TEST_CASE("plain numbers may have a fraction and an exponent", "[base]") {
  constexpr Accepted kRows[] = {{"0", 0},
                                {"010", 10},
                                {"0.92", 0.92},
                                {"1e3", 1000},
                                {"1E3", 1000},
                                {"1e-3", 0.001},
                                {".5", 0.5},
                                {"00", 0},
                                {"5.", 5.0}};
  for (const auto& row : kRows) {
    INFO(row.text);
    REQUIRE(parse_number(row.text));
    CHECK(*parse_number(row.text) == row.value);
  }
  for (const auto text : {"1k", "1%", "1.0f", "1d", "1L"}) CHECK_FALSE(parse_number(text));
}

TEST_CASE("counts take k, M, B, G and T in any case", "[base]") {
  constexpr Accepted kRows[] = {{"4", 4},
                                {"010", 10},
                                {"13B", 13e9},
                                {"7b", 7e9},
                                {"7g", 7e9},
                                {"1.5T", 1.5e12},
                                {"350M", 350e6},
                                {"20k", 20000},
                                {"20K", 20000},
                                {"1.5k", 1500},
                                {"0.07B", 70e6},
                                {"1e3", 1000},
                                {"1e3k", 1e6},
                                {"671.026419200B", 671026419200},
                                {"9007199254740991", 9007199254740991.0}};
  for (const auto& row : kRows) {
    INFO(row.text);
    REQUIRE(parse_count(row.text));
    CHECK(static_cast<double>(*parse_count(row.text)) == row.value);
  }
}

TEST_CASE("a count that is not whole or not exact is refused", "[base]") {
  for (const auto text : {"1.0005k",
                          "1.5",
                          "0.5",
                          "13BB",
                          "13KB",
                          "1Q",
                          "1e-1",
                          "9007199254740992",
                          "9007199254740994",
                          "99999999999999999999",
                          "10000T",
                          "1e300"}) {
    INFO(text);
    CHECK_FALSE(parse_count(text));
  }
}

TEST_CASE("a count beyond 2^53 is refused even when it rounds to 2^53", "[base]") {
  CHECK_FALSE(parse_count("9007199254740993"));
}

TEST_CASE("sizes tell decimal units from binary ones", "[base]") {
  constexpr Accepted kRows[] = {{"1024", 1024},
                                {"1024B", 1024},
                                {"1024b", 1024},
                                {"80GB", 80e9},
                                {"80gb", 80e9},
                                {"80GiB", 80 * kGibi},
                                {"512MiB", 512 * kMebi},
                                {"1.5GiB", 1.5 * kGibi},
                                {"1kB", 1e3},
                                {"1KiB", 1024},
                                {"1TB", 1e12},
                                {"1TiB", kTebi},
                                {"1PB", 1e15},
                                {"1PiB", kPebi},
                                {"0", 0},
                                {"0.5", 1}};
  for (const auto& row : kRows) {
    INFO(row.text);
    REQUIRE(parse_bytes(row.text));
    CHECK(parse_bytes(row.text)->value == row.value);
  }
  for (const auto text : {"80G", "80Gi", "80k", "1GBps", "1Gib/s", "9PiB", "80 GB", "10EB"}) {
    INFO(text);
    CHECK_FALSE(parse_bytes(text));
  }
}

TEST_CASE("times need their unit", "[base]") {
  constexpr Accepted kRows[] = {{"200ms", 0.2},
                                {"1.5s", 1.5},
                                {"90us", 90e-6},
                                {"5min", 300},
                                {"6h", 21600},
                                {"30d", 30 * 86400.0},
                                {"3y", 3 * 365.0 * 86400.0},
                                {"0s", 0},
                                {"10ns", 10e-9}};
  for (const auto& row : kRows) {
    INFO(row.text);
    REQUIRE(parse_seconds(row.text));
    CHECK(parse_seconds(row.text)->value == Approx(row.value));
  }
  for (const auto text : {"1", "1m", "1mo", "1sec", "1 s"}) CHECK_FALSE(parse_seconds(text));
}

TEST_CASE("a share is from 0 to 1 or a percentage up to 100", "[base]") {
  constexpr Accepted kRows[] = {{"0.9", 0.9}, {"90%", 0.9}, {"0", 0}, {"1", 1}, {"100%", 1}};
  for (const auto& row : kRows) {
    INFO(row.text);
    REQUIRE(parse_fraction(row.text));
    CHECK(*parse_fraction(row.text) == Approx(row.value));
  }
  for (const auto text : {"1.01", "101%", "90", "90 %", "%90"}) CHECK_FALSE(parse_fraction(text));
}

TEST_CASE("money may have a dollar sign and a suffix", "[base]") {
  constexpr Accepted kRows[] = {
      {"2.50", 2.5}, {"$2.50", 2.5}, {"20k", 20000}, {"$1.2M", 1.2e6}, {"$0", 0}};
  for (const auto& row : kRows) {
    INFO(row.text);
    REQUIRE(parse_dollars(row.text));
    CHECK(parse_dollars(row.text)->value == Approx(row.value));
  }
  for (const auto text : {"$$2", "2$", "$-2", "€2", "$ 2"}) CHECK_FALSE(parse_dollars(text));
}

}  // namespace
}  // namespace dsplan
