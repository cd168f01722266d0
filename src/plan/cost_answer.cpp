#include "dsplan/plan/cost_answer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>
#include <utility>

#include "dsplan/estimate/power.hpp"

#include "machines.hpp"
#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using estimate::Ownership;
using Fleet = std::span<const Machines>;

constexpr double kYears = 3.0;
constexpr double kUsdPerKwh = 0.12;
constexpr double kPue = 1.5;
// A server of the sizing guides with two A100 80GB at about $30,000, less these at $11,500 each.
constexpr double kServerShare = 0.3;
constexpr double kYearSeconds = 365.0 * 86400.0;

/// 0.12 as "0.12": the shortest text that is that number.
std::string shortest(double value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {digits.data(), end.ptr};
}

/// The value said, or the default, which is noted as an input.
double said_or(CostAnswer& a, const std::optional<double>& said, const char* name, double usual) {
  if (!said) fill(a.notes, name, shortest(usual), Origin::built_in);
  return said.value_or(usual);
}

struct Terms {
  Ownership own;
  double load_factor = 1.0;
};

Terms terms_of(CostAnswer& a, const CostRequest& r) {
  Terms t;
  if (!r.amortization) fill(a.notes, "amortization", "3y", Origin::built_in);
  t.own.years = r.amortization ? r.amortization->value / kYearSeconds : kYears;
  t.own.usd_per_kwh = said_or(a, r.usd_per_kwh, "tariff", kUsdPerKwh);
  t.own.pue = said_or(a, r.pue, "pue", kPue);
  t.own.duty = said_or(a, r.duty, "duty", 1.0);
  t.load_factor = said_or(a, r.load_factor, "load_factor", 1.0);
  t.own.rack_per_month = Dollars{{said_or(a, r.rack_usd_per_month, "rack_usd_per_month", 0.0)}};
  t.own.staff_per_month = Dollars{{said_or(a, r.staff_usd_per_month, "staff_usd_per_month", 0.0)}};
  t.own.idle_share = estimate::kIdleShare;
  if (t.own.years <= 0.0) refuse("--amortization must be more than nothing", "write 3y or 540d");
  if (t.own.pue < 1.0)
    refuse("--pue must be at least 1", "1 counts the machines alone; 1.5 is usual");
  if (t.own.duty <= 0.0 || t.load_factor <= 0.0)
    refuse("--duty and --load-factor must be more than 0",
           "leave them out for 1: in use all the time");
  return t;
}

// ---- renting ----

void warn_nothing_to_rent(CostAnswer& a,
                          const catalog::Catalog& catalog,
                          const Machines& m,
                          const RentFilter& filter) {
  std::string others;
  for (const RentTerm term : {RentTerm::on_demand, RentTerm::spot}) {
    RentFilter any = filter;
    any.regions.clear();
    any.term = term;
    const auto offers = rent_offers(catalog, *m.gpu, m.rent, any);
    if (offers.empty() || !others.empty()) continue;
    others = "; " + std::string(name_of(term)) + " it is known from " + place_of(offers.front());
  }
  warn(a.notes,
       "rent-unknown",
       "no " + std::string(name_of(filter.term)) + " price of " + std::string(m.gpu->id) +
           " in the catalog serves this plan, so what renting costs is unknown" + others +
           "; an overlay with --catalog supplies prices");
}

