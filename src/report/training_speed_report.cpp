#include <memory>

#include <fmt/format.h>

#include "dsplan/report/latency_report.hpp"

#include "describe.hpp"
#include "figures.hpp"
#include "time_tables.hpp"

namespace dsplan::report {

using plan::TrainingSpeedAnswer;
using plan::TrainingTerm;

template <>
std::span<const ResultField<TrainingTerm>> described<TrainingTerm>() {
  static constexpr std::array kFields{
      field<&TrainingTerm::term>("term", "part of the step"),
      field<&TrainingTerm::time>("time_s", "of one step; they add up to it"),
      field<&TrainingTerm::share>("share", "of the step"),
      field<&TrainingTerm::formula>("formula", "id in docs/formulas.md"),
      field<&TrainingTerm::reckoning>("reckoning", "the formula with its values"),
  };
  return kFields;
}

template <>
std::span<const ResultField<TrainingSpeedAnswer>> described<TrainingSpeedAnswer>() {
  using A = TrainingSpeedAnswer;
  static constexpr std::array kFields{
      field<&A::step_s>("step_s", "all micro-batches and the optimizer"),
      field<&A::tokens_per_s>("tokens_per_s", "of all GPUs"),
      field<&A::tokens_per_s_per_gpu>("tokens_per_s_per_gpu", "of one"),
      field<&A::model_flops_per_gpu_per_s>("model_flops_per_gpu_per_s",
                                           "model FLOPs, attention causal"),
      field<&A::mfu>("mfu", "those over the peak rate"),
      field<&A::mfu_full>("mfu_full", "with attention to every pair of tokens"),
      field<&A::hfu>("hfu", "with what is computed again"),
      field<&A::bubble_fraction>("bubble_fraction", "of the step, lost at pipeline ends"),
      field<&A::time_to_train_s>("time_to_train_s", "with --tokens; else null"),
      field<&A::flops_per_token_causal>("flops_per_token_causal_flops", "model FLOPs of a token"),
      field<&A::flops_per_token_full>("flops_per_token_full_flops",
                                      "with attention to every pair of tokens"),
      field<&A::peak_format>("peak_format", "whose dense rate the utilisations are of"),
      field<&A::peak_flops_per_s>("peak_flops_per_s", "that rate"),
      field<&A::bound>("bound", "compute, memory, communication, pipeline or host"),
      field<&A::fits>("fits", "does it fit in memory"),
      field<&A::breakdown>("breakdown", "parts of the step, which add up to it"),
  };
  return kFields;
}

namespace {

Document speed_document(const TrainingSpeedAnswer& a, const std::string& subject) {
  FigureTable table;
  table.time("step", a.step_s);
  table.rate("tokens/s", a.tokens_per_s);
  table.rate("  per GPU", a.tokens_per_s_per_gpu);
  plan::Predicted tflops = a.model_flops_per_gpu_per_s;
  for (double* part : {&tflops.value, &*tflops.low, &*tflops.high}) *part /= kTera;
  table.rate("model TFLOPS per GPU", tflops);
  table.percent("MFU", a.mfu);
  table.percent("  every pair of tokens", a.mfu_full);
  table.percent("HFU", a.hfu);
  table.time("time to train", a.time_to_train_s);
  std::vector<TimePart> parts;
  for (const TrainingTerm& t : a.breakdown)
    parts.push_back({t.term, t.time.value, t.share, t.formula});
  Document document{Text{subject, Tone::strong}, std::move(table).grid()};
  if (!a.fits) document.emplace_back(Text{"Does not fit in memory.", Tone::bad});
  document.emplace_back(Text{fmt::format("Bound by {}. Utilisation is of {} dense TFLOPS in {}.",
                                         a.bound,
                                         short_rate(a.peak_flops_per_s / kTera),
                                         a.peak_format)});
  document.emplace_back(parts_grid("one step: " + short_time(a.step_s.value), "formula", parts));
  return document;
}

Document speed_explanation(const TrainingSpeedAnswer& a) {
  Grid grid{{"term", "time", "formula", "reckoning"}, {false, true}, {}};
  for (const TrainingTerm& t : a.breakdown)
    grid.rows.push_back({t.term, short_time(t.time.value), t.formula, t.reckoning});
  grid.rows.push_back({"model FLOPs of a token, causal",
                       fmt::format("{:.5g}", a.flops_per_token_causal.value),
                       "F-TRAINING",
                       "attention as a causal mask leaves it"});
  grid.rows.push_back({"model FLOPs of a token, full",
                       fmt::format("{:.5g}", a.flops_per_token_full.value),
                       "F-TRAINING",
                       "attention to every pair of tokens"});
  return {Text{"How it is reckoned (formulas: docs/formulas.md)", Tone::strong}, grid};
}

}  // namespace

void report_training_speed(Answer& answer, TrainingSpeedAnswer speed, std::string subject) {
  answer.command = "latency";
  answer.main_list = "breakdown";
  answer.negative = !speed.fits;
  const auto shared = std::make_shared<const TrainingSpeedAnswer>(std::move(speed));
  answer.result = [shared] { return json_of(*shared); };
  answer.document = [shared, subject = std::move(subject)] {
    return speed_document(*shared, subject);
  };
  answer.explanation = [shared] { return speed_explanation(*shared); };
}

Json training_speed_schema() { return SchemaOf<TrainingSpeedAnswer>::get(); }

}  // namespace dsplan::report
