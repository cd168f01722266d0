#include "dsplan/catalog/model.hpp"

#include <array>

namespace dsplan::catalog {
namespace {

constexpr std::array<std::string_view, 3> kQkNorms{"none", "head", "full"};
constexpr std::array<std::string_view, 3> kRouterScores{"softmax", "softmax_top", "sigmoid"};
constexpr std::array<std::string_view, 3> kLinearKinds{"none", "gated_deltanet", "lightning"};

constexpr std::array kFields{
    Field<Model>{"id", "catalog id", &Model::id, true},
    Field<Model>{"name", "as published", &Model::name, true},
    Field<Model>{"hf_repo", "Hugging Face repository", &Model::hf_repo},
    Field<Model>{"aliases", "other names that mean this entry", &Model::aliases},
    Field<Model>{
        "shared_aliases", "names used for it that mean another entry", &Model::shared_aliases},
    Field<Model>{"family", "line of models", &Model::family, true},
    Field<Model>{"typical", "stands for its size when only --params is known", &Model::typical},
    Field<Model>{"encoder", "no generation and no KV cache", &Model::encoder},
    Field<Model>{"layers", "decoder layers", &Model::layers, true},
    Field<Model>{"hidden_size", "width of the residual stream", &Model::hidden_size, true},
    Field<Model>{"intermediate_size", "width of the dense MLP", &Model::intermediate_size},
    Field<Model>{"vocab_size", "tokens of the vocabulary", &Model::vocab_size, true},
    Field<Model>{"tied_embeddings", "the head reuses the embedding table", &Model::tied_embeddings},
    Field<Model>{"max_context_tokens",
                 "position limit of the published config",
                 &Model::max_context_tokens,
                 true},
    Field<Model>{"rope_positions",
                 "rows of the engine's rotary tables; 0: max_context_tokens",
                 &Model::rope_positions},
    Field<Model>{"attention_heads", "query heads", &Model::attention_heads, true},
    Field<Model>{"kv_heads", "key and value heads", &Model::kv_heads, true},
    Field<Model>{"head_dim", "width of a query-key head", &Model::head_dim, true},
    Field<Model>{"v_head_dim", "width of a value head; 0: as head_dim", &Model::v_head_dim},
    Field<Model>{"kv_lora_rank", "MLA: width of the cached latent", &Model::kv_lora_rank},
    Field<Model>{"q_lora_rank", "MLA: width of the query latent; 0: none", &Model::q_lora_rank},
    Field<Model>{"qk_rope_head_dim", "MLA: rotary part of a head", &Model::qk_rope_head_dim},
    Field<Model>{"qk_nope_head_dim", "MLA: other part of a head", &Model::qk_nope_head_dim},
    Field<Model>{"indexer_heads", "sparse-attention indexer heads", &Model::indexer_heads},
    Field<Model>{"indexer_head_dim", "sparse-attention indexer width", &Model::indexer_head_dim},
    Field<Model>{"indexer_top_k", "tokens that the indexer keeps", &Model::indexer_top_k},
    Field<Model>{
        "attention_output_gate", "query projection of double width", &Model::attention_output_gate},
    Field<Model>{"attention_sinks", "one learned logit a head", &Model::attention_sinks},
    Field<Model>{"qkv_bias", "bias on query, key and value", &Model::qkv_bias},
    Field<Model>{
        "attention_output_bias", "bias on the output projection", &Model::attention_output_bias},
    Field<Model>{"qk_norm", "norm of queries and keys", &Model::qk_norm, false, kQkNorms},
    Field<Model>{
        "qk_norm_by_head", "full, but each head is normalised on its own", &Model::qk_norm_by_head},
    Field<Model>{"fused_qkv", "one matrix makes query, key and value", &Model::fused_qkv},
    Field<Model>{"nope_layers",
                 "layers without rotary positions: the last of each period",
                 &Model::nope_layers},
    Field<Model>{"nope_query_scale",
                 "queries of those layers grow with the position",
                 &Model::nope_query_scale},
    Field<Model>{"sliding_window_tokens",
                 "window of the sliding (or chunked) layers",
                 &Model::sliding_window_tokens},
    Field<Model>{"sliding_layers", "layers that attend within the window", &Model::sliding_layers},
    Field<Model>{
        "linear_layers", "layers with a fixed state instead of a cache", &Model::linear_layers},
    Field<Model>{
        "linear_attention", "kind of those layers", &Model::linear_attention, false, kLinearKinds},
    Field<Model>{"linear_key_heads", "key heads of a linear layer", &Model::linear_key_heads},
    Field<Model>{"linear_value_heads", "value heads of a linear layer", &Model::linear_value_heads},
    Field<Model>{"linear_key_head_dim", "width of its key head", &Model::linear_key_head_dim},
    Field<Model>{"linear_value_head_dim", "width of its value head", &Model::linear_value_head_dim},
    Field<Model>{"linear_conv_kernel", "taps of its convolution", &Model::linear_conv_kernel},
    Field<Model>{"gated_mlp", "three matrices (SwiGLU, GeGLU) rather than two", &Model::gated_mlp},
    Field<Model>{"mlp_bias", "bias on the MLP matrices", &Model::mlp_bias},
    Field<Model>{"fused_gate_up", "one matrix makes gate and up", &Model::fused_gate_up},
    Field<Model>{"parallel_mlp",
                 "the MLP reads the layer's input, not the sum with attention",
                 &Model::parallel_mlp},
    Field<Model>{"experts", "routed experts of a layer", &Model::experts},
    Field<Model>{
        "experts_per_token", "routed experts that a token uses", &Model::experts_per_token},
    Field<Model>{
        "moe_intermediate_size", "width of a routed expert", &Model::moe_intermediate_size},
    Field<Model>{"shared_intermediate_size",
                 "width of the shared experts together",
                 &Model::shared_intermediate_size},
    Field<Model>{"moe_layers", "layers with experts", &Model::moe_layers},
    Field<Model>{"router_bias", "bias or correction of the router", &Model::router_bias},
    Field<Model>{"expert_bias", "biases on the expert matrices", &Model::expert_bias},
    Field<Model>{"router_score",
                 "how logits become weights of experts",
                 &Model::router_score,
                 false,
                 kRouterScores},
    Field<Model>{"router_scales_input",
                 "the score scales an expert's input, not its output",
                 &Model::router_scales_input},
    Field<Model>{
        "expert_groups", "groups among which the router chooses first", &Model::expert_groups},
    Field<Model>{"expert_groups_per_token",
                 "groups from which a token's experts come",
                 &Model::expert_groups_per_token},
    Field<Model>{"shared_expert_gate", "a gate on the shared expert", &Model::shared_expert_gate},
    Field<Model>{"norm_bias", "LayerNorm with bias rather than RMSNorm", &Model::norm_bias},
    Field<Model>{"layer_norm", "LayerNorm without bias rather than RMSNorm", &Model::layer_norm},
    Field<Model>{"norms_after",
                 "norms of what attention and MLP make, not their input",
                 &Model::norms_after},
    Field<Model>{"norms_per_layer", "norms of the hidden width", &Model::norms_per_layer},
    Field<Model>{"final_norm", "a norm before the head", &Model::final_norm},
    Field<Model>{"learned_positions", "rows of a position table", &Model::learned_positions},
    Field<Model>{"lm_head_bias", "bias on the head", &Model::lm_head_bias},
    Field<Model>{"other_parameters", "embedding norms, poolers", &Model::other_parameters},
    Field<Model>{"vision_parameters", "vision tower and projector", &Model::vision_parameters},
    Field<Model>{
        "mtp_layers", "multi-token-prediction layers in the checkpoint", &Model::mtp_layers},
    Field<Model>{"exact_parameters",
                 "published exact total, without MTP layers and scales",
                 &Model::exact_parameters},
    Field<Model>{"fp8_blocks", "its fp8 checkpoints scale blocks", &Model::fp8_blocks},
    Field<Model>{"wide_parts", "that 4-bit checkpoints leave at 16 bits", &Model::wide_parts},
    Field<Model>{
        "native_format", "format of the published checkpoint", &Model::native_format, true},
    Field<Model>{"license", "of the weights", &Model::license},
    Field<Model>{"release_date", "of the weights", &Model::release_date},
    Field<Model>{"traps", "what people get wrong about it", &Model::traps},
    Field<Model>{"sources", "where the figures come from", &Model::sources, true},
};

}  // namespace

template <>
std::span<const Field<Model>> fields_of<Model>() {
  return kFields;
}
template <>
KindName kind_of<Model>() {
  return {"model", "models"};
}

}  // namespace dsplan::catalog
