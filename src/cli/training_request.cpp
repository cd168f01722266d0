#include "training_request.hpp"

#include <algorithm>
#include <array>

#include "dsplan/base/error.hpp"

#include "deployment_request.hpp"

namespace dsplan::cli {
namespace {

using workload::Method;

constexpr std::string_view kTrainingGroup = "Training";
constexpr std::string_view kEngineGroup = "Engine";
constexpr std::array<std::string_view, 2> kBothOfEngine{"engine", "flash-attention"};
constexpr std::array<std::string_view, 17> kInferenceAlone{"kv-precision",
                                                           "context",
                                                           "output-tokens",
                                                           "attention-dp",
                                                           "reserve",
                                                           "adjust-batch",
                                                           "utilization",
                                                           "mig",
                                                           "peak",
                                                           "curve",
                                                           "requests-per-day",
                                                           "log-retention",
                                                           "method",
                                                           "max-ttft",
                                                           "max-tpot",
                                                           "max-latency",
                                                           "spare-copies"};
constexpr std::string_view kRunsAlone = "checkpoint-interval";
constexpr std::array<std::string_view, 2> kAdaptersAlone{"lora-rank", "lora-targets"};

template <std::size_t Count>
bool among(const std::array<std::string_view, Count>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool has_use(const Option& option, const std::optional<Method>& method) {
  if (!method) return option.group != kTrainingGroup && option.name != kRunsAlone;
  if (among(kAdaptersAlone, option.name)) return *method != Method::full;
  if (option.group == kEngineGroup) return among(kBothOfEngine, option.name);
  return !among(kInferenceAlone, option.name);
}

/// Only flags are refused: a configuration file may serve several workloads.
void check_uses(const Inputs& inputs,
                const std::optional<Method>& method,
                const std::string& workload,
                bool has_rule) {
  for (const Given& given : inputs.all()) {
    if (given.origin != Origin::flag || has_use(*given.option, method)) continue;
    if (has_rule && given.option->name == "method") continue;
    throw Error(ErrorCode::usage,
                "--" + std::string(given.option->name) + " has no use with --workload " + workload,
                method && given.option->name.starts_with("max-")
                    ? "a run is bounded by --min-throughput: tokens trained a second"
                    : "leave it out, or take another --workload: inference, training, lora, qlora");
  }
}

}  // namespace

std::optional<Method> training_method(const Inputs& inputs, std::string_view usual, bool has_rule) {
  const std::string workload = inputs.text("workload").value_or(std::string(usual));
  std::optional<Method> method;
  if (workload == "training") method = Method::full;
  if (workload == "lora") method = Method::lora;
  if (workload == "qlora") method = Method::qlora;
  check_uses(inputs, method, workload, has_rule);
  return method;
}

plan::TrainingRequest training_request(const Inputs& in,
                                       const plan::ModelChoice& model,
                                       Method method) {
  plan::TrainingRequest r;
  r.model = model;
  add_hardware(r, in);
  r.method = method;
  r.framework = in.text("engine");
  r.optimizer = in.text("optimizer");
  r.precision = in.text("precision");
  r.grad_precision = in.text("grad-precision");
  r.vpp = in.count("vpp");
  r.zero = in.count("zero");
  r.sequence_parallel = in.toggle("sequence-parallel");
  r.async_tensor_parallel = in.toggle("async-tensor-parallel");
  r.micro_batch = in.count("micro-batch");
  if (!r.micro_batch) r.micro_batch = in.count("batch");
  r.global_batch = in.count("global-batch");
  r.seq_len = in.count("input-tokens");
  r.recompute = in.text("recompute");
  r.flash_attention = in.toggle("flash-attention");
  r.lora_rank = in.count("lora-rank");
  r.lora_targets = in.text("lora-targets");
  r.offload = in.list("offload");
  return r;
}

plan::TrainingDeployment trained(report::Answer& answer,
                                 const CommandContext& context,
                                 const ModelSource& source,
                                 Method method) {
  plan::TrainingDeployment deployment = plan::resolve_training(
      context.catalog, training_request(context.inputs, source.choice, method));
  answer.inputs = used_inputs(context.inputs);
  add_notes(answer, deployment, source);
  add_sources(answer, context, deployment, source);
  return deployment;
}

}  // namespace dsplan::cli
