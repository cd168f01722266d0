#include "dsplan/solve/training_limits.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/solve/largest.hpp"

namespace dsplan::solve {

using workload::Training;

Bytes training_usable(const Training& t,
                      const estimate::TrainingGpu& demand,
                      const catalog::Gpu& gpu) {
  const Bytes spread = estimate::reserved_p90(t, demand) - estimate::reserved(t, demand);
  return bytes(std::floor((catalog::runtime_memory(gpu) - spread).value));
}

Bytes shortfall(const Training& t, const estimate::TrainingGpu& demand, const catalog::Gpu& gpu) {
  return estimate::device_used(t, demand) - training_usable(t, demand, gpu);
}

bool holds(const Training& t, const catalog::Gpu& gpu) {
  const auto memory = estimate::training_memory(t);
  return std::all_of(
      memory.stages.begin(), memory.stages.end(), [&](const estimate::TrainingGpu& g) {
        return shortfall(t, g, gpu) <= Bytes{};
      });
}

Training with_micro_batch(const Training& t, std::int64_t micro_batch) {
  Training other = t;
  other.micro_batch = micro_batch;
  other.global_batch = workload::micro_batches(t) * micro_batch * t.layout.dp;
  return other;
}

Training with_seq_len(const Training& t, std::int64_t seq_len) {
  Training other = t;
  other.seq_len = seq_len;
  return other;
}

std::int64_t max_micro_batch(const Training& t, const catalog::Gpu& gpu) {
  return largest(kMostMicroBatch,
                 [&](std::int64_t n) { return holds(with_micro_batch(t, n), gpu); });
}

std::int64_t max_seq_len(const Training& t, const catalog::Gpu& gpu) {
  const std::int64_t parts = t.layout.cp * (workload::sequence_parallel(t) ? t.layout.tp : 1);
  const std::int64_t most = t.model->max_context_tokens / parts;
  return parts *
         largest(most, [&](std::int64_t n) { return holds(with_seq_len(t, n * parts), gpu); });
}

}  // namespace dsplan::solve
