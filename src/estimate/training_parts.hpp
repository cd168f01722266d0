// The subjects that training memory is made of; formulas in dsplan/estimate/training_memory.hpp.
#pragma once

#include "dsplan/base/units.hpp"
#include "dsplan/estimate/stage.hpp"
#include "dsplan/estimate/training_memory.hpp"
#include "dsplan/workload/training.hpp"

namespace dsplan::estimate {

/// Ranks that share a sharded part: of experts, of everything else.
[[nodiscard]] double expert_ranks(const workload::Training& t);
[[nodiscard]] double dense_ranks(const workload::Training& t);

/// Bytes per parameter that trains.
struct Recipe {
  double weight = 0.0;
  double gradient = 0.0;
  double master = 0.0;
  double states = 0.0;
  double embedding_states = 0.0;
};
[[nodiscard]] Recipe recipe(const workload::Training& t);

/// Bytes of one number of optimizer state where what it updates has `updated_bytes`.
[[nodiscard]] double state_bytes(const catalog::Optimizer& optimizer, double updated_bytes);
/// Numbers of optimizer state per parameter.
[[nodiscard]] double state_count(const workload::Training& t);

/// Weights, gradients and optimizer of one GPU, in bytes; not yet whole.
struct States {
  double weights = 0.0;
  double gradients = 0.0;
  double optimizer = 0.0;
};
[[nodiscard]] States full_states(const workload::Training& t, const HeldParameters& held);
[[nodiscard]] States adapter_states(const workload::Training& t,
                                    const Stage& stage,
                                    const HeldParameters& held);

/// [T-GATHER] in bytes, for full training and for adapters.
[[nodiscard]] double full_gathered(const workload::Training& t, const HeldParameters& held);
[[nodiscard]] double adapter_gathered(const workload::Training& t, const HeldParameters& held);

/// Bytes of activations: kept for all micro-batches in flight, and beside them while a layer is
/// worked on.
struct KeptActivations {
  double kept = 0.0;
  double work = 0.0;
  double host = 0.0;  ///< kept in host memory instead
};
[[nodiscard]] KeptActivations kept_activations(const workload::Training& t, const Stage& stage);

/// [T-FLIGHT] of the stage, in micro-batches.
[[nodiscard]] double in_flight(const workload::Training& t, const Stage& stage);

/// [T-LOGITS] of a stage that holds the head.
[[nodiscard]] double logits_bytes(const workload::Training& t);

}  // namespace dsplan::estimate
