// What a deployment costs: rented by the hour, or bought and run. Pure; US dollars.
//
//   [X-INSTANCES] whole instances: copies of the model / copies that one holds, rounded up; where a
//                 copy needs more than one, copies x GPUs of a copy / GPUs of an instance
//   [X-RENT]      an hour: instances x the price of one; a month: 730 h x the share of hours rented
//   [X-UNIT]      of a query or a million tokens: an hour / (what an hour serves x load factor)
//   [X-SPLIT]     a token in and a token out: the bill by the time of prompts and of decoding
//   [X-OWN]       devices + machines, over the years; energy, rack and staff a year
//   [X-ENERGY]    watts x PUE x hours x (idle share + (1 - idle share) x share of hours in use)
//   [X-EVEN]      capex / (rent - running costs), in the same time
//
// Not modelled: interest, resale, tax, discounts, traffic out of a cloud, spare machines.
#pragma once

#include <cstdint>
#include <optional>

#include "dsplan/base/units.hpp"

namespace dsplan::estimate {

inline constexpr double kHoursPerMonth = 730.0;
inline constexpr double kHoursPerYear = 8760.0;
inline constexpr double kSecondsPerHour = 3600.0;
inline constexpr double kTokensPerPrice = 1e6;  ///< prices of tokens are per million

/// [X-INSTANCES] What must stand together: `copies` of `copy_gpus` each, where a machine of the
/// plan holds `machine_gpus` of a copy (all of it, or a node's worth).
struct RentNeed {
  std::int64_t copies = 1;
  std::int64_t copy_gpus = 1;
  std::int64_t machine_gpus = 1;
};

/// [X-INSTANCES] Whole instances of so many GPUs; 0 where one is too small for the plan's machine.
[[nodiscard]] std::int64_t instances(const RentNeed& need, std::int64_t instance_gpus);

/// [X-RENT] Of a month in which the machines are rented for `duty` of the hours.
[[nodiscard]] Dollars rent_per_month(Dollars per_hour, double duty);

/// [X-UNIT] Of one unit, where an hour gives `units_per_s` x `load_factor` of them. `units_per_s`
/// above 0.
[[nodiscard]] Dollars cost_per_unit(Dollars per_hour, double units_per_s, double load_factor);

/// [X-SPLIT] Share of an engine's time that goes to prompts: `prompt_s` and `decode_s` are seconds
/// of each per request.
[[nodiscard]] double prompt_share(double prompt_s, double decode_s);

/// What owning depends on beside the machines themselves.
struct Ownership {
  double years = 3.0;
  double usd_per_kwh = 0.0;
  double pue = 1.0;
  double duty = 1.0;        ///< share of hours in use
  double idle_share = 0.0;  ///< of the power, drawn while idle
  Dollars rack_per_month;
  Dollars staff_per_month;
};

/// [X-OWN] Over all the years. The four parts add up to `total`.
struct OwnedCost {
  Dollars capex;
  Dollars energy;
  Dollars rack;
  Dollars staff;
  double energy_kwh = 0.0;
};
[[nodiscard]] constexpr Dollars total(const OwnedCost& c) {
  return c.capex + c.energy + c.rack + c.staff;
}
[[nodiscard]] OwnedCost owned_cost(Dollars capex, Watts power, const Ownership& o);

/// [X-OWN] The total of an hour, in use or not.
[[nodiscard]] Dollars owned_per_hour(const OwnedCost& cost, const Ownership& o);

/// [X-EVEN] When buying has cost no more than renting; nothing where it never does.
[[nodiscard]] std::optional<Seconds> break_even(const OwnedCost& cost,
                                                const Ownership& o,
                                                Dollars rent_per_hour);

}  // namespace dsplan::estimate
