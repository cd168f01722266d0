#include <algorithm>

#include "training_parts.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Framework;
using catalog::Model;
using workload::Method;
using workload::Recompute;
using workload::Training;

constexpr double kTwo = 2.0;           // bytes of a 16-bit value
constexpr double kScoreBytes = 5.0;    // scores, their softmax, dropout mask
constexpr double kSoftmaxBytes = 4.0;  // fp32 sum a head and token
constexpr double kRouterBytes = 4.0;   // fp32 score an expert and token

double as_double(std::int64_t n) { return static_cast<double>(n); }

/// Gradients alive in the backward pass of a layer, of what the layer keeps.
constexpr double kGradientShare = 0.5;

enum class Mlp { dense, experts };

/// Inputs that the gradient of a matrix needs: all of them, or of adapters alone.
struct KeptInputs {
  bool attention = true;
  bool mlp = true;
  bool down = true;
};
KeptInputs kept_inputs(const Training& t) {
  if (t.method == Method::full) return {};
  const auto& on = t.lora.targets;
  return {on.query || on.key || on.value, on.gate || on.up, on.down};
}

/// Bytes of one token in one layer, by how they are split over tensor-parallel ranks.
struct TokenBytes {
  double hidden = 0.0;  ///< split with sequence parallelism only
  double split = 0.0;
};

double ratio_of_width(const Training& t) {
  return t.compute == workload::Compute::fp32 ? 2.0 : 1.0;
}

double on_rank(const Training& t, const TokenBytes& bytes) {
  const auto tp = as_double(t.layout.tp);
  const double hidden = workload::sequence_parallel(t) ? bytes.hidden / tp : bytes.hidden;
  return (hidden + bytes.split / tp) * ratio_of_width(t);
}

double hidden_bytes(const Training& t) {
  const Framework& f = *t.framework;
  const KeptInputs inputs = kept_inputs(t);
  const bool layer_norm = t.model->norm_bias || t.model->layer_norm;
  double bytes = layer_norm ? f.kept_layer_norm_bytes : f.kept_norm_bytes;
  if (!layer_norm && t.method == Method::full) bytes += f.kept_norm_trained_bytes;
  bytes += f.kept_dropout_bytes + (inputs.attention ? kTwo : 0.0) + (inputs.mlp ? kTwo : 0.0);
  return bytes * as_double(t.model->hidden_size);
}

/// Scores, or softmax sums: what selective recomputation of attention drops.
double score_bytes(const Training& t) {
  const double each =
      workload::flash_attention(t) ? kSoftmaxBytes : kScoreBytes * as_double(t.seq_len);
  return as_double(t.model->attention_heads) * each;
}

double attention_bytes(const Training& t) {
  const Model& m = *t.model;
  const std::int64_t head = m.head_dim + catalog::value_head_dim(m);
  const bool expanded = catalog::is_mla(m) || t.framework->expands_kv_heads;
  const std::int64_t kv_heads = expanded ? m.attention_heads : m.kv_heads;
  const double latent =
      catalog::is_mla(m) ? as_double(m.q_lora_rank + m.kv_lora_rank + m.qk_rope_head_dim) : 0.0;
  return kTwo * as_double((m.attention_heads + kv_heads) * head) + 2.0 * kTwo * latent;
}

double mlp_bytes(const Training& t, Mlp kind) {
  const Model& m = *t.model;
  const double function = m.gated_mlp ? t.framework->kept_gate_bytes : kTwo;
  const double per_width = function + (kept_inputs(t).down ? kTwo : 0.0);
  if (kind == Mlp::dense) return per_width * as_double(m.intermediate_size);
  return per_width * as_double(m.shared_intermediate_size) +
         as_double(m.experts_per_token) * (2.0 * kTwo * as_double(m.hidden_size) +
                                           per_width * as_double(m.moe_intermediate_size)) +
         kRouterBytes * as_double(m.experts);
}

/// Width of the MLP that one token passes.
double active_width(const Model& m, Mlp kind) {
  return as_double(kind == Mlp::dense ? m.intermediate_size
                                      : m.experts_per_token * m.moe_intermediate_size +
                                            m.shared_intermediate_size);
}

double attention_output(const Model& m) {
  return as_double(m.attention_heads * catalog::value_head_dim(m));
}

/// [T-ACT] of one token.
TokenBytes kept_all(const Training& t, Mlp kind) {
  const Model& m = *t.model;
  TokenBytes bytes{hidden_bytes(t), attention_bytes(t) + score_bytes(t) + mlp_bytes(t, kind)};
  if (t.compute == workload::Compute::fp8 && t.framework->fp8_inputs && t.method == Method::full) {
    bytes.hidden -= 2.0 * as_double(m.hidden_size);
    bytes.split -= attention_output(m) + active_width(m, kind);
  }
  return bytes;
}

