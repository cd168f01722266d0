// How many parameters a model has and where they sit, computed from its architecture.
//
// Every figure is a count of parameters, never bytes. The parts follow what later formulas treat
// differently: a quantized format covers the matrices of attention and MLP, while norms, biases,
// routers, embedding and head keep 16 bits or more; tensor parallelism splits most matrices but
// copies some; a pipeline stage holds some layers of each kind.
//
//   [P-TOTAL]   embedding + positions + sum over kinds of layers (layers x parameters of one)
//               + final norm + head + other + vision
//   [P-ACTIVE]  [P-TOTAL] without vision, each MoE layer with k of its E routed experts
//   [P-MTP]     mtp_layers x (attention + MLP + norms of a decoder layer + 2 h^2 + 3 h)
//
// Source: the tensor shapes of the published checkpoints; the totals agree with the counts in
// their safetensors headers (data/models.yaml, exact_parameters).
//
// Precondition: the fields of the model are not negative and small enough for the products to fit
// 64 bits. The catalog is checked when it is built; a reader of user files must bound them itself.
#pragma once

#include <cstdint>

#include "dsplan/catalog/model.hpp"

namespace dsplan::estimate {

/// The attention of one layer, softmax or linear. The parts do not overlap.
struct AttentionParameters {
  std::int64_t sharded = 0;     ///< matrices that tensor parallelism splits: query, gate, output;
                                ///< MLA: q_b, kv_b, output; linear: all but the small ones
  std::int64_t key_value = 0;   ///< K and V projections: split, but copied when ranks > KV heads
  std::int64_t replicated = 0;  ///< matrices on every rank: MLA q_a, kv_a; indexer
  std::int64_t small = 0;       ///< unquantized: biases, norms inside, sinks, convolution, decays
};

/// The MLP of one layer, dense or with experts. The parts do not overlap.
struct MlpParameters {
  std::int64_t dense = 0;         ///< matrices of a dense MLP
  std::int64_t routed = 0;        ///< matrices of the routed experts
  std::int64_t shared = 0;        ///< matrices of the shared experts
  std::int64_t routed_small = 0;  ///< unquantized: biases of the routed experts
  std::int64_t small = 0;         ///< unquantized: other biases, router, gate of the shared expert
};

/// How many layers of each kind. Each decoder layer is one attention and one MLP.
struct LayerCounts {
  std::int64_t softmax = 0;  ///< attention over all tokens or a window: same parameters
  std::int64_t linear = 0;   ///< attention with a fixed state
  std::int64_t dense = 0;
  std::int64_t moe = 0;
};

/// What a model is made of; see [P-TOTAL].
struct Parameters {
  LayerCounts layers;
  AttentionParameters softmax;   ///< of one layer
  AttentionParameters linear;    ///< of one layer
  MlpParameters dense;           ///< of one layer
  MlpParameters moe;             ///< of one layer
  MlpParameters moe_active;      ///< of one layer, what one token uses of it
  std::int64_t layer_norms = 0;  ///< of one layer

  std::int64_t embedding = 0;
  std::int64_t positions = 0;    ///< learned position table
  std::int64_t head = 0;         ///< 0 when it reuses the embedding table
  std::int64_t final_small = 0;  ///< final norm and bias of the head
  std::int64_t other = 0;        ///< embedding norms, poolers
  std::int64_t vision = 0;       ///< vision tower and projector

  std::int64_t mtp_layers = 0;  ///< not part of the total
  std::int64_t mtp_extra = 0;   ///< what one adds to a decoder layer: projection and norms
};

[[nodiscard]] Parameters parameters(const catalog::Model& model);

/// Layers of each kind in the whole decoder.
[[nodiscard]] LayerCounts layer_counts(const catalog::Model& model);

/// What a quantized format covers, in one layer.
[[nodiscard]] constexpr std::int64_t matrices(const AttentionParameters& a) {
  return a.sharded + a.key_value + a.replicated;
}
[[nodiscard]] constexpr std::int64_t matrices(const MlpParameters& m) {
  return m.dense + m.routed + m.shared;
}

/// All of one layer's attention or MLP.
[[nodiscard]] constexpr std::int64_t total(const AttentionParameters& a) {
  return matrices(a) + a.small;
}
[[nodiscard]] constexpr std::int64_t total(const MlpParameters& m) {
  return matrices(m) + m.routed_small + m.small;
}

/// Decoder layers only: of the whole model, or of a pipeline stage that holds `layers` of them.
[[nodiscard]] std::int64_t layers_total(const Parameters& p, const LayerCounts& layers);

/// [P-TOTAL] Without MTP layers and quantization scales; with the vision tower.
[[nodiscard]] std::int64_t total(const Parameters& p);

/// [P-ACTIVE] Used for one text token: embedding and head count whole, the vision tower does not.
[[nodiscard]] std::int64_t active(const Parameters& p);

/// [P-MTP] All MTP layers. They share embedding and head with the main model.
[[nodiscard]] std::int64_t mtp(const Parameters& p);

}  // namespace dsplan::estimate
