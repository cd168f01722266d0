#include "dsplan/report/quantize_report.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <fmt/format.h>

#include "describe.hpp"
#include "figures.hpp"
#include "time_tables.hpp"

namespace dsplan::report {

using plan::FormatChoice;
using plan::FormatRefused;
using plan::PublishedCost;
using plan::QuantizeAnswer;
using workload::Layout;

template <>
std::span<const ResultField<Layout>> described<Layout>();  // of the memory report

template <>
std::span<const ResultField<PublishedCost>> described<PublishedCost>() {
  static constexpr std::array kFields{
      field<&PublishedCost::model>("model", "that was measured"),
      field<&PublishedCost::metric>("metric", "in what"),
      field<&PublishedCost::cost>("cost", "against 16 bits"),
  };
  return kFields;
}

template <>
std::span<const ResultField<FormatChoice>> described<FormatChoice>() {
  static constexpr std::array kFields{
      field<&FormatChoice::format>("format", "catalog id"),
      field<&FormatChoice::name>("name", "in words"),
      field<&FormatChoice::kv_format>("kv_precision", "of the KV cache beside it"),
      field<&FormatChoice::bits_per_weight>("bits_per_weight", "scales included"),
      field<&FormatChoice::weights>("weights_bytes", "of one copy of the model, as stored"),
      field<&FormatChoice::layout>("layout", "in which it was reckoned"),
      field<&FormatChoice::total_per_gpu>("total_bytes_per_gpu", "of the fullest GPU"),
      field<&FormatChoice::fits>("fits", "in memory; null without a device"),
      field<&FormatChoice::headroom_fraction>("headroom_fraction", "of what is usable"),
      field<&FormatChoice::gpus_for_memory>("gpus_for_memory", "fewest that hold it"),
      field<&FormatChoice::max_batch>("max_batch", "most sequences that fit"),
      field<&FormatChoice::ttft_s>("ttft_s", "mean; null where it does not fit"),
      field<&FormatChoice::tpot_s>("tpot_s", "mean; null where it does not fit"),
      field<&FormatChoice::output_tokens_per_s>("output_tokens_per_s", "of all GPUs"),
      field<&FormatChoice::usd_per_million_output_tokens>(
          "usd_per_million_output_tokens", "rented at the cheapest offer; null: no price is known"),
      field<&FormatChoice::support>(
          "support",
          "native: the device multiplies in it; weight-only: stored so, multiplied in 16 bits; "
          "emulated: the device lacks it and multiplies in a wider format"),
      field<&FormatChoice::multiplies_in>("multiplies_in", "what products run in"),
      field<&FormatChoice::own_format>("own_format", "is the checkpoint published in it?"),
      field<&FormatChoice::accuracy_costs>("accuracy_costs",
                                           "published losses that the catalog has; empty: unknown"),
  };
  return kFields;
}

template <>
std::span<const ResultField<FormatRefused>> described<FormatRefused>() {
  static constexpr std::array kFields{
      field<&FormatRefused::format>("format", "catalog id"),
      field<&FormatRefused::reason>("reason", "why it was left out"),
  };
  return kFields;
}

template <>
std::span<const ResultField<plan::RentOffer>> described<plan::RentOffer>();  // of the cost report

template <>
std::span<const ResultField<QuantizeAnswer>> described<QuantizeAnswer>() {
  static constexpr std::array kFields{
      field<&QuantizeAnswer::formats>("formats", "fewest bytes first"),
      field<&QuantizeAnswer::refused>("refused", "formats left out"),
      field<&QuantizeAnswer::rent>("rent", "that the prices stand on; null: none known"),
  };
  return kFields;
}

namespace {

std::string time_of(const std::optional<plan::Predicted>& t) {
  return t ? short_time(t->value) : "-";
}

std::string fit_of(const FormatChoice& f) {
  if (!f.fits) return "";
  if (*f.fits) return "yes";
  return f.gpus_for_memory ? "on " + grouped(*f.gpus_for_memory) : "no";
}

std::string support_of(const FormatChoice& f) {
  if (!f.support) return "";
  return *f.support == "native" ? *f.support : *f.support + " (" + *f.multiplies_in + ")";
}

std::string losses_of(const FormatChoice& f) {
  std::string words;
  for (const PublishedCost& c : f.accuracy_costs)
    words += fmt::format("{}{:+g} {} ({})", words.empty() ? "" : ", ", c.cost, c.metric, c.model);
  return words;
}

Grid formats_grid(const QuantizeAnswer& a) {
  const bool priced = std::any_of(a.formats.begin(), a.formats.end(), [](const FormatChoice& f) {
    return f.usd_per_million_output_tokens.has_value();
  });
  const bool timed = std::any_of(
      a.formats.begin(), a.formats.end(), [](const FormatChoice& f) { return f.fits.has_value(); });
  const bool judged = std::any_of(a.formats.begin(), a.formats.end(), [](const FormatChoice& f) {
    return !f.accuracy_costs.empty();
  });
  Grid grid{{"format", "GB"}, {false, true}, {}};
  const auto column = [&](const char* name, bool right) {
    grid.header.emplace_back(name);
    grid.right.push_back(right);
  };
  if (timed) {
    column("fits", false);
    for (const char* name : {"TTFT", "TPOT", "tokens/s"}) column(name, true);
    if (priced) column("$/M out", true);
    column("hardware", false);
  }
  if (judged) column("published loss", false);
  for (const FormatChoice& f : a.formats) {
    auto& row = grid.rows.emplace_back();
    row = {f.format, fmt::format("{:.1f}", f.weights.value / kGiga)};
    if (timed) {
      row.insert(row.end(), {fit_of(f), time_of(f.ttft_s), time_of(f.tpot_s)});
      row.push_back(f.output_tokens_per_s ? short_rate(f.output_tokens_per_s->value) : "-");
      if (priced)
        row.push_back(f.usd_per_million_output_tokens
                          ? fmt::format("{:.2f}", f.usd_per_million_output_tokens->value)
                          : "-");
      row.push_back(support_of(f));
    }
    if (judged) row.push_back(losses_of(f));
  }
  return grid;
}

/// What $/M out stands on.
std::string rent_line(const QuantizeAnswer& a) {
  return a.rent ? "A million output tokens at the rent of " + plan::place_of(*a.rent) + "."
                : std::string();
}

std::string foot(const QuantizeAnswer& a) {
  const auto own = std::find_if(a.formats.begin(), a.formats.end(), [](const FormatChoice& f) {
    return f.own_format.value_or(false);
  });
  std::string line;
  if (own != a.formats.end())
    line += "The checkpoint is published in " + own->format + "; others are made from it. ";
  const bool known = std::any_of(a.formats.begin(), a.formats.end(), [](const FormatChoice& f) {
    return !f.accuracy_costs.empty();
  });
  if (!known)
    line +=
        "What each costs in accuracy is unknown to the catalog; accuracy_costs of --catalog adds "
        "it. ";
  if (!a.refused.empty())
    line += fmt::format(
        "{} other formats are left out: the engine does not serve them, the device lacks them, or "
        "the model has no use for them.",
        a.refused.size());
  return line;
}

Document quantize_document(const QuantizeAnswer& a, const std::string& subject) {
  Document document{Text{subject, Tone::strong}, formats_grid(a)};
  for (const std::string& line : {rent_line(a), foot(a)}) {
    if (!line.empty()) document.emplace_back(Text{line});
  }
  return document;
}

}  // namespace

void report_quantize(Answer& answer, QuantizeAnswer quantize, std::string subject) {
  answer.command = "quantize";
  answer.main_list = "formats";
  answer.negative = std::none_of(quantize.formats.begin(),
                                 quantize.formats.end(),
                                 [](const FormatChoice& f) { return f.fits.value_or(true); });
  const auto shared = std::make_shared<const QuantizeAnswer>(std::move(quantize));
  answer.result = [shared] { return json_of(*shared); };
  answer.document = [shared, subject = std::move(subject)] {
    return quantize_document(*shared, subject);
  };
}

Json quantize_schema() { return SchemaOf<QuantizeAnswer>::get(); }

}  // namespace dsplan::report
