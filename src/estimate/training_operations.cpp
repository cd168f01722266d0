// Computation of a micro-batch: [TT-MATRIX], [TT-ATTENTION], [TT-ELEMENTWISE], [TT-HEAD].
#include <algorithm>
#include <cmath>

#include "training_step_parts.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Gpu;
using catalog::TrainingRate;
using workload::Compute;
using workload::NarrowRecipe;
using workload::Training;

constexpr double kBackwardAttention = 2.5;  // of the forward FLOPs: scores are computed again
constexpr double kElementwisePasses = 3.0;  // forward, and two tensors read or written back
constexpr double kRecomputeShare = 0.35;    // of them, what a whole layer computed again adds
// Reads and writes of a token and layer, in units of 16-bit numbers of the width named.
constexpr double kHiddenNumbers = 12.0;
constexpr double kHeadNumbers = 4.0;
constexpr double kMlpNumbers = 3.0;
constexpr double kRoutedNumbers = 8.0;  // permuted there and back
constexpr double kStateNumbers = 23.4;  // linear attention's chunks, of the hidden width
constexpr double kScoreNumbers = 4.41;  // scores in memory: scaled, masked, softmax, dropout
constexpr double kLogitBytes = 12.0;
// QLoRA's kernel reads 0.5 and writes 2 bytes a parameter at half the bandwidth.
constexpr double kDequantisedBytes = 5.0;
constexpr double kWidthTile = 64.0;
constexpr double kHiddenTile = 128.0;
constexpr double kMostOfPower = 1.2;      // no part with more power per rate was seen to gain more
constexpr double kProjectionShare = 0.4;  // of a layer's products, by time

double or_else(const std::optional<double>& tflops, double other) {
  return tflops ? *tflops * kTera : other;
}

double wide_peak(const Gpu& gpu) {
  const double fp32 = or_else(gpu.dense_fp32_tflops, 0.0);
  return or_else(gpu.dense_bf16_tflops, or_else(gpu.dense_fp16_tflops, fp32));
}

double narrow_peak(const Training& t, const Gpu& gpu) {
  const double fp8 = or_else(gpu.dense_fp8_tflops, wide_peak(gpu));
  return t.narrow == NarrowRecipe::fp4 ? or_else(gpu.dense_fp4_tflops, fp8) : fp8;
}

bool computes_narrow(const Training& t, const Gpu& gpu) {
  return t.compute == Compute::fp8 && gpu.dense_fp8_tflops.has_value();
}

double peak(const Training& t, const Gpu& gpu) {
  switch (t.compute) {
    case Compute::fp32:
      return or_else(gpu.dense_tf32_tflops, or_else(gpu.dense_fp32_tflops, 0.0));
    case Compute::bf16:
      return wide_peak(gpu);
    case Compute::fp16:
      return or_else(gpu.dense_fp16_tflops, wide_peak(gpu));
    case Compute::fp8:
      break;
  }
  return narrow_peak(t, gpu);
}

double share(const Training& t, const TrainingHardware& hw) {
  const TrainingRate& r = *hw.rates;
  if (!computes_narrow(t, *hw.gpu)) return t.compute == Compute::fp16 ? r.fp16_share : r.bf16_share;
  switch (t.narrow) {
    case NarrowRecipe::tensor:
      return r.fp8_share;
    case NarrowRecipe::row:
      return r.fp8_rowwise_share;
    case NarrowRecipe::block:
      return r.mxfp8_share;
    case NarrowRecipe::fp4:
      break;
  }
  return hw.gpu->dense_fp4_tflops ? r.fp4_share : r.fp8_share;
}

/// [TT-POWER] A lowered limit costs its square root.
double power_factor(const TrainingHardware& hw) {
  const TrainingRate& r = *hw.rates;
  double factor = std::sqrt(hw.power_share);
  if (r.watts_per_tflops > 0.0 && hw.gpu->power_w) {
    const double watts = *hw.gpu->power_w / (wide_peak(*hw.gpu) / kTera);
    factor *= std::min(kMostOfPower, std::pow(watts / r.watts_per_tflops, r.power_exponent));
  }
  return factor;
}

double bandwidth(const TrainingHardware& hw) { return hw.gpu->bandwidth_gb_per_s * kGiga; }

double attention_share(const Training& t, const TrainingRate& r) {
  if (t.framework->attention_kernels == "vendor") return r.attention_vendor_share;
  return t.framework->attention_kernels == "early" ? r.attention_early_share
                                                   : r.attention_flash_share;
}

bool misaligned(const TrainingShape& s) {
  return std::fmod(s.hidden, kHiddenTile) != 0.0 || std::fmod(s.ffn / s.tp, kWidthTile) != 0.0;
}

