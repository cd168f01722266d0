#include "dsplan/workload/inference.hpp"

#include <algorithm>

namespace dsplan::workload {
namespace {

// A server's card stands in when the device is not known yet.
constexpr double kUnknownDeviceGib = 80.0;

double tier_memory_gib(const catalog::Engine& e, const catalog::Gpu* gpu) {
  if (gpu == nullptr) return kUnknownDeviceGib;
  const bool lowest = std::find(e.lowest_tier_gpus.begin(), e.lowest_tier_gpus.end(), gpu->id) !=
                      e.lowest_tier_gpus.end();
  return lowest ? 0.0 : in_gib(catalog::runtime_memory(*gpu));
}

}  // namespace

StepLimits step_limits(const Inference& w, const catalog::Gpu* gpu) {
  const double memory_gib = tier_memory_gib(*w.engine, gpu);
  StepLimits limits{catalog::tier_value(w.engine->batched_tokens_by_gib, memory_gib),
                    catalog::tier_value(w.engine->seqs_by_gib, memory_gib)};
  if (w.settings.max_batched_tokens) limits.batched_tokens = *w.settings.max_batched_tokens;
  if (w.settings.max_seqs) limits.seqs = *w.settings.max_seqs;
  // An engine that has no such limit runs what it is given, in one step.
  if (limits.batched_tokens == 0) limits.batched_tokens = sequences_per_gpu(w) * w.input_tokens;
  if (limits.seqs == 0) limits.seqs = sequences_per_gpu(w);
  limits.seqs = std::min(limits.seqs, limits.batched_tokens);
  return limits;
}

}  // namespace dsplan::workload
