#include "dsplan/report/latency_report.hpp"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "describe.hpp"
#include "figures.hpp"
#include "time_tables.hpp"

namespace dsplan::report {

using plan::LatencyAnswer;
using plan::LatencyPoint;
using plan::LatencyPool;
using plan::LatencyPools;
using plan::LatencyTerm;

template <>
std::span<const ResultField<LatencyTerm>> described<LatencyTerm>() {
  static constexpr std::array kFields{
      field<&LatencyTerm::phase>(
          "phase", "prefill of one prompt, one decode step, or the mean first token of two pools"),
      field<&LatencyTerm::operation>("operation", "part of it"),
      field<&LatencyTerm::time>("time_s", "those of a phase add up to its time"),
      field<&LatencyTerm::share>("share", "of its phase"),
      field<&LatencyTerm::bound>("bound", "compute, memory, communication, host or queue"),
      field<&LatencyTerm::count>("count", "operations of this kind"),
      field<&LatencyTerm::formula>("formula", "id in docs/formulas.md"),
      field<&LatencyTerm::reckoning>("reckoning",
                                     "what starting, bytes and FLOPs alone would take"),
  };
  return kFields;
}

template <>
std::span<const ResultField<LatencyPoint>> described<LatencyPoint>() {
  static constexpr std::array kFields{
      field<&LatencyPoint::x>("x", "clients, tokens of context, sequences of a batch or GPUs"),
      field<&LatencyPoint::ttft_s>("ttft_s", "mean"),
      field<&LatencyPoint::tpot_s>("tpot_s", "mean; null without a second token"),
      field<&LatencyPoint::output_tokens_per_s>("output_tokens_per_s", "of all GPUs"),
      field<&LatencyPoint::output_tokens_per_s_per_gpu>("output_tokens_per_s_per_gpu", "of one"),
      field<&LatencyPoint::requests_per_s>("requests_per_s", "of all GPUs"),
      field<&LatencyPoint::fits>("fits", "in memory"),
  };
  return kFields;
}

template <>
std::span<const ResultField<LatencyPool>> described<LatencyPool>() {
  static constexpr std::array kFields{
      field<&LatencyPool::gpus>("gpus", "of the pool"),
      field<&LatencyPool::copies>("replicas", "copies of the model"),
      field<&LatencyPool::layout>("layout", "in words"),
      field<&LatencyPool::at_a_time>(
          "at_a_time", "prompts of a step, or sequences that decode, on one copy of attention"),
  };
  return kFields;
}

template <>
std::span<const ResultField<LatencyPools>> described<LatencyPools>() {
  static constexpr std::array kFields{
      field<&LatencyPools::prefill>("prefill", "runs prompts"),
      field<&LatencyPools::decode>("decode", "generates"),
      field<&LatencyPools::nodes>("nodes", "machines of both"),
      field<&LatencyPools::prompt_load>("prompt_load",
                                        "share in use of the prompts that the pool can run"),
      field<&LatencyPools::cache>("cache_bytes", "of a prompt, handed over"),
      field<&LatencyPools::transfer>("transfer_s", "of it, alone on the link"),
      field<&LatencyPools::link_load>("link_load", "share of the link in use"),
      field<&LatencyPools::crosses>("crosses", "the link of the machine, or the network"),
  };
  return kFields;
}

template <>
std::span<const ResultField<LatencyAnswer>> described<LatencyAnswer>() {
  static constexpr std::array kFields{
      field<&LatencyAnswer::ttft_s>("ttft_s", "time to the first token, mean"),
      field<&LatencyAnswer::prefill_s>("prefill_s", "one prompt on an idle engine"),
      field<&LatencyAnswer::tpot_s>("tpot_s", "time of each further token, mean"),
      field<&LatencyAnswer::e2e_s>("e2e_s", "from the request to its last token, mean"),
      field<&LatencyAnswer::output_tokens_per_s>("output_tokens_per_s", "of all GPUs"),
      field<&LatencyAnswer::total_tokens_per_s>("total_tokens_per_s", "with the prompts'"),
      field<&LatencyAnswer::requests_per_s>("requests_per_s", "of all GPUs"),
      field<&LatencyAnswer::output_tokens_per_s_per_gpu>("output_tokens_per_s_per_gpu", "of one"),
      field<&LatencyAnswer::ttft_p50_s>("ttft_p50_s", "median over requests"),
      field<&LatencyAnswer::ttft_p90_s>("ttft_p90_s", "90th percentile over requests"),
      field<&LatencyAnswer::ttft_p99_s>("ttft_p99_s", "99th percentile over requests"),
      field<&LatencyAnswer::tpot_p99_s>("tpot_p99_s", "99th percentile over requests"),
      field<&LatencyAnswer::decode_step_s>("decode_step_s", "a step that holds no prompt"),
      field<&LatencyAnswer::bound>("bound", "what most of a decode step waits for"),
      field<&LatencyAnswer::prefill_bound>("prefill_bound", "what most of the prefill waits for"),
      field<&LatencyAnswer::running_sequences>("running_sequences",
                                               "that decode together on one copy of attention"),
      field<&LatencyAnswer::tokens_per_step>("tokens_per_step",
                                             "that a sequence gains in a decode step"),
      field<&LatencyAnswer::fits>("fits", "does it fit in memory; null by the rule"),
      field<&LatencyAnswer::arrival>("arrival", "how requests come: single, static or closed"),
      field<&LatencyAnswer::pools>("pools", "where prompts and decoding have GPUs of their own"),
      field<&LatencyAnswer::breakdown>("breakdown", "parts of the prefill and of a decode step"),
      field<&LatencyAnswer::curve_over>("curve_over", "what x of the curve is; empty without one"),
      field<&LatencyAnswer::curve>("curve", "with --curve: the same at other loads or sizes"),
  };
  return kFields;
}

namespace {

Grid figures_grid(const LatencyAnswer& a) {
  FigureTable table;
  table.time("time to first token", a.ttft_s);
  if (a.arrival == "closed") {
    table.time("  median", a.ttft_p50_s);
    table.time("  90th percentile", a.ttft_p90_s);
    table.time("  99th percentile", a.ttft_p99_s);
  }
  table.time("time per output token", a.tpot_s);
  if (a.arrival == "closed") table.time("  99th percentile", a.tpot_p99_s);
  table.time("whole request", a.e2e_s);
  table.time("prefill alone", a.prefill_s);
  table.rate("output tokens/s", a.output_tokens_per_s);
  if (a.output_tokens_per_s && a.output_tokens_per_s->value != a.output_tokens_per_s_per_gpu->value)
    table.rate("  per GPU", a.output_tokens_per_s_per_gpu);
  table.rate("tokens/s with prompts", a.total_tokens_per_s);
  table.rate("requests/s", a.requests_per_s);
  return std::move(table).grid();
}

/// 1 as "1", 30.14 as "30.1".
std::string mean_count(double n) { return fmt::format("{:.3g}", n); }

std::string decode_line(const LatencyAnswer& a) {
  std::string line = fmt::format("Decode waits most for {}, with {} sequence{} at a time. ",
                                 *a.bound,
                                 mean_count(*a.running_sequences),
                                 *a.running_sequences == 1.0 ? "" : "s");
  if (*a.tokens_per_step > 1.0)
    line += fmt::format("A step gains {} tokens. ", mean_count(*a.tokens_per_step));
  const double step = a.decode_step_s->value / *a.tokens_per_step;
  const double prompts = a.tpot_s ? a.tpot_s->value - step : 0.0;
  if (a.pools && prompts > 0.0)
    line += fmt::format("Taking requests over adds {} to each token. ", short_time(prompts));
  else if (a.arrival == "closed" && prompts > 0.0)
    line += fmt::format("The prompts of others add {} to each token. ", short_time(prompts));
  return line;
}

std::string bound_line(const LatencyAnswer& a) {
  return (a.decode_step_s ? decode_line(a) : std::string()) +
         fmt::format("Prefill waits most for {}.", *a.prefill_bound);
}

std::string pools_line(const LatencyPools& p) {
  return fmt::format(
      "Prompts take {:.0f} % of what {} x {} GPUs can run; a cache of {:.2f} GiB crosses {} in {}.",
      100.0 * p.prompt_load,
      p.prefill.copies,
      p.prefill.gpus / p.prefill.copies,
      p.cache.value / kGibi,
      p.crosses,
      short_time(p.transfer.value));
}

void add_phase(Document& document, const LatencyAnswer& a, const std::string& phase) {
  std::vector<TimePart> parts;
  double sum = 0.0;
  for (const LatencyTerm& t : a.breakdown) {
    if (t.phase != phase) continue;
    parts.push_back({t.operation, t.time.value, t.share, t.bound});
    sum += t.time.value;
  }
  if (parts.empty()) return;
  const std::string whole = phase == "decode"    ? "one decode step"
                            : phase == "prefill" ? "prefill of one prompt"
                                                 : "time to first token";
  document.emplace_back(parts_grid(fmt::format("{}: {}", whole, short_time(sum)), "bound", parts));
}

std::string cell(const std::optional<plan::Predicted>& figure, std::string (*words)(double)) {
  return figure ? words(figure->value) : "-";
}

/// What a curve is drawn by: the rate, or for prompts the time to the first token.
Chart curve_chart(const LatencyAnswer& a) {
  const bool rates = a.curve_over != "context" && a.curve.front().output_tokens_per_s.has_value();
  Chart chart{rates ? "output tokens/s" : "time to first token", {}};
  for (const LatencyPoint& p : a.curve) {
    const double value = rates ? p.output_tokens_per_s->value : p.ttft_s.value;
    chart.rows.push_back(
        {grouped(std::llround(p.x)), value, rates ? short_rate(value) : short_time(value)});
  }
  constexpr double kWideRange = 60.0;  // bars that a terminal tells apart
  const auto [least, most] = std::minmax_element(
      chart.rows.begin(), chart.rows.end(), [](const Chart::Row& x, const Chart::Row& y) {
        return x.value < y.value;
      });
  chart.logarithmic = most->value > kWideRange * least->value;
  if (chart.logarithmic) chart.title += ", logarithmic";
  return chart;
}

void add_curve(Document& document, const LatencyAnswer& a) {
  if (a.curve.empty()) return;
  Grid grid{{a.curve_over, "TTFT", "TPOT", "output tokens/s", "per GPU", "requests/s", ""},
            {true, true, true, true, true, true},
            {}};
  for (const LatencyPoint& p : a.curve) {
    grid.rows.push_back({grouped(std::llround(p.x)),
                         short_time(p.ttft_s.value),
                         cell(p.tpot_s, &short_time),
                         cell(p.output_tokens_per_s, &short_rate),
                         cell(p.output_tokens_per_s_per_gpu, &short_rate),
                         short_rate(p.requests_per_s.value),
                         p.fits ? "" : "does not fit"});
  }
  document.emplace_back(std::move(grid));
  document.emplace_back(curve_chart(a));
}

Document latency_document(const LatencyAnswer& a, const std::string& subject) {
  Document document{Text{subject, Tone::strong}, figures_grid(a)};
  if (a.fits && !*a.fits) document.emplace_back(Text{"Does not fit in memory.", Tone::bad});
  if (a.prefill_bound) document.emplace_back(Text{bound_line(a)});
  if (a.pools) document.emplace_back(Text{pools_line(*a.pools)});
  add_phase(document, a, "first token");
  add_phase(document, a, "prefill");
  add_phase(document, a, "decode");
  add_curve(document, a);
  return document;
}

}  // namespace

Grid explained(const std::vector<LatencyTerm>& terms) {
  Grid grid{{"phase", "operation", "count", "time", "formula", "alone these would take"},
            {false, false, true, true},
            {}};
  for (const LatencyTerm& t : terms) {
    grid.rows.push_back({t.phase,
                         t.operation,
                         mean_count(t.count),
                         short_time(t.time.value),
                         t.formula,
                         t.reckoning});
  }
  return grid;
}

void report_latency(Answer& answer, LatencyAnswer latency, std::string subject) {
  answer.command = "latency";
  answer.main_list = latency.curve.empty() ? "breakdown" : "curve";
  answer.negative = latency.fits && !*latency.fits;
  const auto shared = std::make_shared<const LatencyAnswer>(std::move(latency));
  answer.result = [shared] { return json_of(*shared); };
  answer.document = [shared, subject = std::move(subject)] {
    return latency_document(*shared, subject);
  };
  answer.explanation = [shared]() -> Document {
    return {Text{"How it is reckoned (formulas: docs/formulas.md)", Tone::strong},
            explained(shared->breakdown)};
  };
}

Json training_speed_schema();

Json latency_schema() {
  Json schema = Json::object();
  schema["anyOf"] = Json::array();
  schema["anyOf"].push_back(SchemaOf<LatencyAnswer>::get());
  schema["anyOf"].push_back(training_speed_schema());
  return schema;
}

}  // namespace dsplan::report