/// Time of products in times of their FLOPs over the rate: what reading and writing adds.
struct ProductFactors {
  double linear;
  double experts;
};
ProductFactors product_factors(const Training& t,
                               const TrainingShape& s,
                               const TrainingHardware& hw) {
  const TrainingRate& r = *hw.rates;
  // The FLOPs that one 16-bit number read or written is worth.
  const double balance = peak(t, *hw.gpu) / bandwidth(hw);
  const double width = s.moe ? s.ffn : s.ffn / s.tp;
  const double gate = s.mlp_matrices > 2.5 ? 2.0 / 3.0 : 1.0;
  const double by_hidden = 1.0 / s.hidden;
  const double mlp = gate / width + by_hidden;
  const double projections = s.tp / (s.heads * s.head_dim) + by_hidden;
  const double mixed = (1.0 - kProjectionShare) * mlp + kProjectionShare * projections;
  const double expert_tokens =
      std::max(1.0, s.tokens / s.tp * s.experts_per_token * s.ep / s.experts_count);
  const double slow = misaligned(s) ? r.misaligned_factor : 1.0;
  const double weights = r.weight_traffic * balance;
  return {slow * (1.0 + r.activation_traffic * balance * mixed + weights / s.tokens),
          slow * (1.0 + r.activation_traffic * balance * mlp + weights / expert_tokens) /
              r.experts_share};
}

/// [TT-ELEMENTWISE] Bytes of one pass.
struct ElementwiseBytes {
  double layers;
  double routed;
  double scores;
  double states;
};
ElementwiseBytes elementwise_bytes(const Training& t, const TrainingShape& s) {
  const double split_hidden = workload::sequence_parallel(t) ? s.tp : 1.0;
  const double mlp = s.moe ? 0.0 : kMlpNumbers * s.mlp_matrices * s.ffn / s.tp;
  const double heads = kHeadNumbers * (s.heads + s.kv_heads) * s.head_dim / s.tp;
  const double n = 2.0 * s.tokens;
  ElementwiseBytes b{};
  b.layers = n * s.layers / s.pp * (kHiddenNumbers * s.hidden / split_hidden + mlp + heads);
  const double expert = kRoutedNumbers * s.hidden + kMlpNumbers * s.mlp_matrices * s.ffn;
  const double shared = kMlpNumbers * s.mlp_matrices * s.shared_ffn;
  b.routed = n / s.tp * s.moe_layers / s.pp * (s.experts_per_token * expert + shared);
  const bool keeps_scores = !workload::flash_attention(t) && !s.reattends;
  b.scores = keeps_scores ? n * s.sequence * s.heads / s.tp * s.layers / s.pp * kScoreNumbers : 0.0;
  b.states = n * kStateNumbers * s.hidden / s.tp * s.linear_layers / s.pp;
  return b;
}

double elementwise_time(const Training& t, const TrainingShape& s, const TrainingHardware& hw) {
  const catalog::Framework& f = *t.framework;
  const ElementwiseBytes b = elementwise_bytes(t, s);
  const double traffic = t.compiled ? f.elementwise_traffic : f.eager_elementwise_traffic;
  const double casts = computes_narrow(t, *hw.gpu) ? hw.rates->narrow_elementwise : 1.0;
  const double width = t.compute == Compute::fp32 ? 2.0 : 1.0;
  const double layers = b.layers * traffic * casts + b.routed + b.scores;
  return width * kElementwisePasses / bandwidth(hw) *
         ((1.0 + kRecomputeShare * s.repeated) * layers + b.states);
}

}  // namespace

FlopsPerSecond training_peak(const Training& t, const Gpu& gpu) {
  return flops_per_second(peak(t, gpu));
}

LayerOperations layer_operations(const Training& t,
                                 const TrainingShape& s,
                                 const TrainingHardware& hw) {
  const double power = power_factor(hw);
  const ProductFactors factors = product_factors(t, s, hw);
  const double factor = t.framework->time_factor;
  const double here = factor * s.tokens / (s.tp * s.pp);
  const double rate = peak(t, *hw.gpu) * share(t, hw) * power;
  const double runs = s.passes + s.repeated;
  // Products over experts of a fixed capacity work on padding too.
  constexpr double kCapacityFactor = 1.435;
  const double padded = t.expert_capacity ? kCapacityFactor : 1.0;
  const double attention_runs = 1.0 + kBackwardAttention + s.repeated + (s.reattends ? 1.0 : 0.0);
  LayerOperations o;
  o.linear = here * (s.projections + s.mlp) * runs / rate * factors.linear;
  o.experts = here * s.experts * runs / rate * factors.experts * padded;
  o.attention = here * s.attention * attention_runs /
                (wide_peak(*hw.gpu) * attention_share(t, *hw.rates) * power);
  o.elementwise = factor * elementwise_time(t, s, hw);
  if (t.method == workload::Method::qlora) {
    const double frozen = (s.projections + s.mlp) / 2.0 / (s.tp * s.pp);
    o.dequantisation = kDequantisedBytes * frozen * runs / bandwidth(hw);
  }
  return o;
}

double head_time(const Training& t, const TrainingShape& s, const TrainingHardware& hw) {
  const double rate = wide_peak(*hw.gpu) * hw.rates->bf16_share * power_factor(hw);
  const double tokens = s.tokens / s.tp;
  return t.framework->time_factor *
         (tokens * s.head * s.passes / rate + kLogitBytes * tokens * s.vocab / bandwidth(hw));
}

}  // namespace dsplan::estimate
