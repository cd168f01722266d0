#include <optional>

#include "dsplan/base/error.hpp"
#include "dsplan/estimate/rule.hpp"
#include "dsplan/plan/latency_answer.hpp"
#include "dsplan/plan/training_speed.hpp"
#include "dsplan/report/catalog_report.hpp"
#include "dsplan/report/latency_report.hpp"
#include "dsplan/report/memory_report.hpp"

#include "command.hpp"
#include "deployment_request.hpp"
#include "rule_rate.hpp"
#include "timed.hpp"
#include "training_request.hpp"

namespace dsplan::cli {
namespace {

constexpr std::int64_t kRuleTokens = 2048;

report::Answer rule_answer(const CommandContext& context) {
  const Inputs& in = context.inputs;
  const ModelSource source = model_of(context);
  report::Answer answer;
  answer.inputs = used_inputs(in);
  answer.assumptions = source.assumptions;
  const auto name = in.text("gpu");
  if (!name) {
    throw Error(ErrorCode::usage,
                "a time needs a device",
                "name one with --gpu; `dsplan catalog list gpus` lists them");
  }
  const auto gpu = context.catalog.resolve<catalog::Gpu>(*name);
  if (!gpu.note.empty()) answer.assumptions.push_back({"gpu-name", gpu.note, "--gpu"});
  const auto& format =
      *context.catalog.resolve<catalog::Format>(in.text("precision").value_or("fp16")).entry;
  if (!in.has("precision")) answer.inputs.push_back({"precision", "fp16", Origin::built_in, ""});
  const std::int64_t tokens =
      in.count("input-tokens").value_or(in.count("context").value_or(kRuleTokens));
  const std::int64_t batch = in.count("batch").value_or(1);
  const std::int64_t gpus = in.count("gpus").value_or(1);
  if (tokens < 1 || batch < 1 || gpus < 1)
    throw Error(
        ErrorCode::usage, "--seq-len, --batch and --gpus must be at least 1", "give counts");
  const std::string peak = in.text("peak").value_or("dense");
  const FlopsPerSecond rate = rule_rate(*gpu.entry, format, peak == "sparse");
  add_left_out(answer, estimate::rule_latency_leaves_out());
  answer.sources = [&catalog = context.catalog,
                    used = report::EntriesUsed{.gpu = gpu.entry, .dense = &format}] {
    return report::catalog_sources(catalog, used);
  };
  report::report_latency(
      answer,
      plan::rule_latency_answer(rule_parameters(source),
                                tokens,
                                batch,
                                flops_per_second(rate.value * static_cast<double>(gpus))),
      "The guides' rule: 2 x P x L x B / (0.8 x the " + peak + " rate), with " +
          std::to_string(tokens) + " tokens and batch " + std::to_string(batch) + " on " +
          std::to_string(gpus) + " x " + std::string(gpu.entry->id));
  return answer;
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
