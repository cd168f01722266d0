#include "dsplan/plan/flops_answer.hpp"

#include <cmath>

#include "dsplan/estimate/flops.hpp"
#include "dsplan/estimate/parameters.hpp"
#include "dsplan/estimate/rule.hpp"

namespace dsplan::plan {
namespace {

std::string text(std::int64_t n) { return std::to_string(n); }

std::int64_t whole(double count) { return static_cast<std::int64_t>(std::llround(count)); }

}  // namespace

FlopsAnswer flops_answer(const Deployment& d) {
  const workload::Inference& w = d.workload;
  const estimate::InferenceFlops f = estimate::inference_flops(w);
  const std::string tokens = text(w.batch) + " x " + text(w.input_tokens) + " tokens";
  FlopsAnswer a;
  a.prefill = estimate::prefill_total(f);
  a.decode_per_token = estimate::decode_total(f);
  a.weight_read = f.weight_read;
  a.arithmetic_intensity = estimate::arithmetic_intensity(f, w.batch);
  a.parameters = whole(d.parameters);
  a.active_parameters = whole(
      static_cast<double>(estimate::active(estimate::parameters(*w.model))) * w.parameter_scale);
  a.breakdown = {
      {"matrices", f.prefill_linear, "F-LINEAR", "2 x active matrix parameters x " + tokens},
      {"attention", f.prefill_attention, "F-ATTENTION", "causal, " + tokens},
      {"head",
       f.prefill_head,
       "F-LINEAR",
       "2 x " + text(w.model->vocab_size) + " x " + text(w.model->hidden_size) + " x " +
           text(w.batch) + " last tokens"}};
  return a;
}

FlopsAnswer training_flops_answer(const TrainingDeployment& d) {
  const workload::Training& t = d.training;
  const estimate::TrainingFlops f = estimate::training_flops(t);
  const std::string tokens = text(t.global_batch) + " x " + text(t.seq_len) + " tokens";
  FlopsAnswer a;
  a.training_per_step = estimate::total(f);
  a.parameters = whole(d.parameters);
  a.active_parameters = whole(
      static_cast<double>(estimate::active(estimate::parameters(*t.model))) * t.parameter_scale);
  const std::string passes = t.method == workload::Method::full ? "forward and two of backward"
                                                                : "forward and one of backward";
  a.breakdown = {
      {"matrices", f.linear, "F-TRAINING", passes + ", " + tokens},
      {"attention", f.attention, "F-TRAINING", "causal, forward and two of backward, " + tokens},
      {"head", f.head, "F-TRAINING", passes + ", " + tokens}};
  return a;
}

FlopsAnswer rule_flops_answer(double parameters,
                              const catalog::Format& format,
                              std::int64_t tokens,
                              std::int64_t batch) {
  FlopsAnswer a;
  a.prefill = estimate::rule_flops(parameters, tokens, batch);
  a.decode_per_token = estimate::rule_flops(parameters, 1, 1);
  a.weight_read = bytes(parameters * estimate::rule_bytes_per_parameter(format));
  a.parameters = whole(parameters);
  a.active_parameters = whole(parameters);
  a.breakdown = {{"matrices",
                  *a.prefill,
                  "G-FLOPS",
                  "2 x P x " + text(tokens) + " tokens x batch " + text(batch)}};
  return a;
}

}  // namespace dsplan::plan
