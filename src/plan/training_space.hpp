// The points of a training search [TS-SPACE]: layouts, and the choices within one.
#pragma once

#include <cstdint>
#include <vector>

#include "dsplan/plan/training_search.hpp"

namespace dsplan::plan {

/// Layouts without a hard obstacle whose ranks divide the global batch and the sequence; least
/// model parallelism first.
[[nodiscard]] std::vector<workload::Layout> space_layouts(const workload::Training& base,
                                                          const TrainingSearchRequest& request,
                                                          std::int64_t node_gpus);

/// What is chosen beside layout, micro-batch and overlap.
struct TrainingRecipe {
  std::int64_t vpp = 1;
  workload::Recompute recompute = workload::Recompute::none;
  bool sequence_parallel = false;
  std::optional<std::int64_t> zero;  ///< nothing: the framework's, where all stages are alike
  workload::Offload offload;
};

/// The recipes of a layout that differ in what they do, simplest first.
[[nodiscard]] std::vector<TrainingRecipe> space_recipes(const workload::Training& base,
                                                        const workload::Layout& layout,
                                                        const TrainingRequest& said);

/// `base` with layout and recipe set.
[[nodiscard]] workload::Training with_recipe(const workload::Training& base,
                                             const workload::Layout& layout,
                                             const TrainingRecipe& recipe);

/// Micro-batches that divide a rank's share of the global batch and have no obstacle in `t`,
/// smallest first.
[[nodiscard]] std::vector<std::int64_t> space_micro_batches(const workload::Training& t,
                                                            const TrainingRequest& said);

}  // namespace dsplan::plan
