#include <fmt/format.h>

#include "dsplan/base/error.hpp"
#include "dsplan/estimate/memory.hpp"
#include "dsplan/estimate/rule.hpp"
#include "dsplan/plan/memory_answer.hpp"
#include "dsplan/plan/recommendation.hpp"
#include "dsplan/plan/training_answer.hpp"
#include "dsplan/report/memory_report.hpp"

#include "command.hpp"
#include "deployment_request.hpp"
#include "rule_load.hpp"
#include "training_request.hpp"

namespace dsplan::cli {
namespace {

struct Adjustment {
  std::int64_t batch;
  double utilization;
};

std::optional<Adjustment> adjustment(const Inputs& inputs) {
  const auto batch = inputs.count("adjust-batch");
  const auto utilization = inputs.share("utilization");
  if (!batch && !utilization) return std::nullopt;
  if (!batch || !utilization) {
    throw Error(ErrorCode::usage,
                "--adjust-batch and --utilization go together",
                "give the batch that runs now and the memory use measured: --adjust-batch 16 "
                "--utilization 95%");
  }
  if (*batch < 1)
    throw Error(
        ErrorCode::usage, "--adjust-batch must be at least 1", "give the batch that runs now");
  return Adjustment{*batch, *utilization};
}

void adjust(plan::MemoryAnswer& memory, const std::optional<Adjustment>& asked) {
  if (!asked) return;
  memory.adjust_batch =
      plan::BatchAdjustment{asked->batch,
                            asked->utilization,
                            estimate::rule_next_batch(asked->batch, asked->utilization),
                            memory.max_batch};
}

report::Answer rule_answer(const CommandContext& context) {
  const Inputs& in = context.inputs;
  RuleLoad load = rule_load(context);
  report::Answer& answer = load.answer;
  plan::RuleQuestion q;
  q.parameters = rule_parameters(load.source);
  q.format = load.format;
  q.batch = load.batch;
  q.gpu = load.gpu;
  q.gpus = load.gpus;
  q.reserve_fraction = in.share("reserve").value_or(estimate::kRuleReserve);
  if (q.gpu != nullptr && !in.has("reserve"))
    answer.inputs.push_back({"reserve", "0.1", Origin::built_in, ""});
  add_left_out(answer, estimate::rule_memory_leaves_out());
  plan::MemoryAnswer memory = plan::rule_memory_answer(q);
  adjust(memory, adjustment(in));
  std::string subject =
      "The guides' rule: P x bytes + 2.5 x P x bytes x batch + 1.5 x P x bytes, in " +
      std::string(q.format->id) + ", batch " + std::to_string(q.batch);
  report::report_memory(answer, std::move(memory), std::move(subject));
  return std::move(answer);
}

report::Answer training_answer(const CommandContext& context, workload::Method method) {
  const ModelSource source = model_of(context);
  report::Answer answer;
  const plan::TrainingDeployment deployment = trained(answer, context, source, method);
  plan::MemoryAnswer memory = plan::training_memory_answer(context.catalog, deployment);
  answer.warnings.insert(answer.warnings.end(), memory.warnings.begin(), memory.warnings.end());
  report::report_memory(answer, std::move(memory), report::describe(deployment));
  return answer;
}

/// The figures are of the pool that decodes; both must fit.
void add_prefill_pool(report::Answer& answer,
                      plan::MemoryAnswer& memory,
                      const plan::Deployment& d) {
  if (!d.prefill) return;
  const plan::PerGpuMemory prompts = plan::gpu_memory(*d.prefill);
  const auto gib = [](Bytes bytes) { return fmt::format("{:.2f} GiB", bytes.value / kGibi); };
  const bool fits = estimate::fits(
      d.prefill->workload, estimate::inference_memory(d.prefill->workload, d.gpu), *d.gpu);
  const std::string holds = "a GPU of the pool of prompts (" +
                            workload::describe(d.prefill->workload.layout) + ") holds " +
                            gib(prompts.total) + " of " + gib(*prompts.usable);
  answer.assumptions.push_back(
      {"prefill-pool", "the figures are of the pool that decodes; " + holds, "--prefill-pool"});
  if (!fits) answer.warnings.push_back({"prefill-pool-does-not-fit", holds});
  memory.fits = *memory.fits && fits;
}

}  // namespace

report::Answer run_memory(const CommandContext& context) {
  if (const auto method = training_method(context.inputs)) return training_answer(context, *method);
  if (by_rule(context.inputs)) return rule_answer(context);
  const auto asked = adjustment(context.inputs);
  const ModelSource source = model_of(context);
  const plan::DeploymentRequest request = deployment_request(context.inputs, source.choice);
  const plan::Deployment deployment = plan::resolve_deployment(context.catalog, request);
  report::Answer answer;
  answer.inputs = used_inputs(context.inputs);
  add_notes(answer, deployment, source);
  add_sources(answer, context, deployment, source);
  plan::MemoryAnswer memory = plan::memory_answer(context.catalog, deployment);
  add_prefill_pool(answer, memory, deployment);
  adjust(memory, asked);
  report::report_memory(answer, std::move(memory), report::describe(deployment));
  return answer;
}

}  // namespace dsplan::cli
