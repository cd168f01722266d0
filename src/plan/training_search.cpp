#include "dsplan/plan/training_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "dsplan/base/error.hpp"
#include "dsplan/plan/training_answer.hpp"
#include "dsplan/solve/training_limits.hpp"

#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using catalog::Catalog;
using workload::Method;
using workload::Recompute;
using workload::Training;

constexpr std::size_t kMostMisses = 5;

std::string word_of(Recompute r) {
  if (r == Recompute::none) return "none";
  return r == Recompute::selective ? "selective" : "full";
}

std::string word_of(Method m) {
  if (m == Method::full) return "training";
  return m == Method::lora ? "lora" : "qlora";
}

std::int64_t zero_of(const Training& t) {
  const workload::Sharding s = workload::sharding(t);
  return s.weights ? 3 : s.gradients ? 2 : s.optimizer ? 1 : 0;
}

std::vector<std::string> offload_of(const Training& t) {
  std::vector<std::string> words;
  if (t.offload.optimizer) words.emplace_back("optimizer");
  if (t.offload.parameters) words.emplace_back("parameters");
  return words;
}

std::string precision_of(const Training& t) {
  if (t.base_format != nullptr) return std::string(t.base_format->id);
  switch (t.compute) {
    case workload::Compute::fp32:
      return "fp32";
    case workload::Compute::fp16:
      return "fp16";
    case workload::Compute::fp8:
      return "fp8";
    case workload::Compute::bf16:
      break;
  }
  return "bf16";
}

void add(std::string& flags, const char* name, const std::string& value) {
  flags += std::string(" --") + name + " " + value;
}

/// What of the run was said and is no choice of the search.
std::string said_flags(const TrainingDeployment& base, const TrainingSearchRequest& request) {
  const TrainingRequest& said = request.base;
  const Training& t = base.training;
  std::string flags = request.model_flags;
  add(flags, "workload", word_of(t.method));
  add(flags, "engine", std::string(t.framework->id));
  add(flags, "precision", precision_of(t));
  add(flags, "optimizer", std::string(t.optimizer->id));
  if (said.grad_precision) add(flags, "grad-precision", *said.grad_precision);
  if (said.flash_attention) add(flags, "flash-attention", *said.flash_attention ? "on" : "off");
  if (t.method != Method::full) {
    add(flags, "lora-rank", text(t.lora.rank));
    if (said.lora_targets) add(flags, "lora-targets", *said.lora_targets);
  }
  add(flags, "gpu", std::string(base.gpu->id));
  if (said.gpus_per_node) add(flags, "gpus-per-node", text(*said.gpus_per_node));
  add(flags, "seq-len", text(t.seq_len));
  return flags + request.place_flags + " ";
}

/// Layout and recipe; what is 1 and off by itself is left out.
std::string flags_of(const Training& t) {
  const workload::Layout& l = t.layout;
  std::string flags = "--gpus " + text(workload::gpu_count(t)) + " --tp " + text(l.tp) + " --pp " +
                      text(l.pp) + " --dp " + text(l.dp);
  if (l.cp > 1) flags += " --cp " + text(l.cp);
  if (l.ep > 1) flags += " --ep " + text(l.ep);
  if (t.vpp > 1) flags += " --vpp " + text(t.vpp);
  flags += " --micro-batch " + text(t.micro_batch) + " --global-batch " + text(t.global_batch) +
           " --recompute " + word_of(t.recompute);
  if (l.tp > 1)
    flags += std::string(" --sequence-parallel ") + (workload::sequence_parallel(t) ? "on" : "off");
  if (t.sharding) flags += " --zero " + text(zero_of(t));
  for (const std::string& what : offload_of(t)) flags += " --offload " + what;
  if (t.async_tensor_parallel) flags += " --async-tensor-parallel on";
  return flags;
}

TrainingDeployment deployed(const TrainingDeployment& base, const Training& t) {
  TrainingDeployment d = base;
  d.training = t;
  return d;
}