/// Selective recomputation drops scores (Megatron) rather than products of matrices (torchtitan).
bool drops_scores(const Training& t) { return t.framework->selective == "attention"; }

/// [T-SELECT] of one token.
TokenBytes kept_selective(const Training& t, Mlp kind) {
  const Model& m = *t.model;
  if (drops_scores(t)) {
    TokenBytes bytes = kept_all(t, kind);
    bytes.split -= score_bytes(t);
    return bytes;
  }
  const double query = as_double(m.attention_heads * m.head_dim);
  const double value = as_double(m.kv_heads * catalog::value_head_dim(m));
  return {kTwo * as_double(m.hidden_size),
          kTwo * (attention_output(m) + query + value + active_width(m, kind))};
}

/// [T-FULL] of one token.
TokenBytes kept_full(const Training& t, Mlp) {
  return {kTwo * as_double(t.model->hidden_size), 0.0};
}

double tokens(const Training& t) {
  return as_double(t.micro_batch * t.seq_len) / as_double(t.layout.cp);
}

/// Over a 4-bit base some frameworks keep more of each layer, though not of its input.
double base_factor(const Training& t) {
  return t.method == Method::qlora ? t.framework->quantized_activation_factor : 1.0;
}

using KeptOfToken = TokenBytes (*)(const Training&, Mlp);

double of_layers(const Training& t, const Stage& stage, KeptOfToken kept) {
  const double dense = as_double(stage.dense) * on_rank(t, kept(t, Mlp::dense));
  const double moe = as_double(stage.moe) * on_rank(t, kept(t, Mlp::experts));
  return tokens(t) * (dense + moe) * in_flight(t, stage);
}

/// Everything that the largest layer of the stage makes.
double one_layer(const Training& t, const Stage& stage) {
  const double dense = stage.dense > 0 ? on_rank(t, kept_all(t, Mlp::dense)) : 0.0;
  const double moe = stage.moe > 0 ? on_rank(t, kept_all(t, Mlp::experts)) : 0.0;
  return tokens(t) * std::max(dense, moe) * base_factor(t);
}

/// A layer made again, and its gradients.
double recomputed_layer(const Training& t, const Stage& stage) {
  return (1.0 + kGradientShare) * one_layer(t, stage);
}

/// Recomputation is worth its while or not done: never more than what it replaces.
KeptActivations at_most(KeptActivations a, const KeptActivations& replaced) {
  a.kept = std::min(a.kept, replaced.kept);
  a.work = std::min(a.work, replaced.kept + replaced.work - a.kept);
  return a;
}

KeptActivations without_recompute(const Training& t, const Stage& stage) {
  return {of_layers(t, stage, kept_all) * base_factor(t), kGradientShare * one_layer(t, stage)};
}

KeptActivations with_selective(const Training& t, const Stage& stage) {
  const KeptActivations none = without_recompute(t, stage);
  const double kept = of_layers(t, stage, kept_selective);
  if (drops_scores(t)) return at_most({kept * base_factor(t), none.work}, none);
  return at_most({kept, recomputed_layer(t, stage)}, none);
}

KeptActivations with_full(const Training& t, const Stage& stage) {
  const double inputs = of_layers(t, stage, kept_full);
  const bool away = t.framework->recompute_inputs_on_host;
  KeptActivations a =
      at_most({away ? 0.0 : inputs, recomputed_layer(t, stage)}, with_selective(t, stage));
  if (away) a.host = inputs;
  return a;
}

}  // namespace

double in_flight(const Training& t, const Stage& stage) {
  const std::int64_t p = t.layout.pp;
  const std::int64_t behind = p - stage.index;
  const std::int64_t m = workload::micro_batches(t);
  if (t.vpp == 1 || p == 1) return as_double(std::min(behind, m));
  const std::int64_t chunks = p * (t.vpp - 1) + 2 * behind - 1;
  return as_double(std::min(chunks, m * t.vpp)) / as_double(t.vpp);
}

KeptActivations kept_activations(const Training& t, const Stage& stage) {
  switch (workload::recompute(t)) {
    case Recompute::none:
      return without_recompute(t, stage);
    case Recompute::selective:
      return with_selective(t, stage);
    case Recompute::full:
      break;
  }
  return with_full(t, stage);
}

double logits_bytes(const Training& t) {
  const Framework& f = *t.framework;
  const double each = workload::fused_loss(t) ? f.fused_logits_bytes : f.logits_bytes;
  return each * tokens(t) * as_double(t.model->vocab_size) / as_double(t.layout.tp);
}

}  // namespace dsplan::estimate
