// The numbers of a training run that its time is made of, as reals.
#pragma once

#include "dsplan/workload/training.hpp"

namespace dsplan::estimate {

struct TrainingShape {
  // Forward FLOPs of one token through the whole model, multi-token prediction included.
  double projections = 0.0;  ///< matrices of attention
  double mlp = 0.0;          ///< of dense MLPs
  double experts = 0.0;      ///< routed to and shared
  double head = 0.0;
  double attention = 0.0;  ///< causal

  double layers = 0.0;
  double moe_layers = 0.0;
  double linear_layers = 0.0;  ///< with a state in place of attention
  double hidden = 0.0;
  double heads = 0.0;
  double kv_heads = 0.0;
  double head_dim = 0.0;
  double ffn = 0.0;  ///< of the dense MLP; models with experts: of one expert
  double shared_ffn = 0.0;
  double mlp_matrices = 0.0;  ///< 3 gated, 2 not
  double vocab = 0.0;
  double experts_count = 1.0;
  double experts_per_token = 0.0;
  bool moe = false;

  double tokens = 0.0;  ///< of a micro-batch on one context-parallel rank
  double sequence = 0.0;
  double micro_batches = 1.0;
  double tp = 1.0, pp = 1.0, vpp = 1.0, cp = 1.0, ep = 1.0;
  double ring = 1.0;         ///< ranks that hold the same dense parameters: dp x cp
  double expert_ring = 1.0;  ///< that hold the same experts
  double gpus = 1.0;

  double passes = 3.0;     ///< forward and backward of matrices: 3, or 2 where they are frozen
  double repeated = 0.0;   ///< forward passes computed again by the backward pass
  bool reattends = false;  ///< of attention alone
  bool trains_matrices = true;

  double dense_parameters = 0.0;  ///< all but routed experts
  double expert_parameters = 0.0;

  /// A stage's share, split over tp (and pp), of what one GPU holds.
  [[nodiscard]] double parameters_here() const {
    return dense_parameters / (tp * pp) + expert_parameters / (pp * ep);
  }
};

[[nodiscard]] TrainingShape training_shape(const workload::Training& t);

/// What the model, the sequence and multi-token prediction decide; the rest is left as it is made.
[[nodiscard]] TrainingShape model_shape(const workload::Training& t);
/// The rest: layout, batch and recomputation. `s` is a `model_shape` of the same model and
/// sequence.
void set_run(TrainingShape& s, const workload::Training& t);

}  // namespace dsplan::estimate
