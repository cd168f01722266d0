#include "dsplan/solve/memory_limits.hpp"

#include <algorithm>

#include "dsplan/estimate/memory.hpp"
#include "dsplan/solve/largest.hpp"

namespace dsplan::solve {

using workload::Inference;

Inference with_batch(const Inference& w, std::int64_t batch) {
  Inference other = w;
  other.batch = batch;
  return other;
}

Inference with_context(const Inference& w, std::int64_t context) {
  Inference other = w;
  other.output_tokens = std::min(w.output_tokens, context - 1);
  other.input_tokens = context - other.output_tokens;
  return other;
}

bool holds(const Inference& w, const catalog::Gpu& gpu) {
  return estimate::fits(w, estimate::inference_memory(w, &gpu), gpu);
}

std::int64_t max_batch(const Inference& w, const catalog::Gpu& gpu) {
  return largest(kMostSequences, [&](std::int64_t n) { return holds(with_batch(w, n), gpu); });
}

std::int64_t max_context(const Inference& w, const catalog::Gpu& gpu) {
  return largest(w.model->max_context_tokens,
                 [&](std::int64_t n) { return holds(with_context(w, n), gpu); });
}

}  // namespace dsplan::solve