void set_rent(CostAnswer& a,
              const catalog::Catalog& catalog,
              Fleet fleet,
              const CostRequest& r,
              const Terms& t) {
  a.offers = rent_offers(catalog, fleet, r.rent);
  if (a.offers.empty()) return warn_nothing_to_rent(a, catalog, fleet.front(), r.rent);
  const RentOffer& best = a.offers.front();
  for (const std::string_view trap : best.price->traps)
    warn(a.notes, "price-trap", best.provider + " " + best.instance + ": " + std::string(trap));
  a.usd_per_hour = best.usd_per_hour;
  a.usd_per_month = estimate::rent_per_month(Dollars{{best.usd_per_hour}}, t.own.duty).value;
  assume(a.notes,
         "rent",
         "rented at the cheapest " + best.term + " price known: " + place_of(best) +
             (best.term == "spot" ? "; spot prices are a bound, and capacity may be gone" : ""),
         "data/prices.yaml; --provider, --region, --term");
  if (best.gpus * best.instances > a.gpus)
    assume(a.notes,
           "whole-instances",
           "whole instances are rented: " + text(best.gpus * best.instances) + " GPUs for " +
               text(a.gpus),
           "X-INSTANCES");
  warn_of_age(a.notes,
              r.rent,
              "the price of " + best.provider + " " + best.instance,
              best.date,
              best.age_days);
}

// ---- buying ----

std::optional<DevicePrice> device_price(const catalog::Gpu& gpu, const CostRequest& r) {
  if (r.gpu_usd) return DevicePrice{*r.gpu_usd, "said", std::nullopt, std::nullopt};
  if (!gpu.price_usd) return std::nullopt;
  DevicePrice p{*gpu.price_usd, std::string(gpu.price_kind), std::nullopt, std::nullopt};
  if (!gpu.price_date.empty()) p.date = std::string(gpu.price_date);
  p.age_days = age_days(gpu.price_date, r.rent.as_of);
  return p;
}

std::int64_t cards_of(Fleet fleet) {
  std::int64_t cards = 0;
  for (const Machines& m : fleet) cards += m.cards;
  return cards;
}

double server_price(CostAnswer& a, Fleet fleet, const CostRequest& r) {
  if (r.server_usd) return *r.server_usd * static_cast<double>(a.machines);
  if (fleet.front().computer) return 0.0;
  assume(a.notes,
         "server-price",
         "a machine costs 30 % of its devices, as a server of the sizing guides with two A100 at "
         "about $30,000",
         "--server-usd");
  return kServerShare * a.device_price->usd * static_cast<double>(cards_of(fleet));
}

void note_purchase(CostAnswer& a, const Machines& m, const CostRequest& r) {
  const DevicePrice& p = *a.device_price;
  if (r.gpu_usd) return;
  const std::string when = p.date ? ", " + *p.date : ", undated";
  assume(a.notes,
         "device-price",
         std::string(m.gpu->id) + " bought at $" + shortest(p.usd) + " (" + p.kind + when +
             "): no quotation",
         "data/gpus.yaml; --gpu-usd");
  warn_of_age(a.notes, r.rent, "the list price of " + std::string(m.gpu->id), p.date, p.age_days);
}

void note_running(CostAnswer& a, const CostRequest& r) {
  assume(a.notes,
         "power",
         "every part draws what its data sheet says while in use, and a fifth of it while idle: an "
         "upper bound",
         "H-POWER");
  if (!r.rack_usd_per_month || !r.staff_usd_per_month)
    assume(a.notes,
           "rack-and-staff",
           "rack and staff count as nothing where they are not said",
           "--rack-usd-per-month, --staff-usd-per-month");
}

void set_owned(CostAnswer& a, Fleet fleet, const CostRequest& r, const Terms& t) {
  const Machines& m = fleet.front();
  const auto power = power_of(fleet);
  if (power) a.power_w = power->value;
  a.device_price = device_price(*m.gpu, r);
  const Ownership& own = t.own;
  const auto running = estimate::owned_cost({}, power.value_or(Watts{}), own);
  a.tco.years = own.years;
  a.tco.rack = running.rack.value;
  a.tco.staff = running.staff.value;
  if (power) {
    a.tco.energy = running.energy.value;
    a.tco.energy_kwh = running.energy_kwh;
    note_running(a, r);
  } else {
    warn(a.notes,
         "power-unknown",
         "the catalog has no power of " + std::string(m.gpu->id) +
             ": energy and the cost of owning are unknown");
  }
  if (!a.device_price) {
    return warn(a.notes,
                "price-unknown",
                "the catalog has no price to buy " + std::string(m.gpu->id) +
                    ": the cost of owning is unknown; say it with --gpu-usd");
  }
  note_purchase(a, m, r);
  a.tco.devices = a.device_price->usd * static_cast<double>(cards_of(fleet));
  a.tco.servers = server_price(a, fleet, r);
  a.capex_usd = *a.tco.devices + *a.tco.servers;
}

