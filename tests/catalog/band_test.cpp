// Which band serves which kind of figure.
#include "dsplan/catalog/band.hpp"

#include <array>

#include "../support/built_in.hpp"

namespace dsplan::catalog {
namespace {

std::string_view nearest(const BandKind& kind) {
  static constexpr std::array kRows{
      Band{.id = "any", .low = 0.5, .high = 2.0},
      Band{.id = "ttft", .figure = "ttft", .low = 0.5, .high = 2.0},
      Band{.id = "closed", .arrival = "closed", .low = 0.5, .high = 2.0},
      Band{.id = "measured", .figure = "ttft", .engine_measured = true, .low = 0.5, .high = 2.0},
      Band{.id = "both",
           .figure = "ttft",
           .arrival = "closed",
           .engine_measured = true,
           .device_measured = true,
           .low = 0.5,
           .high = 2.0}};
  return find_band(kRows, kind)->id;
}

TEST_CASE("the nearest band serves, and a measured one only what is measured", "[catalog]") {
  CHECK(nearest({"ttft", "closed", true, true}) == "both");
  CHECK(nearest({"ttft", "closed", true, false}) == "measured");
  CHECK(nearest({"ttft", "closed", false, true}) == "ttft");
  CHECK(nearest({"ttft", "single", true, true}) == "measured");
  CHECK(nearest({"tpot", "closed", true, true}) == "closed");
  CHECK(nearest({"tpot", "single", true, true}) == "any");
  CHECK(find_band({}, {"tpot", "single", true, true}) == nullptr);
}

TEST_CASE("less measured has no narrower band", "[catalog]") {
  const auto rows = test::built_in().all<Band>();
  for (const auto* figure : {"ttft", "tpot", "prefill", "decode", "throughput"}) {
    for (const auto* arrival : {"single", "static", "all_at_once", "steady", "closed"}) {
      const Band* known = find_band(rows, {figure, arrival, true, true});
      const Band* unknown = find_band(rows, {figure, arrival, false, false});
      REQUIRE(known != nullptr);
      REQUIRE(unknown != nullptr);
      INFO(figure << " " << arrival);
      CHECK(unknown->high / unknown->low >= 0.999 * known->high / known->low);
    }
  }
}

}  // namespace
}  // namespace dsplan::catalog
