#include "dsplan/estimate/training_memory.hpp"

#include <algorithm>
#include <cmath>

#include "training_parts.hpp"

namespace dsplan::estimate {
namespace {

using workload::Method;
using workload::Training;

Bytes whole(double n) { return bytes(std::ceil(std::max(n, 0.0))); }

/// Puts the states where they are kept: on the device, in managed memory or on the host.
void place_states(const Training& t, const States& s, TrainingGpu& gpu) {
  gpu.gradients = whole(s.gradients);
  (t.offload.parameters ? gpu.host : gpu.weights) = whole(s.weights);
  if (t.offload.optimizer) {
    gpu.host += whole(s.optimizer);
  } else {
    (t.optimizer->paged ? gpu.paged : gpu.optimizer) = whole(s.optimizer);
  }
}

/// GPUs of a stage times how many stages are like it.
double alike(const Training& t, const Stage& stage) {
  const std::int64_t between = t.layout.pp - (t.layout.pp > 1 ? 2 : 1);
  const std::int64_t stages = stage.first || stage.last ? 1 : std::max<std::int64_t>(between, 1);
  return static_cast<double>(stages * t.layout.tp * t.layout.cp * t.layout.dp);
}

}  // namespace

TrainingGpu training_gpu(const Training& t, const Stage& stage, const HeldParameters& held) {
  const bool full = t.method == Method::full;
  const KeptActivations a = kept_activations(t, stage);
  const double logits = stage.last ? logits_bytes(t) : 0.0;
  const double gathered = full ? full_gathered(t, held) : adapter_gathered(t, held);
  TrainingGpu gpu;
  gpu.stage = stage;
  place_states(t, full ? full_states(t, held) : adapter_states(t, stage, held), gpu);
  gpu.activations = whole(a.kept);
  gpu.host += whole(a.host);
  gpu.logits = whole(logits);
  gpu.transient = whole(gathered + std::max(a.work - logits, 0.0));
  gpu.runtime = whole(mib(t.framework->workspace_mib).value);
  return gpu;
}

TrainingMemory training_memory(const Training& t) {
  TrainingMemory memory;
  for (const Stage& stage : even_stages(*t.model, t.layout.pp)) {
    memory.stages.push_back(training_gpu(t, stage, held_parameters(t, stage)));
    const TrainingGpu& gpu = memory.stages.back();
    memory.all_gpus += total(gpu) * alike(t, stage);
    if (total(gpu) > total(memory.worst_gpu())) memory.worst = memory.stages.size() - 1;
  }
  return memory;
}

Bytes reserved(const Training& t, const TrainingGpu& gpu) {
  return whole(total(gpu).value * t.framework->reserved_ratio);
}

Bytes reserved_p90(const Training& t, const TrainingGpu& gpu) {
  return whole(total(gpu).value * t.framework->reserved_p90_ratio);
}

Bytes device_used(const Training& t, const TrainingGpu& gpu) {
  return reserved(t, gpu) + whole(mib(t.framework->context_mib).value) + gpu.paged;
}

Bytes peak(const Training& t, const TrainingMemory& memory, MemoryScope scope) {
  const TrainingGpu& gpu = memory.worst_gpu();
  switch (scope) {
    case MemoryScope::allocated:
      return total(gpu);
    case MemoryScope::reserved:
      return reserved(t, gpu);
    case MemoryScope::device:
      break;
  }
  return device_used(t, gpu);
}

}  // namespace dsplan::estimate