TrainingPlanMemory memory_of(const Training& t, const catalog::Gpu& gpu) {
  const auto memory = estimate::training_memory(t);
  const auto lacks = [&](const estimate::TrainingGpu& g) { return solve::shortfall(t, g, gpu); };
  const auto& g = *std::max_element(
      memory.stages.begin(), memory.stages.end(), [&](const auto& a, const auto& b) {
        return lacks(a) < lacks(b);
      });
  TrainingPlanMemory m;
  m.weights = g.weights;
  m.gradients = g.gradients;
  m.optimizer = g.optimizer;
  m.activations = g.activations + g.logits + g.transient;
  m.allocated = estimate::total(g);
  m.total = estimate::device_used(t, g);
  m.usable = solve::training_usable(t, g, gpu);
  m.headroom = m.usable - m.total;
  m.host = g.host;
  return m;
}

TrainingPlanCost cost_of(const CostAnswer& a) {
  TrainingPlanCost cost;
  cost.usd_per_hour = a.usd_per_hour;
  cost.usd_per_month = a.usd_per_month;
  cost.million_tokens = a.units.million;
  if (a.training_run) cost.usd_to_train = a.training_run->value;
  cost.capex_usd = a.capex_usd;
  return cost;
}

std::string gib(Bytes size) {
  const auto tenths = static_cast<std::int64_t>(size.value / kGibi * 10.0);
  return text(tenths / 10) + "." + text(tenths % 10) + " GiB";
}

std::vector<std::string> reasons_of(const TrainingPlan& p, const TrainingDeployment& d) {
  std::vector<std::string> reasons;
  reasons.push_back(gib(p.memory.headroom) + " of each GPU to spare in the worst of ten runs");
  if (p.layout.tp > 1)
    reasons.push_back(p.layout.tp <= d.node_gpus ? "tensor parallelism stays inside the node"
                                                 : "tensor parallelism crosses nodes");
  if (p.layout.pp > 1)
    reasons.push_back("the pipeline idles " +
                      text(std::llround(p.performance.bubble_fraction * 100.0)) + " % of the step");
  reasons.push_back("the step is bound by " + p.performance.bound);
  if (p.rank > 1 && p.tie) reasons.emplace_back("a tie with the first, within 5 %");
  return reasons;
}

TrainingPlan plan_of(const Catalog& catalog,
                     const TrainingDeployment& base,
                     const TrainingSearchRequest& request,
                     const Training& t) {
  const TrainingDeployment d = deployed(base, t);
  TrainingSpeedAnswer speed = training_speed_answer(catalog, d, request.speed);
  const CostAnswer cost = cost_answer(catalog, d, speed, request.cost);
  TrainingPlan p;
  p.cost = cost_of(cost);
  p.power_w = cost.power_w;
  p.model = std::string(t.model->id);
  p.workload = word_of(t.method);
  p.framework = std::string(t.framework->id);
  p.precision = precision_of(t);
  p.gpu = std::string(d.gpu->id);
  p.gpus = workload::gpu_count(t);
  p.nodes = (p.gpus + d.node_gpus - 1) / d.node_gpus;
  p.layout = t.layout;
  p.vpp = t.vpp;
  p.micro_batch = t.micro_batch;
  p.global_batch = t.global_batch;
  p.seq_len = t.seq_len;
  p.recompute = word_of(workload::recompute(t));
  p.sequence_parallel = workload::sequence_parallel(t);
  p.zero = zero_of(t);
  p.offload = offload_of(t);
  p.async_tensor_parallel = t.async_tensor_parallel;
  p.memory = memory_of(t, *d.gpu);
  p.performance = {speed.step_s,
                   speed.tokens_per_s,
                   speed.tokens_per_s_per_gpu,
                   speed.mfu,
                   speed.hfu,
                   speed.time_to_train_s,
                   speed.bubble_fraction,
                   std::move(speed.bound)};
  p.flags = said_flags(base, request) + flags_of(t);
  return p;
}

TrainingNearMiss miss_of(const Catalog& catalog,
                         const TrainingDeployment& base,
                         const TrainingSearchRequest& request,
                         const TrainingPoint& point) {
  TrainingNearMiss m;
  m.workload = word_of(point.training.method);
  m.gpu = std::string(base.gpu->id);
  m.gpus = workload::gpu_count(point.training);
  m.layout = workload::describe(point.training.layout);
  m.flags = said_flags(base, request) + flags_of(point.training);
  m.step_s = point.step_s;
  m.missing = bytes(point.short_bytes);
  m.limit = memory_of(point.training, *base.gpu).usable.value;
  m.needed = m.limit + point.short_bytes;
  const std::vector<Fix> fixes = training_fixes(catalog, deployed(base, point.training));
  if (fixes.empty()) return m;
  m.change = fixes.front().change;
  m.change_flags = fixes.front().flags;
  return m;
}

