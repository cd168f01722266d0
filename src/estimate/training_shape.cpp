#include "dsplan/estimate/training_shape.hpp"

#include <algorithm>

#include "dsplan/estimate/flops.hpp"
#include "dsplan/estimate/parameters.hpp"

#include "arithmetic.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Model;
using workload::Training;

void set_model(TrainingShape& s, const Model& m) {
  s.layers = real(m.layers);
  s.moe_layers = catalog::is_moe(m) ? real(m.moe_layers) : 0.0;
  s.linear_layers = real(m.linear_layers);
  s.hidden = real(m.hidden_size);
  s.heads = real(m.attention_heads);
  s.kv_heads = real(std::max<std::int64_t>(m.kv_heads, 1));
  s.head_dim = real(m.head_dim);
  s.moe = catalog::is_moe(m);
  s.ffn = real(s.moe ? m.moe_intermediate_size : m.intermediate_size);
  s.shared_ffn = real(m.shared_intermediate_size);
  s.mlp_matrices = m.gated_mlp ? 3.0 : 2.0;
  s.vocab = real(m.vocab_size);
  s.experts_count = std::max(real(m.experts), 1.0);
  s.experts_per_token = real(m.experts_per_token);
}

/// A layer of multi-token prediction is one more decoder layer, a projection and the head again.
void set_work(TrainingShape& s, const Training& t) {
  const Model& m = *t.model;
  const Parameters p = parameters(m);
  const double mtp = real(t.mtp_layers);
  const double scale = 2.0 * t.parameter_scale;
  const double sparse = s.moe ? mtp : 0.0;
  s.projections = scale * (real(p.layers.softmax) + mtp) * real(matrices(p.softmax)) +
                  scale * real(p.layers.linear * matrices(p.linear)) +
                  2.0 * mtp * 2.0 * s.hidden * s.hidden;
  s.mlp = scale * (real(p.layers.dense) + mtp - sparse) * real(matrices(p.dense));
  s.experts = scale * (real(p.layers.moe) + sparse) * real(matrices(p.moe_active));
  s.head = head_flops_per_token(m).value * (1.0 + mtp);
  const double softmax_layers = std::max(real(p.layers.softmax), 1.0);
  s.attention = prompt_attention_flops(m, t.seq_len).value / s.sequence * (softmax_layers + mtp) /
                softmax_layers;
  const double moe = real(p.layers.moe) + sparse;
  s.dense_parameters = (s.projections + s.mlp) / 2.0 +
                       t.parameter_scale * moe * real(p.moe.shared) + 2.0 * s.hidden * s.vocab;
  s.expert_parameters = t.parameter_scale * moe * real(p.moe.routed);
}

void set_layout(TrainingShape& s, const Training& t) {
  const workload::Layout& l = t.layout;
  s.tp = real(l.tp);
  s.pp = real(l.pp);
  s.vpp = real(t.vpp);
  s.cp = real(l.cp);
  s.ep = real(l.ep);
  s.ring = real(l.dp * l.cp);
  s.expert_ring = std::max(1.0, s.ring * s.tp / s.ep);
  s.gpus = real(workload::gpu_count(t));
  s.tokens = real(t.micro_batch * t.seq_len) / s.cp;
  // Tables hold batches that no whole number of micro-batches makes up.
  s.micro_batches = std::max(1.0, real(t.global_batch) / real(t.micro_batch * l.dp));
}

}  // namespace

TrainingShape model_shape(const Training& t) {
  TrainingShape s;
  s.sequence = real(t.seq_len);
  set_model(s, *t.model);
  set_work(s, t);
  return s;
}

void set_run(TrainingShape& s, const Training& t) {
  set_layout(s, t);
  const workload::Recompute again = workload::recompute(t);
  s.trains_matrices = t.method == workload::Method::full;
  s.passes = s.trains_matrices ? 3.0 : 2.0;
  s.repeated = again == workload::Recompute::full ? 1.0 : 0.0;
  s.reattends = again == workload::Recompute::selective;
}

TrainingShape training_shape(const Training& t) {
  TrainingShape s = model_shape(t);
  set_run(s, t);
  return s;
}

}  // namespace dsplan::estimate
