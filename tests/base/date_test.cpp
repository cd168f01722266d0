// Published dates.
#include "dsplan/base/date.hpp"

#include <catch2/catch.hpp>

namespace dsplan {
namespace {

TEST_CASE("a date counts days since 1970", "[date]") {
  CHECK(parse_date("1970-01-01") == 0);
  CHECK(parse_date("1970-03-01") == 59);
  CHECK(*parse_date("2026-10-18") - *parse_date("2026-07-20") == 90);
  CHECK(parse_date("2024-02-29"));
}

TEST_CASE("a month and a year are their first day", "[date]") {
  CHECK(parse_date("2026-03") == parse_date("2026-03-01"));
  CHECK(parse_date("2026") == parse_date("2026-01-01"));
}

TEST_CASE("what is not a date is refused", "[date]") {
  for (const char* text : {"",
                           "26",
                           "2026-",
                           "2026-13",
                           "2026-02-30",
                           "2025-02-29",
                           "2026-1-1",
                           "2026-01-01T00",
                           "2026/01/01",
                           " 2026",
                           "-001"}) {
    INFO(text);
    CHECK_FALSE(parse_date(text));
  }
}

}  // namespace
}  // namespace dsplan
