#include "dsplan/solve/memory_limits.hpp"

#include <algorithm>

#include "dsplan/estimate/memory.hpp"

namespace dsplan::solve {
namespace {

using workload::Inference;

/// The largest n from 1 to `most` for which `holds` is true, given that it is true up to some n and
/// false beyond; 0 when it is false at 1. Doubles, then halves the gap.
template <typename Predicate>
std::int64_t largest(std::int64_t most, const Predicate& predicate) {
  if (most < 1 || !predicate(1)) return 0;
  std::int64_t good = 1;
  std::int64_t bad = 2;
  while (bad <= most && predicate(bad)) {
    good = bad;
    bad *= 2;
  }
  bad = std::min(bad, most + 1);
  while (bad - good > 1) {
    const std::int64_t middle = good + (bad - good) / 2;
    (predicate(middle) ? good : bad) = middle;
  }
  return good;
}

}  // namespace

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
