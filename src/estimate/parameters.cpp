#include "dsplan/estimate/parameters.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Model;

/// A norm over `width` values: a scale and, for LayerNorm, a bias.
std::int64_t norm(const Model& m, std::int64_t width) { return m.norm_bias ? 2 * width : width; }

/// The sparse-attention indexer: queries from the query latent, one shared key, head weights.
/// Its key norm is a LayerNorm with bias whatever the model's other norms are.
AttentionParameters indexer(const Model& m) {
  if (m.indexer_heads == 0) return {};
  const std::int64_t query_input = m.q_lora_rank > 0 ? m.q_lora_rank : m.hidden_size;
  AttentionParameters a;
  a.replicated =
      query_input * m.indexer_heads * m.indexer_head_dim + m.hidden_size * m.indexer_head_dim;
  a.small = 2 * m.indexer_head_dim + m.hidden_size * m.indexer_heads;
  return a;
}

/// Latent attention: down-projections are on every rank, up-projections are split by heads.
AttentionParameters mla(const Model& m) {
  const std::int64_t h = m.hidden_size;
  const std::int64_t query_width = m.attention_heads * m.head_dim;
  const std::int64_t value_width = m.attention_heads * catalog::value_head_dim(m);
  const std::int64_t key_value_width = m.attention_heads * m.qk_nope_head_dim + value_width;

  AttentionParameters a = indexer(m);
  const std::int64_t query_input = m.q_lora_rank > 0 ? m.q_lora_rank : h;
  a.sharded += query_input * query_width + m.kv_lora_rank * key_value_width + value_width * h;
  a.replicated += h * m.q_lora_rank + h * (m.kv_lora_rank + m.qk_rope_head_dim);
  a.small += m.q_lora_rank + m.kv_lora_rank;
  if (m.attention_output_bias) a.small += h;
  return a;
}

/// Norms of queries and keys: one vector of a head, or one as wide as all heads.
std::int64_t qk_norm(const Model& m) {
  if (m.qk_norm == "head") return 2 * m.head_dim;
  if (m.qk_norm == "full") return (m.attention_heads + m.kv_heads) * m.head_dim;
  return 0;
}

AttentionParameters grouped_query(const Model& m) {
  const std::int64_t h = m.hidden_size;
  const std::int64_t query_width = m.attention_heads * m.head_dim;
  const std::int64_t value_width = m.attention_heads * catalog::value_head_dim(m);
  const std::int64_t key_value_width = m.kv_heads * (m.head_dim + catalog::value_head_dim(m));
  const std::int64_t gate_width = m.attention_output_gate ? value_width : 0;

  AttentionParameters a;
  a.sharded = h * (query_width + gate_width) + value_width * h;
  a.key_value = h * key_value_width;
  a.small = qk_norm(m);
  if (m.qkv_bias) a.small += query_width + gate_width + key_value_width;
  if (m.attention_output_bias) a.small += h;
  if (m.attention_sinks) a.small += m.attention_heads;
  return a;
}

AttentionParameters softmax_attention(const Model& m) {
  return catalog::is_mla(m) ? mla(m) : grouped_query(m);
}

/// Gated DeltaNet: q, k, v and z projections, output; beta and decay projections, convolution over
/// q, k and v, dt_bias and A_log, norm of a value head.
AttentionParameters gated_deltanet(const Model& m) {
  const std::int64_t h = m.hidden_size;
  const std::int64_t key_width = m.linear_key_heads * m.linear_key_head_dim;
  const std::int64_t value_width = m.linear_value_heads * m.linear_value_head_dim;

  AttentionParameters a;
  a.sharded = h * (2 * key_width + 2 * value_width) + value_width * h;
  a.small = h * 2 * m.linear_value_heads + (2 * key_width + value_width) * m.linear_conv_kernel +
            2 * m.linear_value_heads + m.linear_value_head_dim;
  return a;
}

/// Lightning attention: q, k, v, gate and output projections, norm of all value heads.
AttentionParameters lightning(const Model& m) {
  const std::int64_t key_width = m.linear_key_heads * m.linear_key_head_dim;
  const std::int64_t value_width = m.linear_value_heads * m.linear_value_head_dim;

  AttentionParameters a;
  a.sharded = m.hidden_size * (2 * key_width + 3 * value_width);
  a.small = value_width;
  return a;
}

