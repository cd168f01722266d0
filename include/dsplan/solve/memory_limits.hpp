// The largest batch and context that a deployment holds: inverses of the memory estimate.
#pragma once

#include <cstdint>

#include "dsplan/catalog/gpu.hpp"
#include "dsplan/workload/inference.hpp"

namespace dsplan::solve {

/// The same deployment with another batch, or with `context` tokens a sequence: the output stays as
/// long as there is room for a prompt of one token.
[[nodiscard]] workload::Inference with_batch(const workload::Inference& w, std::int64_t batch);
[[nodiscard]] workload::Inference with_context(const workload::Inference& w, std::int64_t context);

/// Does it fit on such GPUs?
[[nodiscard]] bool holds(const workload::Inference& w, const catalog::Gpu& gpu);

/// Most concurrent sequences of the same context that fit; 0 when not even one does. Memory grows
/// with the batch, so N holds and N+1 does not. At most kMostSequences.
[[nodiscard]] std::int64_t max_batch(const workload::Inference& w, const catalog::Gpu& gpu);

/// Longest context of the same batch that fits, at most the model's own limit; 0 when none does.
[[nodiscard]] std::int64_t max_context(const workload::Inference& w, const catalog::Gpu& gpu);

inline constexpr std::int64_t kMostSequences = 1'000'000;

}  // namespace dsplan::solve
