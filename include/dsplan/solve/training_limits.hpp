// The largest micro-batch and sequence that a training run holds: inverses of its memory estimate.
#pragma once

#include <cstdint>

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/gpu.hpp"
#include "dsplan/estimate/training_memory.hpp"
#include "dsplan/workload/training.hpp"

namespace dsplan::solve {

/// What the run may count on: the device less what the allocator takes beyond its usual share in
/// the worst of ten runs. The last GiB is a risk, not a yes.
[[nodiscard]] Bytes training_usable(const workload::Training& t,
                                    const estimate::TrainingGpu& demand,
                                    const catalog::Gpu& gpu);

/// What one GPU of a stage lacks there; at most 0 when it fits.
[[nodiscard]] Bytes shortfall(const workload::Training& t,
                              const estimate::TrainingGpu& demand,
                              const catalog::Gpu& gpu);

/// Does every stage fit into it?
[[nodiscard]] bool holds(const workload::Training& t, const catalog::Gpu& gpu);

/// The same run with other sizes; the global batch keeps its number of micro-batches.
[[nodiscard]] workload::Training with_micro_batch(const workload::Training& t,
                                                  std::int64_t micro_batch);
[[nodiscard]] workload::Training with_seq_len(const workload::Training& t, std::int64_t seq_len);

/// Most sequences that can pass at once; 0 when not even one fits. At most kMostMicroBatch.
[[nodiscard]] std::int64_t max_micro_batch(const workload::Training& t, const catalog::Gpu& gpu);

/// Longest sequence, in whole parts for context and sequence parallel ranks, at most the model's
/// own limit; 0 when none fits.
[[nodiscard]] std::int64_t max_seq_len(const workload::Training& t, const catalog::Gpu& gpu);

inline constexpr std::int64_t kMostMicroBatch = 65'536;

}  // namespace dsplan::solve