AttentionParameters linear_attention(const Model& m) {
  if (m.linear_attention == "gated_deltanet") return gated_deltanet(m);
  if (m.linear_attention == "lightning") return lightning(m);
  return {};
}

std::int64_t mlp_matrices(const Model& m, std::int64_t width) {
  return (m.gated_mlp ? 3 : 2) * m.hidden_size * width;
}

std::int64_t mlp_biases(const Model& m, std::int64_t width) {
  return (m.gated_mlp ? 2 : 1) * width + m.hidden_size;
}

MlpParameters dense_mlp(const Model& m) {
  MlpParameters p;
  p.dense = mlp_matrices(m, m.intermediate_size);
  if (m.mlp_bias) p.small = mlp_biases(m, m.intermediate_size);
  return p;
}

/// A MoE layer of which `experts` routed experts count: all of them, or those that a token uses.
/// The router always counts whole.
MlpParameters moe(const Model& m, std::int64_t experts) {
  MlpParameters p;
  p.routed = experts * mlp_matrices(m, m.moe_intermediate_size);
  p.shared = mlp_matrices(m, m.shared_intermediate_size);
  if (m.expert_bias) p.routed_small = experts * mlp_biases(m, m.moe_intermediate_size);
  p.small = m.hidden_size * m.experts;
  if (m.router_bias) p.small += m.experts;
  if (m.shared_expert_gate) p.small += m.hidden_size;
  return p;
}

void add_ends(const Model& m, Parameters& p) {
  const std::int64_t h = m.hidden_size;
  p.embedding = m.vocab_size * h;
  p.positions = m.learned_positions * h;
  p.head = m.tied_embeddings ? 0 : m.vocab_size * h;
  if (m.final_norm) p.final_small += norm(m, h);
  if (m.lm_head_bias) p.final_small += m.vocab_size;
  p.other = m.other_parameters;
  p.vision = m.vision_parameters;
}

std::int64_t layers_total(const Parameters& p,
                          const LayerCounts& layers,
                          const MlpParameters& moe_layer) {
  return layers.softmax * total(p.softmax) + layers.linear * total(p.linear) +
         layers.dense * total(p.dense) + layers.moe * total(moe_layer) +
         (layers.dense + layers.moe) * p.layer_norms;
}

std::int64_t ends_total(const Parameters& p) {
  return p.embedding + p.positions + p.head + p.final_small + p.other;
}

}  // namespace

LayerCounts layer_counts(const catalog::Model& model) {
  LayerCounts n;
  n.softmax = model.layers - model.linear_layers;
  n.linear = model.linear_layers;
  n.dense = model.layers - model.moe_layers;
  n.moe = model.moe_layers;
  return n;
}

Parameters parameters(const catalog::Model& model) {
  const std::int64_t h = model.hidden_size;
  Parameters p;
  p.layers = layer_counts(model);
  p.softmax = softmax_attention(model);
  p.linear = linear_attention(model);
  p.dense = dense_mlp(model);
  p.moe = moe(model, model.experts);
  p.moe_active = moe(model, model.experts_per_token);
  p.layer_norms = model.norms_per_layer * norm(model, h);
  add_ends(model, p);
  p.mtp_layers = model.mtp_layers;
  p.mtp_extra = 2 * h * h + 3 * norm(model, h);
  return p;
}

std::int64_t layers_total(const Parameters& p, const LayerCounts& layers) {
  return layers_total(p, layers, p.moe);
}

std::int64_t total(const Parameters& p) {
  return ends_total(p) + layers_total(p, p.layers) + p.vision;
}

std::int64_t active(const Parameters& p) {
  return ends_total(p) + layers_total(p, p.layers, p.moe_active);
}

std::int64_t mtp(const Parameters& p) {
  const bool has_experts = p.layers.moe > 0;
  const std::int64_t mlp = total(has_experts ? p.moe : p.dense);
  return p.mtp_layers * (total(p.softmax) + mlp + p.layer_norms + p.mtp_extra);
}

}  // namespace dsplan::estimate
