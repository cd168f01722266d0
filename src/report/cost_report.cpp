#include "dsplan/report/cost_report.hpp"

#include <array>
#include <memory>

#include <fmt/format.h>

#include "dsplan/estimate/cost.hpp"

#include "describe.hpp"
#include "figures.hpp"
#include "time_tables.hpp"

namespace dsplan::report {

using plan::CostAnswer;
using plan::DevicePrice;
using plan::OwnedCosts;
using plan::Predicted;
using plan::RentOffer;
using plan::SplitCosts;
using plan::UnitCosts;

template <>
std::span<const ResultField<RentOffer>> described<RentOffer>() {
  static constexpr std::array kFields{
      field<&RentOffer::provider>("provider", "who rents it out"),
      field<&RentOffer::instance>("instance", "type"),
      field<&RentOffer::term>("term", "on-demand, spot, reserved-1y or reserved-3y"),
      field<&RentOffer::region>("region", "where the price holds"),
      field<&RentOffer::date>("date", "of the price list; null: not published"),
      field<&RentOffer::age_days>("age_days", "at --as-of; null without it or without a date"),
      field<&RentOffer::gpus>("gpus", "of one instance"),
      field<&RentOffer::instances>("instances", "whole ones that the plan needs"),
      field<&RentOffer::usd_per_gpu_hour>("usd_per_gpu_hour", "of each GPU of an instance"),
      field<&RentOffer::usd_per_hour>("usd_per_hour", "of all instances"),
  };
  return kFields;
}

template <>
std::span<const ResultField<SplitCosts>> described<SplitCosts>() {
  static constexpr std::array kFields{
      field<&SplitCosts::prompt_share>("prompt_time_share", "of the engine's time"),
      field<&SplitCosts::million_input>("usd_per_million_input_tokens", "the prompts' time"),
      field<&SplitCosts::million_output>("usd_per_million_output_tokens", "the other time"),
  };
  return kFields;
}

template <>
std::span<const ResultField<DevicePrice>> described<DevicePrice>() {
  static constexpr std::array kFields{
      field<&DevicePrice::usd>("price_usd", "of one"),
      field<&DevicePrice::kind>("kind", "whose price it is"),
      field<&DevicePrice::date>("date", "null: not known"),
      field<&DevicePrice::age_days>("age_days", "at --as-of; null without it or without a date"),
  };
  return kFields;
}

namespace {

template <typename Owner, auto Units, auto Unit>
constexpr auto unit_field(std::string_view key, std::string_view meaning) {
  return ResultField<Owner>{key,
                            meaning,
                            [](const Owner& owner) { return json_of(owner.*Units.*Unit); },
                            &SchemaOf<std::optional<Predicted>>::get};
}

}  // namespace

template <>
std::span<const ResultField<OwnedCosts>> described<OwnedCosts>() {
  using O = OwnedCosts;
  static constexpr std::array kFields{
      field<&O::years>("years", "that the purchase is written off over"),
      field<&O::devices>("devices_usd", "purchase of the devices; null: no price is known"),
      field<&O::servers>("servers_usd", "purchase of the machines around them"),
      field<&O::energy>("energy_usd", "over the years; null: the power is not known"),
      field<&O::rack>("rack_usd", "over the years"),
      field<&O::staff>("staff_usd", "over the years"),
      field<&O::total>("total_usd", "the sum of these five"),
      field<&O::per_year>("usd_per_year", "the total, by the year"),
      field<&O::per_month>("usd_per_month", "by 730 hours"),
      field<&O::per_hour>("usd_per_hour", "by the hour, in use or not"),
      field<&O::energy_kwh>("energy_kwh", "over the years, the site's share included"),
      unit_field<O, &O::units, &UnitCosts::query>("usd_per_query", "owned; null for training"),
      unit_field<O, &O::units, &UnitCosts::million_output>(
          "usd_per_million_output_tokens", "the whole bill over the tokens generated"),
      unit_field<O, &O::units, &UnitCosts::million_input>("usd_per_million_input_tokens",
                                                          "the whole bill over the tokens read"),
      unit_field<O, &O::units, &UnitCosts::million>("usd_per_million_tokens",
                                                    "over both, or over tokens trained on"),
      field<&O::training_run>("training_run_usd", "owned, with --tokens; else null"),
  };
  return kFields;
}

template <>
std::span<const ResultField<CostAnswer>> described<CostAnswer>() {
  using A = CostAnswer;
  static constexpr std::array kFields{
      field<&A::usd_per_hour>("usd_per_hour", "rented at the first of the offers; null: none"),
      field<&A::usd_per_month>("usd_per_month", "730 hours, those in use"),
      unit_field<A, &A::units, &UnitCosts::query>("usd_per_query",
                                                  "rented; null for training or without a price"),
      unit_field<A, &A::units, &UnitCosts::million_output>(
          "usd_per_million_output_tokens", "rented: the whole bill over the tokens generated"),
      unit_field<A, &A::units, &UnitCosts::million_input>(
          "usd_per_million_input_tokens", "rented: the whole bill over the tokens read"),
      unit_field<A, &A::units, &UnitCosts::million>(
          "usd_per_million_tokens", "rented: over both, or over the tokens trained on"),
      field<&A::split>("split", "prices in and out that add up to the bill, by the engine's time"),
      field<&A::training_run>("training_run_usd", "rented, with --tokens; else null"),
      field<&A::capex_usd>("capex_usd", "purchase of devices and machines; null: no price known"),
      field<&A::tco>("tco", "bought and run over the years"),
      field<&A::break_even_s>(
          "break_even_s", "until buying has cost no more than renting; null: never, or unknown"),
      field<&A::device_price>("device_price", "that buying stands on; null: not known"),
      field<&A::power_w>("power_w",
                         "of all machines at the wall, as their data sheets say at most"),
      field<&A::gpus>("gpus", "of the plan"),
      field<&A::machines>("machines", "that hold them"),
      field<&A::fits>("fits", "in the devices' memory"),
      field<&A::offers>("offers", "prices to rent what the plan needs, cheapest first"),
  };
  return kFields;
}

namespace {

constexpr std::size_t kOffersShown = 12;

/// 0.000123 as "$0.000123", 12345.6 as "$12,346".
std::string money(double usd) {
  if (usd >= 999.5) return "$" + grouped(std::llround(usd));
  if (usd >= 1.0 || usd == 0.0) return fmt::format("${:.2f}", usd);
  constexpr double kTiny = 1e-6;
  return usd < kTiny
             ? fmt::format("${:.3g}", usd)
             : fmt::format("${:.{}f}", usd, 2 - static_cast<int>(std::floor(std::log10(usd))));
}

std::string money(const std::optional<double>& usd) { return usd ? money(*usd) : "unknown"; }

std::string band_of(const Predicted& p) {
  return p.low && p.high ? money(*p.low) + " to " + money(*p.high) : std::string();
}

std::string cell(const std::optional<Predicted>& p) { return p ? money(p->value) : "-"; }

void add_unit(Grid& grid,
              const char* name,
              const std::optional<Predicted>& rented,
              const std::optional<Predicted>& owned) {
  if (!rented && !owned) return;
  const auto& banded = rented ? *rented : *owned;
  grid.rows.push_back({name, cell(rented), cell(owned), band_of(banded)});
}

Grid figures_grid(const CostAnswer& a) {
  const bool units = a.units.million || a.tco.units.million;
  const char* whose = !units           ? ""
                      : a.usd_per_hour ? "rented, in 80 % of runs"
                                       : "owned, in 80 % of runs";
  Grid grid{{"", "rented", "owned", whose}, {false, true, true}, {}};
  grid.rows.push_back({"an hour", money(a.usd_per_hour), money(a.tco.per_hour)});
  grid.rows.push_back({"a month of 730 h", money(a.usd_per_month), money(a.tco.per_month)});
  const UnitCosts& rented = a.units;
  const UnitCosts& owned = a.tco.units;
  add_unit(grid, "a query", rented.query, owned.query);
  add_unit(grid, "a million tokens", rented.million, owned.million);
  add_unit(grid, "  all on the output", rented.million_output, owned.million_output);
  add_unit(grid, "  all on the input", rented.million_input, owned.million_input);
  if (a.split) {
    add_unit(grid, "  by time: input", a.split->million_input, std::nullopt);
    add_unit(grid, "  by time: output", a.split->million_output, std::nullopt);
  }
  add_unit(grid, "the training run", a.training_run, a.tco.training_run);
  return grid;
}

Grid owned_grid(const CostAnswer& a) {
  const OwnedCosts& o = a.tco;
  Grid grid{{fmt::format("bought, over {:.3g} years", o.years), "USD"}, {false, true}, {}};
  grid.rows.push_back({"devices", money(o.devices)});
  grid.rows.push_back({"machines around them", money(o.servers)});
  grid.rows.push_back({"energy", money(o.energy)});
  grid.rows.push_back({"rack", money(o.rack)});
  grid.rows.push_back({"staff", money(o.staff)});
  grid.rows.push_back({"total", money(o.total)});
  return grid;
}

std::string even_line(const CostAnswer& a) {
  std::string line;
  if (a.break_even_s)
    line = fmt::format("Buying has cost no more than renting after {}. ",
                       short_time(a.break_even_s->value));
  if (a.power_w)
    line += fmt::format(
        "{} draw{} up to {:.3g} kW at the wall.",
        a.machines == 1 ? std::string("One machine") : fmt::format("{} machines", a.machines),
        a.machines == 1 ? "s" : "",
        *a.power_w / kKilo);
  return line;
}

/// The cheapest few; JSON and CSV have them all. What may be long comes last.
Grid offers_grid(const CostAnswer& a) {
  Grid grid{{"to rent", "GPUs", "per GPU", "an hour", "date", "region", "instance"},
            {false, true, true, true},
            {}};
  for (const RentOffer& o : a.offers) {
    if (grid.rows.size() == kOffersShown) break;
    grid.rows.push_back(
        {o.provider,
         fmt::format("{}", o.gpus * o.instances),
         fmt::format("{:.2f}", o.usd_per_gpu_hour),
         fmt::format("{:.2f}", o.usd_per_hour),
         o.date.value_or("undated"),
         o.region,
         o.instances == 1 ? o.instance : fmt::format("{} x {}", o.instances, o.instance)});
  }
  return grid;
}

Document cost_document(const CostAnswer& a, const std::string& subject) {
  Document document{Text{subject, Tone::strong}, figures_grid(a)};
  if (!a.fits) document.emplace_back(Text{"Does not fit in memory.", Tone::bad});
  if (const std::string line = even_line(a); !line.empty()) document.emplace_back(Text{line});
  document.emplace_back(owned_grid(a));
  if (a.offers.empty()) return document;
  document.emplace_back(offers_grid(a));
  if (a.offers.size() > kOffersShown)
    document.emplace_back(
        Text{fmt::format("{} more offers: -o csv", a.offers.size() - kOffersShown), Tone::faint});
  return document;
}

}  // namespace

Grid explained(const CostAnswer& a) {
  Grid grid{{"figure", "USD", "formula", "reckoning"}, {false, true}, {}};
  const auto row = [&](const char* figure, double usd, const char* id, std::string how) {
    grid.rows.push_back({figure, money(usd), id, std::move(how)});
  };
  if (a.usd_per_hour) {
    const RentOffer& o = a.offers.front();
    row("an hour",
        *a.usd_per_hour,
        "X-RENT",
        fmt::format("{} x {} at {}",
                    o.instances,
                    o.instance,
                    money(o.usd_per_hour / static_cast<double>(o.instances))));
    row("a month",
        *a.usd_per_month,
        "X-RENT",
        fmt::format("x {:g} h, those in use", estimate::kHoursPerMonth));
  }
  if (a.units.query)
    row("a query", a.units.query->value, "X-UNIT", "an hour / (requests of an hour x load factor)");
  if (a.units.million)
    row("a million tokens",
        a.units.million->value,
        "X-UNIT",
        "an hour / (tokens of an hour x load factor)");
  if (a.split)
    row("  in, by time",
        a.split->million_input.value,
        "X-SPLIT",
        fmt::format("{:.3g} % of the time goes to prompts", 100.0 * a.split->prompt_share));
  if (a.tco.total) {
    row("owned, in all", *a.tco.total, "X-OWN", "devices + machines + energy + rack + staff");
    row("  energy", *a.tco.energy, "X-ENERGY", fmt::format("{:.4g} kWh", *a.tco.energy_kwh));
  }
  if (a.break_even_s)
    row("capex", *a.capex_usd, "X-EVEN", "/ (rent - running costs) until it is even");
  return grid;
}

void report_cost(Answer& answer, CostAnswer cost, std::string subject) {
  answer.command = "cost";
  answer.main_list = "offers";
  answer.negative = !cost.fits;
  const auto shared = std::make_shared<const CostAnswer>(std::move(cost));
  answer.result = [shared] { return json_of(*shared); };
  answer.document = [shared, subject = std::move(subject)] {
    return cost_document(*shared, subject);
  };
  answer.explanation = [shared]() -> Document {
    return {Text{"How it is reckoned (formulas: docs/formulas.md)", Tone::strong},
            explained(*shared)};
  };
}

Json cost_schema() { return SchemaOf<CostAnswer>::get(); }

}  // namespace dsplan::report
