// The answer to "what does it occupy, and does it fit?": the estimate, its limits, and where else
// it would fit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dsplan/base/note.hpp"
#include "dsplan/base/units.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/plan/deployment.hpp"

namespace dsplan::plan {

/// One GPU of the fullest stage. The six terms add up to the total. What needs a GPU is absent
/// without one; headroom is negative by how much is missing.
struct PerGpuMemory {
  std::string rank;
  Bytes weights;
  Bytes kv_cache;
  Bytes activations;
  Bytes gradients;
  Bytes optimizer;
  Bytes runtime;
  Bytes total;
  std::optional<Bytes> capacity;
  std::optional<Bytes> usable;
  std::optional<Bytes> headroom;
  std::optional<double> headroom_fraction;  ///< of usable
  std::optional<Bytes> allocated;           ///< training: what the allocator hands out
  std::optional<Bytes> reserved;            ///< training: what it holds of the device
  std::optional<Bytes> reserved_p90;        ///< training: the same in the worst of ten runs
};

/// A part of one of the six terms.
struct MemoryTerm {
  std::string term;
  std::string part;
  Bytes size;
  std::string formula;    ///< id in docs/formulas.md
  std::string reckoning;  ///< the formula with its values put in
};

/// A change after which it fits, as checked by the same estimate.
struct Fix {
  std::string change;
  std::string flags;  ///< what to add to or change on the command line
  std::string gives_up;
  std::int64_t gpus = 1;
  Bytes total_per_gpu;
  Bytes headroom;
};

/// The fewest GPUs of one kind that hold it.
struct FitsOn {
  std::string gpu;
  std::int64_t gpus = 1;
  std::string layout;
  Bytes total_per_gpu;
  Bytes usable_per_gpu;
  double headroom_fraction = 0.0;
};

/// What a size alone leaves open: the least and the most over plausible shapes.
struct ShapeInterval {
  std::string least_shape;
  std::string most_shape;
  Bytes kv_bytes_per_token_least;
  Bytes kv_bytes_per_token_most;
  Bytes total_least;
  Bytes total_most;
};

/// The engine's pool, where it preallocates one.
struct PoolAnswer {
  Bytes size;
  std::int64_t tokens = 0;
};

/// The guides' dynamic batch beside what fits.
struct BatchAdjustment {
  std::int64_t current = 0;
  double utilization = 0.0;
  std::int64_t rule_next = 0;
  std::optional<std::int64_t> largest_that_fits;
};

struct MemoryAnswer {
  PerGpuMemory per_gpu;
  std::vector<MemoryTerm> breakdown;
  Bytes total;  ///< over all GPUs
  Bytes host;   ///< weights that stay in host memory
  std::int64_t gpus = 1;
  workload::Layout layout;
  std::int64_t parameters = 0;
  std::int64_t active_parameters = 0;
  std::optional<bool> fits;
  std::optional<std::int64_t> max_batch;
  std::optional<std::int64_t> max_context_tokens;
  Bytes kv_bytes_per_token;
  Bytes kv_bytes_per_token_beyond_window;
  std::optional<PoolAnswer> kv_pool;
  std::optional<BatchAdjustment> adjust_batch;
  std::optional<ShapeInterval> interval;
  std::vector<Fix> fixes;
  std::vector<FitsOn> fits_on;
  std::vector<Warning> warnings;  ///< for the answer around it
};

/// By the detailed estimate.
[[nodiscard]] MemoryAnswer memory_answer(const catalog::Catalog& catalog,
                                         const Deployment& deployment);

/// The parts of what one GPU of the fullest stage holds; they add up to its total.
[[nodiscard]] std::vector<MemoryTerm> memory_terms(const Deployment& deployment);

/// By the guides' rule [G-MEMORY]: `gpus` cards hold the sum, `reserve` of each is kept free.
struct RuleQuestion {
  double parameters = 0.0;
  const catalog::Format* format = nullptr;
  std::int64_t batch = 1;
  const catalog::Gpu* gpu = nullptr;  ///< may be null
  std::int64_t gpus = 1;
  double reserve_fraction = 0.1;
};
[[nodiscard]] MemoryAnswer rule_memory_answer(const RuleQuestion& question);

/// The fewest GPUs of each kind in the catalog that the engine runs on, fewest bytes of memory
/// first.
[[nodiscard]] std::vector<FitsOn> fits_on(const catalog::Catalog& catalog,
                                          const Deployment& deployment);

/// The nearest changes that make it fit, what costs least first: precision of the cache, then
/// length or concurrency, then precision of the weights, then more GPUs, then others.
[[nodiscard]] std::vector<Fix> memory_fixes(const catalog::Catalog& catalog,
                                            const Deployment& deployment);

}  // namespace dsplan::plan
