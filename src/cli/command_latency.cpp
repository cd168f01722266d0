#include <optional>

#include "dsplan/base/error.hpp"
#include "dsplan/estimate/rule.hpp"
#include "dsplan/plan/latency_answer.hpp"
#include "dsplan/plan/training_speed.hpp"
#include "dsplan/report/latency_report.hpp"
#include "dsplan/report/memory_report.hpp"

#include "command.hpp"
#include "deployment_request.hpp"
#include "rule_load.hpp"
#include "timed.hpp"
#include "training_request.hpp"

namespace dsplan::cli {
namespace {

report::Answer rule_answer(const CommandContext& context) {
  RuleLoad load = rule_load(context);
  if (load.gpu == nullptr) {
    throw Error(ErrorCode::usage,
                "a time needs a device",
                "name one with --gpu; `dsplan catalog list gpus` lists them");
  }
  const std::string peak = context.inputs.text("peak").value_or("dense");
  const FlopsPerSecond rate = rule_rate(*load.gpu, *load.format, peak == "sparse");
  add_left_out(load.answer, estimate::rule_latency_leaves_out());
  report::report_latency(
      load.answer,
      plan::rule_latency_answer(rule_parameters(load.source),
                                load.tokens,
                                load.batch,
                                flops_per_second(rate.value * static_cast<double>(load.gpus))),
      "The guides' rule: 2 x P x L x B / (0.8 x the " + peak + " rate), with " +
          std::to_string(load.tokens) + " tokens and batch " + std::to_string(load.batch) + " on " +
          std::to_string(load.gpus) + " x " + std::string(load.gpu->id));
  return std::move(load.answer);
}

report::Answer training_answer(const CommandContext& context, workload::Method method) {
  TimedTraining t = timed_training(context, method);
  report::report_training_speed(t.answer, std::move(t.speed), report::describe(t.deployment));
  return std::move(t.answer);
}

void refuse_contradictions(const Inputs& in) {
  if (in.has("peak") && !by_rule(in)) {
    throw Error(ErrorCode::usage,
                "--peak belongs to --method rule",
                "the detailed estimate takes dense rates as measured; leave it out");
  }
  if (in.has("curve") && by_rule(in)) {
    throw Error(ErrorCode::usage,
                "--curve has no use with --method rule",
                "the rule is a straight line; leave one of them out");
  }
  if (!in.has("prefill-pool")) return;
  if (by_rule(in)) {
    throw Error(ErrorCode::usage,
                "--prefill-pool has no use with --method rule",
                "the rule knows one prefill on all GPUs; leave one of them out");
  }
  if (in.text("curve") == "batch") {
    throw Error(ErrorCode::usage,
                "--curve batch has no use with --prefill-pool",
                "pools serve clients that come and go: --curve concurrency");
  }
}

}  // namespace

report::Answer run_latency(const CommandContext& context) {
  if (const auto method = training_method(context.inputs)) return training_answer(context, *method);
  refuse_contradictions(context.inputs);
  if (by_rule(context.inputs)) return rule_answer(context);
  TimedDeployment t = timed_deployment(context, true);
  report::report_latency(t.answer, std::move(t.latency), report::describe(t.deployment));
  return std::move(t.answer);
}

}  // namespace dsplan::cli
