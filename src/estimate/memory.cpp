#include "dsplan/estimate/memory.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dsplan/estimate/activations.hpp"

#include "arithmetic.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Engine;
using workload::Inference;
using workload::StepLimits;

Bytes whole_mib(double n) { return bytes(std::ceil(n * kMebi)); }

RuntimeBytes runtime(const Inference& w, const Stage& stage) {
  const Engine& e = *w.engine;
  RuntimeBytes r;
  r.context = whole_mib(e.context_mib);
  if (workload::group_size(w.layout) * w.layout.cp > 1)
    r.communication = whole_mib(e.communication_mib);
  const double experts = catalog::is_moe(*w.model) ? e.graph_mib_with_experts : 0.0;
  r.graphs = whole_mib(e.graph_mib + e.graph_mib_per_layer * real(stage.layers) + experts);
  return r;
}

GpuMemory stage_memory(const Inference& w, const Stage& stage, const StepLimits& limits) {
  const std::int64_t sequences = workload::sequences_per_gpu(w);
  const std::int64_t context = workload::context_tokens(w);
  GpuMemory g;
  g.stage = stage;
  g.weights = weights(w, stage);
  g.kv_cache = kv_cache(w, stage, sequences, context, limits.batched_tokens);
  const KvCacheBytes prompts = kv_cache(w, stage, sequences, w.input_tokens, limits.batched_tokens);
  g.activations = activations(w, stage, limits, total(g.kv_cache) - total(prompts));
  g.runtime = runtime(w, stage);
  return g;
}

/// Stages between the first and the last are alike, so one stands for all of them.
std::int64_t alike(const Inference& w, std::size_t stage, std::size_t kinds) {
  return kinds == 3 && stage == 1 ? w.layout.pp - 2 : 1;
}

double share(const Inference& w) {
  return w.settings.memory_utilization.value_or(w.engine->memory_utilization);
}

/// What SGLang keeps from weights and pool; activations and graphs live inside it.
Bytes pool_reserve(const Inference& w, const catalog::Gpu& gpu, Bytes capacity) {
  if (w.settings.memory_utilization) return capacity * (1.0 - *w.settings.memory_utilization);
  const Engine& e = *w.engine;
  const StepLimits limits = workload::step_limits(w, &gpu);
  const double reserve = e.reserve_mib +
                         e.reserve_mib_per_batched_token * real(limits.batched_tokens) +
                         e.reserve_mib_per_gpu * real(workload::replica_gpus(w.layout)) +
                         e.reserve_mib_per_graph_seq * real(limits.seqs);
  const bool large = in_gib(capacity) > 60.0;
  return mib(std::max(reserve, large ? e.reserve_large_mib : 0.0));
}

Bytes usable_by_rule(const Inference& w,
                     const GpuMemory& g,
                     const catalog::Gpu& gpu,
                     Bytes capacity) {
  const Engine& e = *w.engine;
  if (e.budget == "total") {
    const Bytes outside = e.graphs_in_budget ? bytes(0) : g.runtime.graphs;
    return std::min(capacity, capacity * share(w) + outside);
  }
  if (e.budget == "free") {
    const Bytes others = total(g) - total(g.kv_cache);
    // What does not fit beside the cache leaves nothing to share out.
    return std::min(others, capacity) + std::max(bytes(0), capacity - others) * share(w);
  }
  if (e.budget == "reserve") {
    const Bytes covered = g.activations + g.runtime.graphs;
    return capacity - std::max(bytes(0), pool_reserve(w, gpu, capacity) - covered);
  }
  return capacity * share(w);
}

}  // namespace

InferenceMemory inference_memory(const Inference& w, const catalog::Gpu* gpu) {
  const StepLimits limits = workload::step_limits(w, gpu);
  InferenceMemory memory;
  for (const Stage& stage : stages(w)) memory.stages.push_back(stage_memory(w, stage, limits));
  const double copies = real(workload::gpu_count(w.layout) / w.layout.pp);
  for (std::size_t i = 0; i < memory.stages.size(); ++i) {
    if (total(memory.stages[i]) > total(memory.worst_gpu())) memory.worst = i;
    memory.all_gpus += total(memory.stages[i]) * (copies * real(alike(w, i, memory.stages.size())));
  }
  return memory;
}

Budget budget(const Inference& w, const GpuMemory& demand, const catalog::Gpu& gpu) {
  const Bytes capacity = bytes(std::floor(catalog::runtime_memory(gpu).value));
  Bytes usable = w.settings.reserve_fraction ? capacity * (1.0 - *w.settings.reserve_fraction)
                                             : usable_by_rule(w, demand, gpu, capacity);
  if (gpu.unified_memory && w.engine->split == "layer") usable = usable - host_weights(w);
  return {capacity, bytes(std::floor(usable.value))};
}

KvPool kv_pool(const Inference& w, const InferenceMemory& memory, const catalog::Gpu& gpu) {
  KvPool pool{bytes(std::numeric_limits<double>::infinity()),
              std::numeric_limits<std::int64_t>::max()};
  for (const GpuMemory& g : memory.stages) {
    const Bytes others = total(g) - total(g.kv_cache);
    const Bytes left = std::max(bytes(0), budget(w, g, gpu).usable - others);
    pool.size = std::min(pool.size, left);
    pool.tokens = std::min(pool.tokens, pool_tokens(w, g.stage, left));
  }
  pool.tokens *= w.layout.attention_dp * w.layout.dp;
  return pool;
}

bool fits(const Inference& w, const InferenceMemory& memory, const catalog::Gpu& gpu) {
  return std::all_of(memory.stages.begin(), memory.stages.end(), [&](const GpuMemory& g) {
    return total(g) <= budget(w, g, gpu).usable;
  });
}

}  // namespace dsplan::estimate