/// What needs a price and the power.
void set_totals(CostAnswer& a, const Terms& t) {
  if (!a.capex_usd || !a.power_w) return;
  const Ownership& own = t.own;
  const auto cost = estimate::owned_cost(Dollars{{*a.capex_usd}}, Watts{{*a.power_w}}, own);
  a.tco.total = estimate::total(cost).value;
  a.tco.per_year = *a.tco.total / own.years;
  a.tco.per_month = *a.tco.per_year / (estimate::kHoursPerYear / estimate::kHoursPerMonth);
  a.tco.per_hour = estimate::owned_per_hour(cost, own).value;
  if (!a.usd_per_hour) return;
  const auto even = estimate::break_even(cost, own, Dollars{{*a.usd_per_hour}});
  if (!even) {
    return warn(a.notes,
                "never-even",
                "renting costs less than running machines that were bought: buying never pays");
  }
  // No predicted rate enters: the band is the value.
  a.break_even_s = Predicted{even->value, even->value, even->value};
  if (even->value > own.years * kYearSeconds)
    warn(a.notes, "even-late", "buying pays only after the years that it is written off over");
}

CostAnswer begin(const catalog::Catalog& catalog,
                 Fleet fleet,
                 const CostRequest& r,
                 const Terms& t,
                 CostAnswer a) {
  a.gpus = 0;
  for (const Machines& m : fleet) a.gpus += m.gpus;
  a.machines = machine_count(fleet);
  set_rent(a, catalog, fleet, r, t);
  set_owned(a, fleet, r, t);
  set_totals(a, t);
  return a;
}

// ---- units ----

UnitCosts unit_costs(double usd_per_hour,
                     const LatencyAnswer& l,
                     double output_per_total,
                     double load) {
  UnitCosts u;
  u.query = unit_cost(usd_per_hour, *l.requests_per_s, load);
  u.million = unit_cost(usd_per_hour, *l.total_tokens_per_s, load, estimate::kTokensPerPrice);
  const auto part = [&](double share) {
    const Predicted& all = *l.total_tokens_per_s;
    Predicted rate{all.value * share, std::nullopt, std::nullopt};
    if (all.low) rate.low = *all.low * share;
    if (all.high) rate.high = *all.high * share;
    return unit_cost(usd_per_hour, rate, load, estimate::kTokensPerPrice);
  };
  if (output_per_total < 1.0) u.million_input = part(1.0 - output_per_total);
  if (output_per_total > 0.0) u.million_output = part(output_per_total);
  return u;
}

Predicted times(const Predicted& p, double factor) {
  Predicted result{p.value * factor, std::nullopt, std::nullopt};
  if (p.low) result.low = *p.low * factor;
  if (p.high) result.high = *p.high * factor;
  return result;
}

/// Of the tokens to train on; nothing where they are not said.
std::optional<Predicted> run_cost(double usd_per_hour,
                                  const TrainingSpeedAnswer& speed,
                                  double load) {
  if (!speed.time_to_train_s) return std::nullopt;
  return times(*speed.time_to_train_s, usd_per_hour / load / estimate::kSecondsPerHour);
}

