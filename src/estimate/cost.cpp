#include "dsplan/estimate/cost.hpp"

namespace dsplan::estimate {
namespace {

std::int64_t ceil_divided(std::int64_t n, std::int64_t by) { return (n + by - 1) / by; }

double hours(const Ownership& o) { return o.years * kHoursPerYear; }

}  // namespace

std::int64_t instances(const RentNeed& need, std::int64_t instance_gpus) {
  if (instance_gpus < need.machine_gpus || instance_gpus < 1) return 0;
  if (instance_gpus < need.copy_gpus)
    return need.copies * ceil_divided(need.copy_gpus, instance_gpus);
  return ceil_divided(need.copies, instance_gpus / need.copy_gpus);
}

Dollars rent_per_month(Dollars per_hour, double duty) { return per_hour * kHoursPerMonth * duty; }

Dollars cost_per_unit(Dollars per_hour, double units_per_s, double load_factor) {
  return per_hour / (units_per_s * load_factor * kSecondsPerHour);
}

double prompt_share(double prompt_s, double decode_s) {
  const double both = prompt_s + decode_s;
  return both > 0.0 ? prompt_s / both : 0.0;
}

OwnedCost owned_cost(Dollars capex, Watts power, const Ownership& o) {
  const double drawn = o.idle_share + (1.0 - o.idle_share) * o.duty;
  const double months = hours(o) / kHoursPerMonth;
  OwnedCost cost;
  cost.capex = capex;
  cost.energy_kwh = power.value / kKilo * o.pue * drawn * hours(o);
  cost.energy = Dollars{{cost.energy_kwh * o.usd_per_kwh}};
  cost.rack = o.rack_per_month * months;
  cost.staff = o.staff_per_month * months;
  return cost;
}

Dollars owned_per_hour(const OwnedCost& cost, const Ownership& o) { return total(cost) / hours(o); }

std::optional<Seconds> break_even(const OwnedCost& cost,
                                  const Ownership& o,
                                  Dollars rent_per_hour) {
  const Dollars running = (total(cost) - cost.capex) / hours(o);
  const Dollars saved = rent_per_hour * o.duty - running;
  if (saved.value <= 0.0) return std::nullopt;
  return seconds(cost.capex / saved * kSecondsPerHour);
}

}  // namespace dsplan::estimate
