// How long a step of training or fine-tuning takes: pure, from the run and a device's data sheet.
//
//   [TT-STEP]        slowest stage x micro-batches + mean stage x (pp - 1) / vpp + gradients that
//                    show + optimizer + 6 ms
//   [TT-MATRIX]      FLOPs over a share of the dense rate, plus the products' own traffic; grouped
//                    products of experts reach less, and less again with few tokens an expert
//   [TT-ATTENTION]   causal FLOPs over a share of the bf16 rate, 3.5 passes forward and back
//   [TT-ELEMENTWISE] bytes of norms, activations, residuals, routing and scores over the bandwidth
//   [TT-HEAD]        logits and loss, on the last stage
//   [TT-POWER]       rates follow the board's power where that bounds them
//   [TT-TENSOR], [TT-EXPERT], [TT-CONTEXT], [TT-PIPELINE]
//                    bytes over link or network, times the part that the framework leaves exposed
//   [TT-SHARD]       weights gathered and gradients reduced for every micro-batch (FSDP, ZeRO-3)
//   [TT-GRADIENT]    gradients of a step: what one micro-batch's work cannot hide, and at least a
//                    part of it; a ring takes 1.7 us a rank and message besides
//   [TT-OPTIMIZER]   bytes of gradients, weights, masters and states over the bandwidth
//   [TT-QLORA]       widening a 4-bit base for every pass
//   [TT-OFFLOAD]     states or weights on the host
//   [TT-HOST]        launches, a layer and micro-batch; in eager mode the host is the least time
//   [TT-MFU]         model FLOPs over time and the dense rate of the compute precision; hardware
//                    FLOPs count what recomputation computes again
//   [TT-BAND]        the 80 % band, by framework and kind of model
//
// Not modelled: allocator retries near full memory, checkpoints, data loading, stragglers, unequal
// load of experts beside what the fitted share holds.
//
// Source: published runs (data/training_rates.yaml, data/frameworks.yaml); errors by source in
// docs/accuracy.md.
#pragma once

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/gpu.hpp"
#include "dsplan/catalog/training_rate.hpp"
#include "dsplan/estimate/collectives.hpp"
#include "dsplan/estimate/training_shape.hpp"
#include "dsplan/workload/training.hpp"

namespace dsplan::estimate {

/// What the run stands on. Pointers are never null.
struct TrainingHardware {
  const catalog::Gpu* gpu = nullptr;
  const catalog::TrainingRate* rates = nullptr;
  Interconnect ways;
  double power_share = 1.0;  ///< power limit over the data sheet's, where it was lowered
};

/// Seconds of one step on the slowest pipeline stage; the parts add up to the step.
struct TrainingTime {
  Seconds linear;          ///< [TT-MATRIX] attention's matrices and dense MLPs
  Seconds experts;         ///< [TT-MATRIX]
  Seconds attention;       ///< [TT-ATTENTION]
  Seconds elementwise;     ///< [TT-ELEMENTWISE]
  Seconds head;            ///< [TT-HEAD]
  Seconds dequantisation;  ///< [TT-QLORA]
  Seconds tensor;          ///< [TT-TENSOR]
  Seconds expert_traffic;  ///< [TT-EXPERT]
  Seconds context;         ///< [TT-CONTEXT]
  Seconds pipeline;        ///< [TT-PIPELINE]
  Seconds shards;          ///< [TT-SHARD]
  Seconds gradients;       ///< [TT-GRADIENT]
  Seconds optimizer;       ///< [TT-OPTIMIZER]
  Seconds offload;         ///< [TT-OFFLOAD]
  Seconds host;            ///< [TT-HOST]
  Seconds bubble;          ///< waiting for the pipeline to fill and drain
};
[[nodiscard]] Seconds total(const TrainingTime& t);

/// Rate that products of the run's compute precision are held against; zero where the data sheet
/// has none: then there is no estimate.
[[nodiscard]] FlopsPerSecond training_peak(const workload::Training& t, const catalog::Gpu& gpu);

/// Never fails. For an impossible layout (`workload::obstacle`) it says what the shares would take.
[[nodiscard]] TrainingTime training_time(const workload::Training& t, const TrainingHardware& hw);
/// The same where the shape of `t` is at hand.
[[nodiscard]] TrainingTime training_time(const workload::Training& t,
                                         const TrainingShape& shape,
                                         const TrainingHardware& hw);

/// [TT-MFU] FLOPs of one step over all GPUs.
struct TrainingWork {
  Flops causal;    ///< model FLOPs; attention counts the pairs that a causal mask leaves
  Flops full;      ///< model FLOPs with every pair of tokens, as some papers count
  Flops hardware;  ///< causal, and what recomputation computes again
};
[[nodiscard]] TrainingWork training_work(const workload::Training& t);

}  // namespace dsplan::estimate
