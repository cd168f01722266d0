#include "dsplan/report/flops_report.hpp"

#include <memory>

#include <fmt/format.h>

#include "describe.hpp"
#include "figures.hpp"

namespace dsplan::report {

using plan::FlopsAnswer;
using plan::FlopsTerm;

template <>
std::span<const ResultField<FlopsTerm>> described<FlopsTerm>() {
  static constexpr std::array kFields{
      field<&FlopsTerm::term>("term", "part of the prefill"),
      field<&FlopsTerm::work>("work_flops", "its work"),
      field<&FlopsTerm::formula>("formula", "id in docs/formulas.md"),
      field<&FlopsTerm::reckoning>("reckoning", "the formula with its values"),
  };
  return kFields;
}

template <>
std::span<const ResultField<FlopsAnswer>> described<FlopsAnswer>() {
  static constexpr std::array kFields{
      field<&FlopsAnswer::prefill>("prefill_flops", "all prompts of the batch; null for training"),
      field<&FlopsAnswer::decode_per_token>("decode_flops_per_token",
                                            "one generated token at the end of the context"),
      field<&FlopsAnswer::training_per_step>("training_flops_per_step", "null for inference"),
      field<&FlopsAnswer::weight_read>("weight_read_bytes", "weights that one decode step reads"),
      field<&FlopsAnswer::arithmetic_intensity>(
          "arithmetic_intensity",
          "FLOPs of a decode step over the bytes it reads; null by the rule"),
      field<&FlopsAnswer::parameters>("parameters", "parameters of the model"),
      field<&FlopsAnswer::active_parameters>("active_parameters", "parameters that a token uses"),
      field<&FlopsAnswer::breakdown>("breakdown", "terms of the prefill, which add up to it"),
  };
  return kFields;
}

namespace {

std::string work(Flops n) { return fmt::format("{:.5g}", n.value); }

std::string traffic_line(const FlopsAnswer& a) {
  std::string line = fmt::format("A decode step reads {:.2f} GiB ({:.2f} GB) of weights",
                                 in_gib(*a.weight_read),
                                 in_gb(*a.weight_read));
  if (a.arithmetic_intensity) {
    line += fmt::format(" and does {:.2f} FLOPs for each byte of weights and cache",
                        *a.arithmetic_intensity);
  }
  return line + ".";
}

Document flops_document(const FlopsAnswer& a, const std::string& subject) {
  Grid grid{{"work", "FLOPs"}, {false, true}, {}};
  if (a.prefill) grid.rows.push_back({"prefill of the batch", work(*a.prefill)});
  if (a.training_per_step) grid.rows.push_back({"training step", work(*a.training_per_step)});
  for (const FlopsTerm& t : a.breakdown) grid.rows.push_back({"  " + t.term, work(t.work)});
  if (a.decode_per_token) grid.rows.push_back({"one generated token", work(*a.decode_per_token)});
  Document document{Text{subject, Tone::strong}, grid};
  if (a.weight_read) document.emplace_back(Text{traffic_line(a)});
  return document;
}

Document flops_explanation(const FlopsAnswer& a) {
  Grid grid{{"term", "FLOPs", "formula", "reckoning"}, {false, true}, {}};
  for (const FlopsTerm& t : a.breakdown)
    grid.rows.push_back({t.term, work(t.work), t.formula, t.reckoning});
  return {Text{"How it is reckoned (formulas: docs/formulas.md)", Tone::strong}, grid};
}

}  // namespace

void report_flops(Answer& answer, FlopsAnswer flops, std::string subject) {
  answer.command = "flops";
  answer.main_list = "breakdown";
  const auto shared = std::make_shared<const FlopsAnswer>(std::move(flops));
  answer.result = [shared] { return json_of(*shared); };
  answer.document = [shared, subject = std::move(subject)] {
    return flops_document(*shared, subject);
  };
  answer.explanation = [shared] { return flops_explanation(*shared); };
}

Json flops_schema() { return SchemaOf<FlopsAnswer>::get(); }

}  // namespace dsplan::report
