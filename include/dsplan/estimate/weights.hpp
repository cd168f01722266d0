// What the weights occupy on one GPU of a stage.
//
//   [W-LINEAR]  matrices x bits / 8 / tp; K and V by whole heads, so copied when tp > kv_heads;
//               MLA down-projections and indexer on every rank
//   [W-EXPERT]  routed experts x bits / 8 / (tp x attention_dp): spread whole over ep, split beyond
//   [W-ENDS]    embedding on the first stage, head on the last, each padded vocabulary x hidden x
//               own bits / 8 / tp; a tied head is stored again only where the ends are apart
//   [W-SMALL]   norms, biases, routers: 16 bits (32 in an fp32 checkpoint), on every rank
//   [W-PAD]     MXFP4 experts padded to the kernel's width
//   [W-EXTRA]   tables the engine derives: cosines of all positions; MLA's absorbed projections
//
// Source: the engines' loaders; measured start-up logs (docs/accuracy.md).
#pragma once

#include "dsplan/base/units.hpp"
#include "dsplan/estimate/stage.hpp"
#include "dsplan/workload/inference.hpp"

namespace dsplan::estimate {

/// Whole bytes; the parts add up to the total.
struct WeightBytes {
  Bytes embedding;
  Bytes head;
  Bytes attention;  ///< matrices of attention, softmax and linear
  Bytes mlp;        ///< dense MLP and shared experts
  Bytes experts;    ///< routed experts
  Bytes small;      ///< norms, biases, routers, learned positions
  Bytes vision;
  Bytes derived;  ///< [W-EXTRA]
};

[[nodiscard]] constexpr Bytes total(const WeightBytes& w) {
  return w.embedding + w.head + w.attention + w.mlp + w.experts + w.small + w.vision + w.derived;
}

/// On each GPU of the stage.
[[nodiscard]] WeightBytes weights(const workload::Inference& w, const Stage& stage);

/// Of the whole model, once, as a checkpoint stores it: no padding, no copies, nothing derived.
[[nodiscard]] WeightBytes checkpoint_weights(const workload::Inference& w);

/// Kept in host memory by the engine: the input embedding, or layers left off the GPU.
[[nodiscard]] Bytes host_weights(const workload::Inference& w);

}  // namespace dsplan::estimate
