#include "dsplan/estimate/activations.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/estimate/compute_graph.hpp"

#include "arithmetic.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Model;
using workload::Inference;
using workload::StepLimits;

double value_bytes(const Inference& w) {
  return w.precision.dense->weight_bits >= 32.0 ? 4.0 : 2.0;
}

/// The widest MLP that every token passes: the dense one, or the shared experts.
double mlp_width(const Inference& w, const Stage& stage) {
  const Model& m = *w.model;
  const std::int64_t dense = stage.dense > 0 ? m.intermediate_size : 0;
  const std::int64_t shared = stage.moe > 0 ? m.shared_intermediate_size : 0;
  return real(std::max(dense, shared)) / real(w.layout.tp);
}

double expert_workspace(const Inference& w, const Stage& stage, double tokens) {
  const Model& m = *w.model;
  if (!w.engine->moe_workspace || stage.moe == 0) return 0.0;
  const double split = real(workload::group_size(w.layout)) / real(w.layout.ep);
  const double width = real(m.moe_intermediate_size) / split;
  const double routed =
      tokens * real(m.experts_per_token) * real(w.layout.attention_dp) / real(w.layout.ep);
  const double hidden = real(m.hidden_size);
  return routed * value_bytes(w) * (std::max(width, hidden) + std::max(2.0 * width, hidden));
}

double profiled(const Inference& w, const Stage& stage, const StepLimits& limits) {
  const catalog::Engine& e = *w.engine;
  const double b = value_bytes(w);
  const double tokens = real(limits.batched_tokens);
  const double hidden = real(w.model->hidden_size);
  const double copies =
      w.model->gated_mlp ? e.activation_mlp_copies : std::max(0.0, e.activation_mlp_copies - 1.0);
  const double workspace = expert_workspace(w, stage, tokens);
  const double body =
      tokens * b * (copies * mlp_width(w, stage) + e.activation_hidden_copies * hidden) + workspace;
  const double logits = stage.last
                            ? real(limits.seqs * w.model->vocab_size) * (b + e.logits_bytes) +
                                  tokens * hidden * b + workspace
                            : 0.0;
  const double hand_over = w.layout.pp > 1 ? 2.0 * tokens * hidden * b : 0.0;
  return e.activation_fixed_mib * kMebi + hand_over + std::max(body, logits);
}

double prompt(const Inference& w, const Stage& stage) {
  const Model& m = *w.model;
  const double tokens = real(workload::sequences_per_gpu(w) * w.input_tokens);
  const catalog::Engine& e = *w.engine;
  const double routed = stage.moe > 0 ? real(m.moe_intermediate_size * m.experts_per_token) : 0.0;
  const double width = std::max(mlp_width(w, stage), routed);
  return tokens * value_bytes(w) *
         (e.activation_mlp_copies * width + e.activation_hidden_copies * real(m.hidden_size));
}

Bytes compute_graph(const Inference& w, const StepLimits& limits) {
  return compute_buffer(*w.model,
                        {.context = workload::context_tokens(w),
                         .sequences = workload::sequences_per_gpu(w),
                         .step_tokens = limits.batched_tokens,
                         .flash_attention = w.settings.flash_attention,
                         .devices = w.layout.pp});
}

}  // namespace

Bytes activations(const Inference& w,
                  const Stage& stage,
                  const StepLimits& limits,
                  Bytes cache_growth) {
  if (w.engine->activations == "compute_graph") return compute_graph(w, limits);
  if (w.engine->activations == "prompt") {
    return bytes(std::ceil(std::max(0.0, prompt(w, stage) - cache_growth.value)));
  }
  return bytes(std::ceil(profiled(w, stage, limits)));
}

}  // namespace dsplan::estimate
