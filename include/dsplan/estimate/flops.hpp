// Work and traffic of inference, counted from the architecture.
//
//   [F-LINEAR]     2 x active matrix parameters per token (router not counted), head included
//   [F-ATTENTION]  per softmax layer 2 a (d_qk + d_v) for each pair of tokens attended to: s^2 / 2
//                  pairs in a causal prompt of s tokens, w s - w^2 / 2 within a window of w
//   [F-READ]       bytes of weights that one decode step reads: everything but the embedding table,
//                  and of the routed experts those that `batch` tokens touch, E (1 - (1 -
//                  k/E)^batch)
//
//   [F-TRAINING]   forward once and backward twice, over every token of a step, head included; with
//                  frozen weights (LoRA) no gradients of matrices: twice in all, attention thrice
//
// Source: FLOPs of NVIDIA's published training tables agree within 0.2 % (docs/accuracy.md).
#pragma once

#include <cstdint>

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/model.hpp"
#include "dsplan/workload/inference.hpp"
#include "dsplan/workload/training.hpp"

namespace dsplan::estimate {

/// One token through all layers, the head left out.
[[nodiscard]] Flops linear_flops_per_token(const catalog::Model& model);
[[nodiscard]] Flops head_flops_per_token(const catalog::Model& model);

/// One token that attends to `tokens` tokens in all layers.
[[nodiscard]] Flops attention_flops(const catalog::Model& model, double tokens);

/// The attention of a whole causal prompt.
[[nodiscard]] Flops prompt_attention_flops(const catalog::Model& model, std::int64_t prompt_tokens);

struct InferenceFlops {
  Flops prefill_linear;  ///< all prompts of the batch
  Flops prefill_attention;
  Flops prefill_head;      ///< of the last token of each prompt
  Flops decode_linear;     ///< per generated token, head included
  Flops decode_attention;  ///< per generated token at the end of the context
  Bytes weight_read;       ///< of one decode step over all GPUs
  Bytes kv_read;           ///< of one decode step over all GPUs, at the end of the context
};
[[nodiscard]] constexpr Flops prefill_total(const InferenceFlops& f) {
  return f.prefill_linear + f.prefill_attention + f.prefill_head;
}
[[nodiscard]] constexpr Flops decode_total(const InferenceFlops& f) {
  return f.decode_linear + f.decode_attention;
}

[[nodiscard]] InferenceFlops inference_flops(const workload::Inference& w);

/// FLOPs of one decode step over the bytes that it reads.
[[nodiscard]] double arithmetic_intensity(const InferenceFlops& f, std::int64_t batch);

/// [F-TRAINING] The terms of one step.
struct TrainingFlops {
  Flops linear;
  Flops attention;
  Flops head;
};
[[nodiscard]] constexpr Flops total(const TrainingFlops& f) {
  return f.linear + f.attention + f.head;
}
[[nodiscard]] TrainingFlops training_flops(const workload::Training& t);

}  // namespace dsplan::estimate
