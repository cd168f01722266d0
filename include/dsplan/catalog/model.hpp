// The architecture of a language model: what decides its parameters, cache and work.
#pragma once

#include "dsplan/catalog/field.hpp"

namespace dsplan::catalog {

/// A transformer decoder (or encoder). Zero means "has none" for counts and sizes.
struct Model {
  std::string_view id{};
  std::string_view name{};
  std::string_view hf_repo{};
  TextList aliases{};
  TextList shared_aliases{};
  std::string_view family{};
  bool typical = false;  ///< stands for models of its size when only --params is known
  bool encoder = false;  ///< no generation, no KV cache

  std::int64_t layers = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;  ///< of the dense MLP layers
  std::int64_t vocab_size = 0;
  bool tied_embeddings = false;
  std::int64_t max_context_tokens = 0;
  std::int64_t rope_positions = 0;  ///< rows of the engine's rotary tables; 0: max_context_tokens

  // Attention. With kv_lora_rank it is MLA: head_dim is then the query-key width (nope + rope).
  std::int64_t attention_heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t v_head_dim = 0;  ///< 0: as head_dim
  std::int64_t kv_lora_rank = 0;
  std::int64_t q_lora_rank = 0;
  std::int64_t qk_rope_head_dim = 0;
  std::int64_t qk_nope_head_dim = 0;
  std::int64_t indexer_heads = 0;  ///< sparse-attention indexer (DSA)
  std::int64_t indexer_head_dim = 0;
  std::int64_t indexer_top_k = 0;
  bool attention_output_gate = false;  ///< the query projection also makes a gate of its width
  bool attention_sinks = false;        ///< one learned logit a head
  bool qkv_bias = false;
  bool attention_output_bias = false;
  std::string_view qk_norm{};     ///< none, head (one vector of head_dim), full (of all heads)
  bool qk_norm_by_head = false;   ///< full, but each head is normalised on its own
  bool fused_qkv = false;         ///< one matrix makes query, key and value
  std::int64_t nope_layers = 0;   ///< without rotary positions: the last of each period
  bool nope_query_scale = false;  ///< queries of those layers grow with the position

  // Which layers attend how; what is left of `layers` attends to everything.
  std::int64_t sliding_window_tokens = 0;
  std::int64_t sliding_layers = 0;
  std::int64_t linear_layers = 0;
  std::string_view linear_attention{};  ///< none, gated_deltanet, lightning
  std::int64_t linear_key_heads = 0;
  std::int64_t linear_value_heads = 0;
  std::int64_t linear_key_head_dim = 0;
  std::int64_t linear_value_head_dim = 0;
  std::int64_t linear_conv_kernel = 0;

  // MLP and experts.
  bool gated_mlp = true;
  bool mlp_bias = false;
  bool fused_gate_up = false;  ///< one matrix makes gate and up
  bool parallel_mlp = false;   ///< reads the layer's input, not the sum with attention
  std::int64_t experts = 0;
  std::int64_t experts_per_token = 0;
  std::int64_t moe_intermediate_size = 0;
  std::int64_t shared_intermediate_size = 0;  ///< of all shared experts together
  std::int64_t moe_layers = 0;
  bool router_bias = false;
  bool expert_bias = false;
  std::string_view router_score{};   ///< softmax, softmax_top (over the chosen alone), sigmoid
  bool router_scales_input = false;  ///< the score scales an expert's input, not its output
  std::int64_t expert_groups = 0;    ///< the choice is first among groups, then in the best
  std::int64_t expert_groups_per_token = 0;
  bool shared_expert_gate = false;

  // Norms, positions, and what no formula covers.
  bool norm_bias = false;    ///< LayerNorm with bias rather than RMSNorm
  bool layer_norm = false;   ///< LayerNorm without bias rather than RMSNorm
  bool norms_after = false;  ///< norms of what attention and MLP make, not their input
  std::int64_t norms_per_layer = 2;
  bool final_norm = true;
  std::int64_t learned_positions = 0;
  bool lm_head_bias = false;
  std::int64_t other_parameters = 0;   ///< embedding norms, poolers
  std::int64_t vision_parameters = 0;  ///< vision tower and projector

  std::int64_t mtp_layers = 0;        ///< multi-token-prediction layers in the checkpoint
  std::int64_t exact_parameters = 0;  ///< published exact total, without MTP layers and scales
  bool fp8_blocks = false;         ///< its fp8 checkpoints scale blocks of 128 x 128
  TextList wide_parts{};           ///< that 4-bit checkpoints leave at 16 bits
  std::string_view native_format{};   ///< of the published checkpoint
  std::string_view license{};
  std::string_view release_date{};
  TextList traps{};
  TextList sources{};
};

template <>
std::span<const Field<Model>> fields_of<Model>();
template <>
KindName kind_of<Model>();

[[nodiscard]] constexpr bool is_moe(const Model& m) { return m.experts > 0; }
[[nodiscard]] constexpr bool is_mla(const Model& m) { return m.kv_lora_rank > 0; }
/// Layers whose cache grows with the whole context.
[[nodiscard]] constexpr std::int64_t full_attention_layers(const Model& m) {
  return m.layers - m.sliding_layers - m.linear_layers;
}
[[nodiscard]] constexpr std::int64_t value_head_dim(const Model& m) {
  return m.v_head_dim > 0 ? m.v_head_dim : m.head_dim;
}

}  // namespace dsplan::catalog
