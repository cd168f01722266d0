#include "dsplan/plan/engine_memory.hpp"

#include "dsplan/estimate/memory.hpp"

namespace dsplan::plan {
namespace {

constexpr std::string_view kTokens = "kv_cache_tokens";

/// A log speaks of one rank. With several stages most ranks are neither the first nor the last.
const estimate::GpuMemory& usual_stage(const estimate::InferenceMemory& memory) {
  return memory.stages[memory.stages.size() > 2 ? 1 : 0];
}

}  // namespace

std::optional<double> engine_figure(const Deployment& d, std::string_view metric) {
  const workload::Inference& w = d.workload;
  const auto memory = estimate::inference_memory(w, d.gpu);
  const estimate::GpuMemory& g = usual_stage(memory);
  const Bytes non_torch = g.runtime.context + g.runtime.communication;
  if (metric == "weights_gib_per_gpu") return in_gib(estimate::total(g.weights));
  if (metric == "activation_peak_gib_per_gpu") return in_gib(g.activations);
  if (metric == "non_torch_gib_per_gpu") return in_gib(non_torch);
  if (metric == "cuda_graph_gib_per_gpu") return in_gib(g.runtime.graphs);
  if (metric == "non_kv_total_gib_per_gpu") {
    return in_gib(estimate::total(g.weights) + g.activations + non_torch);
  }
  const auto pool = estimate::kv_pool(w, memory, *d.gpu);
  if (metric == "kv_cache_gib_per_gpu") return in_gib(pool.size);
  if (metric == kTokens) return static_cast<double>(pool.tokens);
  return std::nullopt;
}

std::string_view engine_figure_unit(std::string_view metric) {
  return metric == kTokens ? "tokens" : "GiB";
}

}  // namespace dsplan::plan
