// What training or fine-tuning occupies on each GPU at the peak of a step.
//
// States, bytes per parameter that the GPU holds (matrices / tp; norms, routers and MLA's
// down-projections whole; experts / ep, or / tp without ep). D = dp x cp ranks share a sharded
// part; for experts D = dp x cp x tp / ep.
//   [T-STATE]  weights: the framework's width (2; 4 in fp32 or where it keeps fp32 shards), / D
//              when weights are sharded
//   [T-GRAD]   gradients: all buffers of the recipe (bf16 2, fp32 4, both 6), / D when sharded; one
//              layer or the embedding alone where the optimizer runs in the backward pass
//   [T-OPT]    fp32 master (4, where there is one) + states x their width, / D when sharded;
//              Adafactor 2 / h numbers. Paged states stand apart: the allocator has no part in them
//   So Megatron takes 2 + 4 + 12 = 18, with its distributed optimizer 6 + 12 / D, ZeRO-3 18 / D,
//   FSDP2 16 / D, pure bf16 8.
//
// Activations, bytes per token (T = micro-batch x sequence / cp) and layer in 16 bits; what has the
// hidden width is split over tp only with sequence parallelism, all else always:
//   [T-ACT]    norms and dropout (framework) + 4 h inputs of attention and MLP + 2 a (d + d_v)
//              query and output + 2 k (d + d_v) keys and values + 4 a softmax sums + (g + 2) f,
//              g what the activation function keeps (2 if not gated); MLA also 4 (r_q + r_kv +
//              d_rope); MoE k (4 h + (g + 2) f_m) + (g + 2) f_s + 4 E; 5 a s scores without flash
//              attention; inputs one byte less per value in fp8 (TransformerEngine); x 2 in fp32
//   [T-SELECT] selective recomputation drops scores and softmax sums, or (torchtitan) keeps the
//              layer's input, the attention's output and products of query, value and gate
//   [T-FULL]   full recomputation keeps the layer's input, 2 h (unsloth: on the host)
//   [T-FLIGHT] micro-batches in flight on stage i of p: min(p - i, m); with v chunks a stage
//              min(p (v - 1) + 2 (p - i) - 1, m v) / v
//   [T-WORK]   beside them: gradients, half of what a layer keeps, and with recomputation the layer
//   itself [T-LOGITS] T V / tp x 12 (PyTorch's cross entropy) or 6 (fused), on the last stage; the
//   peak is
//              the larger of logits and [T-WORK], never both
//   [T-GATHER] weights and gradients of the layer at hand where weights are sharded, and what the
//              framework leaves gathered; else one layer's fresh gradients, 2 bytes
//   [T-LORA]   base frozen (2 bytes, or the format's bits; embedding and head 2 or 4), adapters
//              r (in + out) per target with their gradients and states; inputs are kept of matrices
//              with adapters alone, norms do not train, logits and the rest as above
//   [T-RESERVED] allocated x 1.04 (p90 1.07); the device holds context and paged states on top
//
// Not modelled: multi-token-prediction layers, vision towers' activations, unequal stages that give
// the loss a layer's place, capacity factors of experts, hybrid sharding within a node, buckets of
// ZeRO. Layers with a window or linear attention count as full ones.
//
// Source: Korthikanti et al. 2022 and the frameworks' code (data/frameworks.yaml). Errors by
// framework: docs/accuracy.md, tests/accuracy/training_memory.csv: in the median 1 % for Megatron,
// 7 to 9 % where the recipe is known; a factor of two where it is not (LitGPT's full fine-tuning).
#pragma once

#include <cstddef>
#include <vector>

#include "dsplan/base/units.hpp"
#include "dsplan/estimate/stage.hpp"
#include "dsplan/workload/training.hpp"

namespace dsplan::estimate {

/// Parameters that one GPU of a stage holds before any sharding over data-parallel ranks.
struct HeldParameters {
  double matrices = 0.0;  ///< of attention, MLP and shared experts
  double small = 0.0;     ///< norms, biases, routers
  double experts = 0.0;
  double ends = 0.0;   ///< embedding, positions, head
  double layer = 0.0;  ///< of the largest layer, routed experts left out
  double layer_experts = 0.0;
};
/// Of the method and the layout only tp and ep count.
[[nodiscard]] HeldParameters held_parameters(const workload::Training& t, const Stage& stage);

/// One GPU of a pipeline stage at its peak. Whole bytes; the parts add up to the total.
struct TrainingGpu {
  Stage stage;
  Bytes weights;      ///< [T-STATE], adapters included
  Bytes gradients;    ///< [T-GRAD]
  Bytes optimizer;    ///< [T-OPT], master weights included
  Bytes activations;  ///< [T-ACT] of all micro-batches in flight
  Bytes logits;       ///< [T-LOGITS]
  Bytes transient;    ///< [T-GATHER], and [T-WORK] where it exceeds the logits
  Bytes runtime;      ///< workspaces of the libraries

  Bytes paged;  ///< optimizer states in managed memory; not part of the total
  Bytes host;   ///< in host memory instead; not part of the total
};

/// What the framework's allocator hands out at the peak: "allocated".
[[nodiscard]] constexpr Bytes total(const TrainingGpu& g) {
  return g.weights + g.gradients + g.optimizer + g.activations + g.logits + g.transient + g.runtime;
}

/// `stages` holds one GPU of each kind of stage; `worst` indexes the fullest.
struct TrainingMemory {
  std::vector<TrainingGpu> stages;
  std::size_t worst = 0;
  Bytes all_gpus;  ///< allocated over the whole layout

  [[nodiscard]] const TrainingGpu& worst_gpu() const { return stages[worst]; }
};

/// Pure; never fails. For an impossible layout (see `workload::obstacle`) it says what the shares
/// would take.
[[nodiscard]] TrainingMemory training_memory(const workload::Training& t);

/// One GPU of a stage; `held` is what `held_parameters` says of the same stage, tp and ep.
[[nodiscard]] TrainingGpu training_gpu(const workload::Training& t,
                                       const Stage& stage,
                                       const HeldParameters& held);

/// [T-RESERVED] What the allocator holds of the device.
[[nodiscard]] Bytes reserved(const workload::Training& t, const TrainingGpu& gpu);
/// The same in the worst of ten runs.
[[nodiscard]] Bytes reserved_p90(const workload::Training& t, const TrainingGpu& gpu);
/// What nvidia-smi shows.
[[nodiscard]] Bytes device_used(const workload::Training& t, const TrainingGpu& gpu);

/// What a published peak counts.
enum class MemoryScope { allocated, reserved, device };

/// The fullest GPU's peak as the scope counts it.
[[nodiscard]] Bytes peak(const workload::Training& t,
                         const TrainingMemory& memory,
                         MemoryScope scope);

}  // namespace dsplan::estimate
