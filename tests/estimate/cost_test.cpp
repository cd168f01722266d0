// Rent, purchase and when they are even.
#include "dsplan/estimate/cost.hpp"

#include <catch2/catch.hpp>

namespace dsplan::estimate {
namespace {

Ownership ownership() {
  Ownership o;
  o.years = 3.0;
  o.usd_per_kwh = 0.10;
  o.pue = 1.5;
  o.idle_share = 0.2;
  o.rack_per_month = Dollars{{100.0}};
  o.staff_per_month = Dollars{{50.0}};
  return o;
}

TEST_CASE("whole instances are rented", "[cost]") {
  // One copy of 3 GPUs.
  CHECK(instances({1, 3, 3}, 8) == 1);
  CHECK(instances({1, 3, 3}, 4) == 1);
  CHECK(instances({1, 3, 3}, 2) == 0);
  // Three copies of one GPU.
  CHECK(instances({3, 1, 1}, 1) == 3);
  CHECK(instances({3, 1, 1}, 2) == 2);
  CHECK(instances({3, 1, 1}, 8) == 1);
  // Two copies of 4 do not fit on 7 GPUs together.
  CHECK(instances({2, 4, 4}, 7) == 2);
  // Copies over machines of 8.
  CHECK(instances({2, 16, 8}, 8) == 4);
  CHECK(instances({1, 12, 8}, 8) == 2);
  CHECK(instances({1, 16, 8}, 4) == 0);
}

TEST_CASE("instances suffice, and one fewer does not", "[cost]") {
  for (std::int64_t copies = 1; copies <= 20; ++copies) {
    for (std::int64_t copy = 1; copy <= 8; ++copy) {
      for (std::int64_t size = copy; size <= 16; ++size) {
        const std::int64_t n = instances({copies, copy, copy}, size);
        CHECK(n * (size / copy) >= copies);
        CHECK((n - 1) * (size / copy) < copies);
      }
    }
  }
}

TEST_CASE("a month of rent has 730 hours", "[cost]") {
  CHECK(rent_per_month(Dollars{{2.0}}, 1.0).value == 1460.0);
  CHECK(rent_per_month(Dollars{{2.0}}, 0.5).value == 730.0);
}

TEST_CASE("a unit costs an hour over what it serves", "[cost]") {
  CHECK(cost_per_unit(Dollars{{3.6}}, 10.0, 1.0).value == Approx(1e-4));
  CHECK(cost_per_unit(Dollars{{3.6}}, 10.0, 0.5).value == Approx(2e-4));
}

TEST_CASE("parts of owning add up", "[cost]") {
  const Ownership o = ownership();
  const OwnedCost c = owned_cost(Dollars{{10000.0}}, Watts{{1000.0}}, o);
  CHECK(c.energy_kwh == Approx(1.0 * 1.5 * 8760.0 * 3.0));
  CHECK(c.energy.value == Approx(c.energy_kwh * 0.10));
  CHECK(c.rack.value == Approx(100.0 * 36.0));
  CHECK(c.staff.value == Approx(50.0 * 36.0));
  CHECK(total(c).value == Approx(c.capex.value + c.energy.value + c.rack.value + c.staff.value));
  CHECK(owned_per_hour(c, o).value == Approx(total(c).value / (3.0 * 8760.0)));
}

TEST_CASE("idle machines draw their idle share", "[cost]") {
  Ownership o = ownership();
  const double full = owned_cost({}, Watts{{1000.0}}, o).energy_kwh;
  o.duty = 0.5;
  CHECK(owned_cost({}, Watts{{1000.0}}, o).energy_kwh == Approx(full * 0.6));
}

TEST_CASE("at break-even both have cost the same", "[cost]") {
  const Ownership o = ownership();
  const OwnedCost c = owned_cost(Dollars{{10000.0}}, Watts{{1000.0}}, o);
  const Dollars rent{{2.0}};
  const auto even = break_even(c, o, rent);
  REQUIRE(even);
  const double hours = even->value / kSecondsPerHour;
  const double running = (total(c).value - c.capex.value) / (o.years * kHoursPerYear);
  CHECK(rent.value * hours == Approx(c.capex.value + running * hours));
  // A day before, renting has cost less; a day after, more.
  CHECK(rent.value * (hours - 24.0) < c.capex.value + running * (hours - 24.0));
  CHECK(rent.value * (hours + 24.0) > c.capex.value + running * (hours + 24.0));
}

TEST_CASE("buying never pays where running costs exceed the rent", "[cost]") {
  const Ownership o = ownership();
  const OwnedCost c = owned_cost(Dollars{{10000.0}}, Watts{{1000.0}}, o);
  CHECK_FALSE(break_even(c, o, Dollars{{0.1}}));
}

TEST_CASE("prompts and decoding share an engine's time", "[cost]") {
  CHECK(prompt_share(1.0, 3.0) == 0.25);
  CHECK(prompt_share(0.0, 0.0) == 0.0);
}

}  // namespace
}  // namespace dsplan::estimate
