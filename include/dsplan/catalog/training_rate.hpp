// How near its data sheet a device of an architecture comes while it trains.
#pragma once

#include <span>

#include "dsplan/catalog/field.hpp"
#include "dsplan/catalog/gpu.hpp"

namespace dsplan::catalog {

/// Shares of dense rates that large operations of a training step reach, and what smaller ones
/// lose. The formulas are [TT-MATRIX], [TT-ATTENTION] and [TT-POWER] in docs/formulas.md. A format
/// that the device has no path for runs at the next wider one.
struct TrainingRate {
  std::string_view id{};  ///< the architecture as `Gpu::architecture` names it, or "generic"
  std::string_view name{};
  bool generic = false;  ///< not fitted to training runs of these devices

  // Matrix products, of the dense rate of their format.
  double bf16_share = 0.6;
  double fp16_share = 0.6;
  double fp8_share = 0.55;
  double fp8_rowwise_share = 0.35;  ///< scales a row
  double mxfp8_share = 0.55;        ///< scales a block of 32
  double fp4_share = 0.4;

  // Attention, of the dense bf16 rate, causal FLOPs.
  double attention_vendor_share = 0.25;  ///< the maker's fused kernels
  double attention_flash_share = 0.25;   ///< FlashAttention as PyTorch ships it
  double attention_early_share = 0.2;    ///< of its first years

  double experts_share = 0.579;      ///< grouped products of experts, of plain ones
  double activation_traffic = 1.606;  ///< of products, in times of reading and writing each once
  double weight_traffic = 1.137;     ///< the same of weights
  double misaligned_factor = 1.403;   ///< time of products of widths that tiles do not divide
  /// Kernels that hide tensor-parallel traffic behind products were seen to work here.
  bool hides_tensor_traffic = false;
  double narrow_elementwise = 1.3;  ///< elementwise bytes with formats below 16 bits: casts
  double watts_per_tflops = 0.0;    ///< power per bf16 rate that the shares hold at; 0: any
  double power_exponent = 0.0;      ///< how they grow with it
  TextList sources{};
};

template <>
std::span<const Field<TrainingRate>> fields_of<TrainingRate>();
template <>
KindName kind_of<TrainingRate>();

/// The row of the device's architecture, else the one called "generic", else the first; null when
/// there is none.
[[nodiscard]] const TrainingRate* find_training_rate(std::span<const TrainingRate> rows,
                                                     const Gpu& gpu);

}  // namespace dsplan::catalog
