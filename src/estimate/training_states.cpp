#include <algorithm>

#include "dsplan/estimate/parameters.hpp"

#include "training_parts.hpp"

namespace dsplan::estimate {
namespace {

using workload::Compute;
using workload::Training;

double as_double(std::int64_t n) { return static_cast<double>(n); }

/// What tensor parallelism leaves on a rank of one layer's matrices.
double attention_matrices(const Training& t, const AttentionParameters& a) {
  const auto tp = as_double(t.layout.tp);
  const auto kv_heads = as_double(std::max<std::int64_t>(t.model->kv_heads, 1));
  return as_double(a.sharded) / tp + as_double(a.key_value) / std::min(tp, kv_heads) +
         as_double(a.replicated);
}
double mlp_matrices(const Training& t, const MlpParameters& m) {
  return as_double(m.dense + m.shared) / as_double(t.layout.tp);
}

double expert_split(const Training& t) {
  return as_double(t.layout.ep > 1 ? t.layout.ep : t.layout.tp);
}

/// Embedding on the first stage, head on the last; a tied head is a copy where they are apart.
double end_parameters(const Training& t, const Stage& stage, const Parameters& p) {
  const bool copied = p.head == 0 && stage.last && !stage.first;
  double ends = 0.0;
  if (stage.first) ends += as_double(p.embedding + p.positions + p.other + p.vision);
  if (stage.last) ends += as_double(copied ? p.embedding : p.head);
  return ends / as_double(t.layout.tp);
}

double gradient_bytes(const Training& t, double weight, double master) {
  if (t.gradient_bytes) return *t.gradient_bytes;
  const catalog::Framework& f = *t.framework;
  double usual = f.gradient_bytes;
  if (t.compute == Compute::bf16 && f.bf16_gradient_bytes > 0.0) usual = f.bf16_gradient_bytes;
  if (t.compute == Compute::fp8 && f.fp8_gradient_bytes > 0.0) usual = f.fp8_gradient_bytes;
  if (t.compute == Compute::fp32) return 4.0;
  return master > 0.0 ? usual : std::min(usual, weight);
}

double share(bool sharded, double ranks) { return sharded ? 1.0 / ranks : 1.0; }

/// One group of parameters whose sharded parts are spread over `ranks`.
States group_states(const Training& t, double parameters, double state, double ranks) {
  const Recipe r = recipe(t);
  const workload::Sharding s = workload::sharding(t);
  return {parameters * r.weight * share(s.weights, ranks),
          parameters * r.gradient * share(s.gradients, ranks),
          parameters * (r.master + state) * share(s.optimizer, ranks)};
}

States operator+(const States& a, const States& b) {
  return {a.weights + b.weights, a.gradients + b.gradients, a.optimizer + b.optimizer};
}

/// The layers of a stage, each kind as often as it stands there.
void add_layers(const Training& t, const Stage& stage, const Parameters& p, HeldParameters& held) {
  const auto softmax = as_double(stage.full + stage.sliding);
  const auto linear = as_double(stage.linear);
  const auto dense = as_double(stage.dense);
  const auto moe = as_double(stage.moe);
  held.matrices = softmax * attention_matrices(t, p.softmax) +
                  linear * attention_matrices(t, p.linear) + dense * mlp_matrices(t, p.dense) +
                  moe * mlp_matrices(t, p.moe);
  held.small = softmax * as_double(p.softmax.small) + linear * as_double(p.linear.small) +
               dense * as_double(p.dense.small) + moe * as_double(p.moe.small) +
               as_double(stage.layers) * as_double(p.layer_norms);
  held.experts = moe * as_double(p.moe.routed + p.moe.routed_small) / expert_split(t);
}

}  // namespace

HeldParameters held_parameters(const Training& t, const Stage& stage) {
  const Parameters p = parameters(*t.model);
  HeldParameters held;
  add_layers(t, stage, p, held);
  if (stage.last) held.small += as_double(p.final_small);
  held.ends = end_parameters(t, stage, p);
  held.layer =
      attention_matrices(t, p.softmax) + std::max(stage.dense > 0 ? mlp_matrices(t, p.dense) : 0.0,
                                                  stage.moe > 0 ? mlp_matrices(t, p.moe) : 0.0);
  held.layer_experts = stage.moe > 0 ? as_double(p.moe.routed) / expert_split(t) : 0.0;
  for (double HeldParameters::*part : {&HeldParameters::matrices,
                                       &HeldParameters::small,
                                       &HeldParameters::experts,
                                       &HeldParameters::ends,
                                       &HeldParameters::layer,
                                       &HeldParameters::layer_experts})
    held.*part *= t.parameter_scale;
  return held;
}

double dense_ranks(const Training& t) { return as_double(t.layout.dp * t.layout.cp); }

double expert_ranks(const Training& t) {
  return std::max(1.0, dense_ranks(t) * as_double(t.layout.tp) / expert_split(t));
}

double state_bytes(const catalog::Optimizer& optimizer, double updated_bytes) {
  return optimizer.state_bits > 0.0 ? optimizer.state_bits / 8.0 : updated_bytes;
}

double state_count(const Training& t) {
  const auto hidden = as_double(std::max<std::int64_t>(t.model->hidden_size, 1));
  return t.optimizer->states + (t.optimizer->factored ? 2.0 / hidden : 0.0);
}

Recipe recipe(const Training& t) {
  const catalog::Framework& f = *t.framework;
  const catalog::Optimizer& o = *t.optimizer;
  Recipe r;
  r.weight = t.compute == Compute::fp32 ? 4.0 : f.weight_bytes;
  const bool copies = t.master_weights.value_or(f.master_weights && o.master_weights);
  r.master = copies && r.weight < 4.0 ? 4.0 : 0.0;
  r.gradient = gradient_bytes(t, r.weight, r.master);
  const double width = state_bytes(o, r.master > 0.0 ? r.master : r.weight);
  r.states = state_count(t) * width;
  r.embedding_states = (o.embedding_states > 0.0 ? o.embedding_states : state_count(t)) * width;
  return r;
}

States full_states(const Training& t, const HeldParameters& held) {
  const Recipe r = recipe(t);
  States sum = group_states(t, held.matrices + held.small, r.states, dense_ranks(t)) +
               group_states(t, held.experts, r.states, expert_ranks(t)) +
               group_states(t, held.ends, r.embedding_states, dense_ranks(t));
  if (workload::optimizer_in_backward(t)) {
    const double embedding = as_double(t.model->vocab_size * t.model->hidden_size) *
                             t.parameter_scale / as_double(t.layout.tp);
    const double at_once = std::max(held.layer + held.layer_experts, embedding);
    sum.gradients = std::min(sum.gradients, at_once * r.gradient);
  }
  return sum;
}

double full_gathered(const Training& t, const HeldParameters& held) {
  const catalog::Framework& f = *t.framework;
  const double layer = held.layer + held.layer_experts;
  constexpr double kComputed = 2.0;  // 16-bit copies for the matrix products
  const bool fetched = t.offload.parameters;
  if (!fetched && (!workload::sharding(t).weights || dense_ranks(t) <= 1.0))
    return kComputed * held.layer;
  const double with_gradient = kComputed + recipe(t).gradient;
  double gathered = layer * with_gradient;
  if (f.gathers_ends) gathered += held.ends * kComputed;
  if (f.pipeline_keeps_gathered && t.layout.pp > 1)
    gathered += (held.matrices + held.small + held.experts + held.ends) * with_gradient;
  return gathered;
}

}  // namespace dsplan::estimate