TrainingSpread spread_of(const std::vector<TrainingPoint>& plans) {
  TrainingSpread s;
  if (plans.empty()) return s;
  s.layouts = static_cast<std::int64_t>(plans.size());
  s.best_step_s = plans.front().step_s;
  s.median_step_s = plans[plans.size() / 2].step_s;
  s.worst_step_s = plans.back().step_s;
  s.ties = std::count_if(plans.begin(), plans.end(), [&](const TrainingPoint& p) {
    return p.step_s <= s.best_step_s * (1.0 + kTieShare);
  });
  return s;
}

std::vector<std::string> notes_of(const TrainingSpread& s) {
  if (s.layouts == 0) return {};
  return {"the first of " + text(s.layouts) +
              " layouts is chosen by a prediction: a search finds where the model errs to the good "
              "side, so expect less than the first figure rather than more",
          s.ties > 1 ? text(s.ties) + " layouts are within 5 % of the best: a tie"
                     : "no other layout is within 5 % of the best"};
}

/// The run on one GPU with nothing of layout or recipe said.
TrainingRequest open_request(const TrainingSearchRequest& request) {
  TrainingRequest open = request.base;
  open.gpus = 1;
  open.nodes.reset();
  open.tp.reset();
  open.pp.reset();
  open.dp.reset();
  open.cp.reset();
  open.ep.reset();
  open.vpp.reset();
  open.micro_batch.reset();
  if (!open.global_batch) open.global_batch = request.gpus;
  return open;
}

}  // namespace

TrainingDeployment training_search_base(const Catalog& catalog,
                                        const TrainingSearchRequest& request) {
  if (request.gpus < 1) refuse("--gpus must be at least 1", "say how many GPUs train");
  TrainingDeployment d = resolve_training(catalog, open_request(request));
  // What the search chooses is no default.
  std::erase_if(d.filled, [](const UsedInput& input) {
    return input.name == "micro_batch" || input.name == "recompute" || input.name == "optimizer";
  });
  if (!request.base.global_batch)
    fill(d, "global_batch", text(d.training.global_batch), Origin::built_in);
  if (request.base.optimizer) return d;
  Training& t = d.training;
  const std::string usual(workload::usual_optimizer(*t.framework, t.method, request.gpus));
  t.optimizer = catalog.resolve<catalog::Optimizer>(usual).entry;
  fill(d, "optimizer", std::string(t.optimizer->id), Origin::catalog);
  return d;
}

TrainingSearchAnswer training_search(const Catalog& catalog, const TrainingSearchRequest& request) {
  const TrainingDeployment base = training_search_base(catalog, request);
  const TrainingScreen screen = training_screen(catalog, base, request);
  TrainingSearchAnswer a;
  a.evaluated = screen.evaluated;
  a.valid = screen.valid;
  a.spread = spread_of(screen.plans);
  for (const TrainingPoint& point : screen.plans) {
    if (a.deployments.size() == request.most) break;
    TrainingPlan p = plan_of(catalog, base, request, point.training);
    p.rank = static_cast<std::int64_t>(a.deployments.size()) + 1;
    p.tie = point.step_s <= a.spread.best_step_s * (1.0 + kTieShare);
    p.reasons = reasons_of(p, base);
    a.deployments.push_back(std::move(p));
  }
  for (const TrainingPoint& point : screen.misses) {
    if (!request.near_misses || a.rejected.size() == std::min(kMostMisses, request.most)) break;
    a.rejected.push_back(miss_of(catalog, base, request, point));
  }
  const bool memory = !screen.misses.empty();
  a.binding = memory || a.deployments.empty() ? "memory" : a.deployments.front().performance.bound;
  a.notes = notes_of(a.spread);
  return a;
}

}  // namespace dsplan::plan