/// [X-SPLIT] Of pools each pays for its own GPUs.
double prompt_share(const Deployment& d, const LatencyAnswer& l) {
  if (d.prefill) {
    return static_cast<double>(workload::gpu_count(d.prefill->workload.layout)) /
           static_cast<double>(all_gpus(d));
  }
  const double prompts = l.prefill_s->value * l.requests_per_s->value;
  const double decode = l.decode_step_s->value * l.output_tokens_per_s->value /
                        (*l.running_sequences * *l.tokens_per_step);
  return estimate::prompt_share(prompts, decode);
}

std::optional<SplitCosts> split_costs(const UnitCosts& u,
                                      const Deployment& d,
                                      const LatencyAnswer& l) {
  if (!u.million_input || !u.million_output || !l.decode_step_s) return std::nullopt;
  const double share = prompt_share(d, l);
  return SplitCosts{share, times(*u.million_input, share), times(*u.million_output, 1.0 - share)};
}

}  // namespace

Predicted unit_cost(double usd_per_hour,
                    const Predicted& units_per_s,
                    double load_factor,
                    double units) {
  const auto at = [&](double rate) {
    return estimate::cost_per_unit(Dollars{{usd_per_hour}}, rate, load_factor).value * units;
  };
  Predicted cost{at(units_per_s.value), std::nullopt, std::nullopt};
  if (units_per_s.high) cost.low = at(*units_per_s.high);
  if (units_per_s.low) cost.high = at(*units_per_s.low);
  return cost;
}

CostAnswer cost_answer(const catalog::Catalog& catalog,
                       const Deployment& d,
                       const LatencyAnswer& latency,
                       const CostRequest& r) {
  CostAnswer a;
  const Terms t = terms_of(a, r);
  a = begin(catalog, fleet_of(d), r, t, std::move(a));
  a.fits = latency.fits.value_or(true);
  const auto output = static_cast<double>(d.workload.output_tokens);
  const double share = output / static_cast<double>(workload::context_tokens(d.workload));
  if (a.usd_per_hour && a.fits) {
    a.units = unit_costs(*a.usd_per_hour, latency, share, t.load_factor);
    a.split = split_costs(a.units, d, latency);
  }
  // Machines that were bought cost as much in hours without use.
  if (a.tco.per_hour && a.fits)
    a.tco.units = unit_costs(*a.tco.per_hour, latency, share, t.load_factor * t.own.duty);
  assume(a.notes,
         "load",
         text(d.workload.batch) + " at a time, queries of " + text(d.workload.input_tokens) +
             " tokens in and " + text(d.workload.output_tokens) + " out" +
             (d.workload.batch == 1 ? "; more at a time cost less each" : ""),
         "--concurrency, --input-tokens, --output-tokens");
  return a;
}

CostAnswer cost_answer(const catalog::Catalog& catalog,
                       const TrainingDeployment& d,
                       const TrainingSpeedAnswer& speed,
                       const CostRequest& r) {
  CostAnswer a;
  const Terms t = terms_of(a, r);
  a = begin(catalog, std::vector{machines_of(d)}, r, t, std::move(a));
  a.fits = speed.fits;
  if (!a.fits) return a;
  const auto price = [&](double usd_per_hour, double load) {
    return std::pair{unit_cost(usd_per_hour, speed.tokens_per_s, load, estimate::kTokensPerPrice),
                     run_cost(usd_per_hour, speed, load)};
  };
  if (a.tco.per_hour)
    std::tie(a.tco.units.million, a.tco.training_run) =
        price(*a.tco.per_hour, t.load_factor * t.own.duty);
  if (a.usd_per_hour)
    std::tie(a.units.million, a.training_run) = price(*a.usd_per_hour, t.load_factor);
  return a;
}

CostAnswer cost_answer(const catalog::Catalog& catalog,
                       const catalog::Gpu& gpu,
                       std::int64_t gpus,
                       std::int64_t node_gpus,
                       const CostRequest& r) {
  CostAnswer a;
  const Terms t = terms_of(a, r);
  return begin(catalog, std::vector{machines_of(gpu, gpus, node_gpus)}, r, t, std::move(a));
}

}  // namespace dsplan::plan
