#include "dsplan/ingest/hf_config.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "dsplan/base/error.hpp"

namespace dsplan::ingest {
namespace {

using catalog::Model;

/// The keys that every decoder states, and then `rest`; a later key wins.
std::string config(const std::string& type, const std::string& rest) {
  return R"({"model_type": ")" + type + R"(", "num_hidden_layers": 12, "hidden_size": 512,
    "num_attention_heads": 8, "num_key_value_heads": 2, "intermediate_size": 1024,
    "vocab_size": 1000, "max_position_embeddings": 4096, "torch_dtype": "bfloat16")" +
         (rest.empty() ? "" : ", " + rest) + "}";
}

Checkpoint read(const std::string& type, const std::string& rest = "") {
  return read_hf_config(config(type, rest), "config.json");
}

std::string message_of(const std::string& text) {
  try {
    (void)read_hf_config(text, "config.json");
  } catch (const Error& e) {
    REQUIRE(e.code() == ErrorCode::input);
    return e.what();
  }
  return "no error";
}

std::string refusal(const std::string& type, const std::string& rest = "") {
  return message_of(config(type, rest));
}

std::string format_of(const std::string& quantization) {
  return read("llama", R"("quantization_config": )" + quantization).format;
}

TEST_CASE("a Llama config is read key by key") {
  const auto c = read("llama");
  const Model& m = c.model;
  CHECK(m.layers == 12);
  CHECK(m.hidden_size == 512);
  CHECK(m.attention_heads == 8);
  CHECK(m.kv_heads == 2);
  CHECK(m.head_dim == 64);
  CHECK(m.intermediate_size == 1024);
  CHECK(m.vocab_size == 1000);
  CHECK(m.max_context_tokens == 4096);
  CHECK_FALSE(m.tied_embeddings);
  CHECK_FALSE(m.qkv_bias);
  CHECK(m.gated_mlp);
  CHECK(m.qk_norm == "none");
  CHECK(m.norms_per_layer == 2);
  CHECK(m.native_format == "bf16");
  CHECK(c.format.empty());
  CHECK(c.notes.empty());
}

TEST_CASE("attention_bias of Llama covers queries, keys, values and the output") {
  const auto c = read("llama", R"("attention_bias": true, "mlp_bias": true)");
  CHECK(c.model.qkv_bias);
  CHECK(c.model.attention_output_bias);
  CHECK(c.model.mlp_bias);
}

TEST_CASE("Qwen2 has biases on queries, keys and values without saying so") {
  const auto c = read("qwen2");
  CHECK(c.model.qkv_bias);
  CHECK_FALSE(c.model.attention_output_bias);
}

TEST_CASE("a Qwen window counts only with its flag and from max_window_layers on") {
  const std::string window = R"("sliding_window": 256, "max_window_layers": 8)";
  CHECK(read("qwen2", window).model.sliding_layers == 0);
  const auto c = read("qwen2", window + R"(, "use_sliding_window": true)");
  CHECK(c.model.sliding_layers == 4);
  CHECK(c.model.sliding_window_tokens == 256);
}

TEST_CASE("Qwen3 states a head size that is not hidden over heads") {
  const auto c = read("qwen3", R"("head_dim": 128, "tie_word_embeddings": true)");
  CHECK(c.model.head_dim == 128);
  CHECK(c.model.qk_norm == "head");
  CHECK(c.model.tied_embeddings);
}

TEST_CASE("Qwen3-MoE has experts in every step-th layer except those listed as dense") {
  const std::string moe = R"("num_experts": 16, "num_experts_per_tok": 4,
    "moe_intermediate_size": 256, "decoder_sparse_step": )";
  const auto all = read("qwen3_moe", moe + "1");
  CHECK(all.model.moe_layers == 12);
  CHECK(all.model.intermediate_size == 0);
  const auto half = read("qwen3_moe", moe + R"(2, "mlp_only_layers": [1, 2])");
  CHECK(half.model.moe_layers == 5);
  CHECK(half.model.intermediate_size == 1024);
  CHECK(half.model.moe_intermediate_size == 256);
}

TEST_CASE("Qwen3-Next mixes gated DeltaNet with gated attention every fourth layer") {
  const auto c = read("qwen3_next", R"("full_attention_interval": 4, "num_experts": 8,
    "num_experts_per_tok": 2, "moe_intermediate_size": 64, "shared_expert_intermediate_size": 32,
    "linear_num_key_heads": 4, "linear_num_value_heads": 8, "linear_key_head_dim": 16,
    "linear_value_head_dim": 32, "linear_conv_kernel_dim": 4)");
  CHECK(c.model.linear_layers == 9);
  CHECK(c.model.linear_attention == "gated_deltanet");
  CHECK(c.model.linear_value_heads == 8);
  CHECK(c.model.attention_output_gate);
  CHECK(c.model.shared_intermediate_size == 32);
  CHECK(c.model.shared_expert_gate);
}

TEST_CASE("Qwen3.5 nests its text model and counts its vision tower") {
  const std::string text = config("qwen3_5_moe_text", R"("hidden_size": 2048,
    "layer_types": ["linear_attention", "full_attention", "linear_attention", "full_attention",
      "linear_attention", "full_attention", "linear_attention", "full_attention",
      "linear_attention", "full_attention", "linear_attention", "full_attention"],
    "linear_num_key_heads": 4, "linear_num_value_heads": 8, "linear_key_head_dim": 16,
    "linear_value_head_dim": 32, "linear_conv_kernel_dim": 4, "mtp_num_hidden_layers": 1)");
  const auto c = read_hf_config(R"({"model_type": "qwen3_5_moe", "text_config": )" + text +
                                    R"(, "vision_config": {"depth": 27, "hidden_size": 1152,
    "intermediate_size": 4304, "patch_size": 16, "temporal_patch_size": 2, "in_channels": 3,
    "num_position_embeddings": 2304, "spatial_merge_size": 2, "out_hidden_size": 2048,
    "deepstack_visual_indexes": []}, "tie_word_embeddings": false})",
                                "config.json");
  CHECK(c.model.linear_layers == 6);
  CHECK(c.model.mtp_layers == 1);
  CHECK(c.model.vision_parameters == 437132016 + 4609 * 2048);
  CHECK(c.model.family == "qwen3_5_moe");
}

TEST_CASE("DeepSeek-V3 has latent attention, dense first layers and an MTP layer") {
  const auto c = read("deepseek_v3", R"("kv_lora_rank": 64, "q_lora_rank": 96,
    "qk_nope_head_dim": 32, "qk_rope_head_dim": 16, "v_head_dim": 40, "n_routed_experts": 16,
    "num_experts_per_tok": 2, "n_shared_experts": 2, "moe_intermediate_size": 128,
    "first_k_dense_replace": 3, "moe_layer_freq": 1, "num_nextn_predict_layers": 1)");
  const Model& m = c.model;
  CHECK(m.head_dim == 48);
  CHECK(m.v_head_dim == 40);
  CHECK(m.kv_heads == 8);
  CHECK(m.moe_layers == 9);
  CHECK(m.shared_intermediate_size == 256);
  CHECK(m.router_bias);
  CHECK(m.mtp_layers == 1);
}

TEST_CASE("GLM-5 states a head_dim that latent attention does not use, and an indexer") {
  const auto c = read("glm_moe_dsa", R"("kv_lora_rank": 64, "q_lora_rank": 96, "head_dim": 16,
    "qk_nope_head_dim": 32, "qk_rope_head_dim": 16, "v_head_dim": 48, "index_n_heads": 4,
    "index_head_dim": 32, "index_topk": 128)");
  CHECK(c.model.head_dim == 48);
  CHECK(c.model.v_head_dim == 0);
  CHECK(c.model.indexer_heads == 4);
  CHECK(c.model.indexer_top_k == 128);
}

TEST_CASE("Mixtral's intermediate size is that of its experts") {
  const auto c = read("mixtral", R"("num_local_experts": 8, "num_experts_per_tok": 2,
    "sliding_window": null)");
  CHECK(c.model.experts == 8);
  CHECK(c.model.moe_intermediate_size == 1024);
  CHECK(c.model.intermediate_size == 0);
  CHECK(c.model.moe_layers == 12);
  CHECK(c.model.sliding_layers == 0);
}

TEST_CASE("Mistral's window covers every layer, unless it is as long as the context") {
  CHECK(read("mistral", R"("sliding_window": 1024)").model.sliding_layers == 12);
  CHECK(read("mistral", R"("sliding_window": 4096)").model.sliding_layers == 0);
}

TEST_CASE("Llama-4 interleaves experts, has one shared expert and chunks three of four layers") {
  const auto c = read("llama4_text", R"("num_local_experts": 16, "num_experts_per_tok": 1,
    "intermediate_size_mlp": 2048, "interleave_moe_layer_step": 2, "attention_chunk_size": 1024)");
  CHECK(c.model.moe_layers == 6);
  CHECK(c.model.moe_intermediate_size == 1024);
  CHECK(c.model.shared_intermediate_size == 1024);
  CHECK(c.model.intermediate_size == 2048);
  CHECK(c.model.sliding_layers == 9);
  CHECK(c.model.sliding_window_tokens == 1024);
}

TEST_CASE("the Llama-4 tower counts as published") {
  const auto c = read_hf_config(R"({"model_type": "llama4", "text_config": )" +
                                    config("llama4_text", R"("hidden_size": 5120)") +
                                    R"(, "vision_config": {"hidden_size": 1408, "image_size": 336,
    "intermediate_size": 5632, "num_hidden_layers": 34, "patch_size": 14}})",
                                "config.json");
  CHECK(c.model.vision_parameters == 871932416);
}

TEST_CASE("Gemma-2 alternates windows and has four norms") {
  const auto c = read("gemma2", R"("sliding_window": 1024, "head_dim": 128)");
  CHECK(c.model.sliding_layers == 6);
  CHECK(c.model.norms_per_layer == 4);
  CHECK(c.model.tied_embeddings);
  CHECK(c.model.qk_norm == "none");
}

TEST_CASE("Gemma-3 leaves out what transformers fills in") {
  const auto c = read_hf_config(R"({"model_type": "gemma3", "text_config": {
    "model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240,
    "num_hidden_layers": 34, "sliding_window": 1024}, "vision_config": {"hidden_size": 1152,
    "image_size": 896, "intermediate_size": 4304, "num_hidden_layers": 27, "patch_size": 14}})",
                                "config.json");
  const Model& m = c.model;
  CHECK(m.attention_heads == 8);
  CHECK(m.kv_heads == 4);
  CHECK(m.head_dim == 256);
  CHECK(m.vocab_size == 262208);
  CHECK(m.tied_embeddings);
  CHECK(m.sliding_layers == 29);
  CHECK(m.vision_parameters == 416866032 + 1152 * 2560 + 1152);
}

TEST_CASE("gpt-oss has sinks, biases everywhere and experts in every layer") {
  const auto c = read("gpt_oss", R"("num_local_experts": 32, "num_experts_per_tok": 4,
    "sliding_window": 128, "quantization_config": {"quant_method": "mxfp4"})");
  const Model& m = c.model;
  CHECK(m.attention_sinks);
  CHECK(m.qkv_bias);
  CHECK(m.attention_output_bias);
  CHECK(m.expert_bias);
  CHECK(m.router_bias);
  CHECK(m.sliding_layers == 6);
  CHECK(c.format == "mxfp4");
  CHECK(m.native_format == "mxfp4");
}

TEST_CASE("GPT-2 has positions, biases and a fourfold plain MLP") {
  const auto c = read_hf_config(R"({"model_type": "gpt2", "n_layer": 12, "n_embd": 768,
    "n_head": 12, "n_positions": 1024, "vocab_size": 50257})",
                                "config.json");
  const Model& m = c.model;
  CHECK(m.intermediate_size == 3072);
  CHECK_FALSE(m.gated_mlp);
  CHECK(m.norm_bias);
  CHECK(m.mlp_bias);
  CHECK(m.learned_positions == 1024);
  CHECK(m.tied_embeddings);
  CHECK(c.notes.size() == 1);  // no dtype
}

TEST_CASE("other families differ as their table says") {
  CHECK(read("olmo2").model.qk_norm == "full");
  CHECK(read("glm4", R"("attention_bias": true)").model.norms_per_layer == 4);
  CHECK_FALSE(read("glm4", R"("attention_bias": true)").model.attention_output_bias);
  CHECK(read("cohere", R"("use_qk_norm": true)").model.qk_norm == "full");
  CHECK(read("cohere").model.norms_per_layer == 1);
  CHECK(read("phi").model.lm_head_bias);
  CHECK(read("phi").model.norms_per_layer == 1);
  CHECK(read("opt").model.learned_positions == 4098);
  CHECK(read("bloom").model.other_parameters == 1024);
  CHECK(read("starcoder2", R"("use_bias": true)").model.mlp_bias);
  CHECK(read("bert").model.encoder);
  CHECK_FALSE(read("olmo").model.final_norm);
}

TEST_CASE("routers, groups and layer order follow the family and its keys") {
  const std::string moe = R"("num_experts": 16, "num_experts_per_tok": 2,
    "moe_intermediate_size": 64, "n_group": 8, "topk_group": 4)";
  const auto deepseek = read("deepseek_v3", moe);
  CHECK(deepseek.model.router_score == "sigmoid");
  CHECK(deepseek.model.expert_groups == 8);
  CHECK(deepseek.model.expert_groups_per_token == 4);
  CHECK(read("qwen3_moe", moe).model.router_score.empty());
  CHECK(read("gpt_oss", moe).model.router_score == "softmax_top");
  CHECK(read("phi3").model.fused_qkv);
  CHECK(read("phi3").model.fused_gate_up);
  CHECK(read("gptj").model.parallel_mlp);
  CHECK(read("cohere").model.layer_norm);
  CHECK(read("olmo2").model.norms_after);
  CHECK(read("bloom").model.nope_layers == 12);
  CHECK(read("smollm3").model.nope_layers == 3);
  CHECK(read("llama4_text", R"("attention_chunk_size": 1024)").model.nope_layers == 3);
}

TEST_CASE("Falcon's key-value heads follow its flags") {
  const auto small = read("falcon", R"("multi_query": true, "parallel_attn": true)");
  CHECK(small.model.kv_heads == 1);
  CHECK(small.model.norms_per_layer == 1);
  const auto large = read("falcon", R"("num_key_value_heads": null, "num_kv_heads": 4,
    "new_decoder_architecture": true, "parallel_attn": true)");
  CHECK(large.model.kv_heads == 4);
  CHECK(large.model.norms_per_layer == 2);
}

TEST_CASE("MiniMax lists its lightning layers by number") {
  const auto c =
      read("minimax_text_01", R"("attn_type_list": [0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1])");
  CHECK(c.model.linear_layers == 8);
  CHECK(c.model.linear_attention == "lightning");
  CHECK(c.model.linear_value_heads == 8);
}

TEST_CASE("an unknown family is read by the common keys with a note") {
  const auto c = read("brand_new");
  CHECK(c.model.layers == 12);
  REQUIRE(c.notes.size() == 1);
  CHECK(c.notes.front().find("'brand_new' is not known") != std::string::npos);
}

TEST_CASE("quantization methods become catalog formats") {
  CHECK(format_of(R"({"quant_method": "fp8", "weight_block_size": [128, 128]})") == "fp8_block");
  CHECK(format_of(R"({"quant_method": "fp8"})") == "fp8");
  CHECK(format_of(R"({"quant_method": "awq", "bits": 4, "group_size": 128})") == "awq");
  CHECK(format_of(R"({"quant_method": "gptq", "bits": 4, "group_size": 128})") == "gptq");
  CHECK(format_of(R"({"quant_method": "gptq", "bits": 4, "group_size": 32})") == "gptq-g32");
  CHECK(format_of(R"({"quant_method": "gptq", "bits": 3, "group_size": 128})") == "gptq-3bit");
  CHECK(format_of(R"({"quant_method": "gptq", "bits": 8, "group_size": 32})") == "gptq-int8");
  CHECK(format_of(R"({"quant_method": "bitsandbytes", "load_in_4bit": true})") == "nf4");
  CHECK(format_of(R"({"quant_method": "bitsandbytes", "load_in_4bit": true,
    "bnb_4bit_use_double_quant": true})") == "nf4-dq");
  CHECK(format_of(R"({"quant_method": "bitsandbytes", "load_in_8bit": true})") == "bnb-int8");
  CHECK(format_of(R"({"quant_method": "modelopt", "quant_algo": "NVFP4"})") == "nvfp4");
  CHECK(format_of(R"({"bits": 4, "group_size": 64})") == "int4-g32");
}

TEST_CASE("compressed-tensors schemes become catalog formats") {
  const auto scheme = [](const std::string& weights, const std::string& rest = "") {
    return format_of(R"({"quant_method": "compressed-tensors", "config_groups": {"group_0": {)" +
                     rest + R"("weights": )" + weights + "}}}");
  };
  CHECK(scheme(R"({"num_bits": 4, "type": "int", "group_size": 128})") == "int4-w4a16");
  CHECK(scheme(R"({"num_bits": 4, "type": "int", "group_size": 32})") == "int4-g32");
  CHECK(scheme(R"({"num_bits": 8, "type": "int"})") == "int8");
  CHECK(scheme(R"({"num_bits": 8, "type": "int"})", R"("input_activations": {},)") == "w8a8-int8");
  CHECK(scheme(R"({"num_bits": 8, "type": "float", "strategy": "channel"})") == "fp8");
  CHECK(scheme(R"({"num_bits": 8, "type": "float", "strategy": "block"})") == "fp8_block");
  CHECK(scheme(R"({"num_bits": 4, "type": "float", "group_size": 16})") == "nvfp4");
}

TEST_CASE("hf_quant_config.json sets the formats of weights and cache") {
  auto c = read("llama");
  apply_hf_quant_config(c,
                        R"({"quantization": {"quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8",
    "exclude_modules": ["lm_head"]}})",
                        "hf_quant_config.json");
  CHECK(c.format == "nvfp4");
  CHECK(c.kv_format == "fp8");
  CHECK(c.model.native_format == "nvfp4");
  CHECK(c.notes.empty());
}

TEST_CASE("a mixed checkpoint takes the format of its experts, with a note") {
  auto c = read("llama");
  apply_hf_quant_config(c,
                        R"({"quantization": {"quant_algo": "MIXED_PRECISION", "quantized_layers":
    {"a.self_attn.q_proj": {"quant_algo": "FP8"}, "a.self_attn.k_proj": {"quant_algo": "FP8"},
     "a.mlp.experts": {"quant_algo": "W4A16_NVFP4"}}}})",
                        "hf_quant_config.json");
  CHECK(c.format == "nvfp4");
  CHECK(c.notes.size() == 1);
}

TEST_CASE("architectures that cannot be expressed are refused by name") {
  CHECK(refusal("nemotron_h") ==
        "config.json: 'model_type' 'nemotron_h' is not modelled: Mamba layers");
  CHECK(refusal("deepseek_v4").find("compressed sparse attention") != std::string::npos);
  CHECK(refusal("gemma4").find("head sizes that differ") != std::string::npos);
  CHECK(refusal("llama", R"("block_configs": [{}])") ==
        "config.json: 'block_configs' means layers pruned one by one, not modelled");
  CHECK(refusal("brand_new", R"("ssm_state_size": 128)").find("Mamba") != std::string::npos);
  CHECK(refusal("opt", R"("word_embed_proj_dim": 256)").find("not modelled") != std::string::npos);
}

TEST_CASE("Python's Infinity does not hide the reason of a refusal") {
  CHECK(refusal("nemotron_h", R"("time_step_limit": [0.0, Infinity, -Infinity, NaN])") ==
        "config.json: 'model_type' 'nemotron_h' is not modelled: Mamba layers");
}

TEST_CASE("a wrong value is named with its key") {
  CHECK(refusal("llama", R"("num_hidden_layers": -3)") ==
        "config.json: 'num_hidden_layers' must be a whole number, 0 or more, got -3");
  CHECK(refusal("llama", R"("hidden_size": 3.9)") ==
        "config.json: 'hidden_size' must be a whole number, 0 or more, got 3.9");
  CHECK(refusal("llama", R"("hidden_size": "512")") ==
        "config.json: 'hidden_size' must be a whole number, 0 or more, got '512'");
  CHECK(refusal("llama", R"("num_hidden_layers": 0)") ==
        "config.json: 'num_hidden_layers' must be a positive whole number, got 0");
  CHECK(refusal("llama", R"("hidden_size": 100000000)") ==
        "config.json: 'hidden_size' must be at most 4194304, got 100000000");
  CHECK(refusal("llama", R"("tie_word_embeddings": 1)") ==
        "config.json: 'tie_word_embeddings' must be true or false, got 1");
  CHECK(refusal("gemma2", R"("layer_types": ["full_attention"])") ==
        "config.json: 'layer_types' must have an entry for each of the 12 layers, got 1");
  CHECK(refusal("llama", R"("quantization_config": {"quant_method": "aqlm"})") ==
        "config.json: 'quantization_config.quant_method' names a quantization that is not "
        "modelled: 'aqlm'");
}

TEST_CASE("a whole number may be written as a float") {
  CHECK(read("llama", R"("hidden_size": 1024.0)").model.hidden_size == 1024);
}

TEST_CASE("what is not a config is refused") {
  CHECK(message_of("{}") ==
        "config.json: 'num_hidden_layers' must be a positive whole number, "
        "got none");
  CHECK(message_of("[1]") == "config.json: must be a JSON object, got a list");
  CHECK(message_of(R"({"a": 1)") == "config.json: not JSON from byte 8 on");
  CHECK(message_of("") == "config.json: not JSON from byte 1 on");
}

TEST_CASE("a message stays on one line whatever the file holds") {
  const auto message = refusal("llama", R"("hidden_size": "a\nb\u001b[31m")");
  CHECK(message.find('\n') == std::string::npos);
  CHECK(message.find('\x1b') == std::string::npos);
}

TEST_CASE("a model of absurd size is refused before its products overflow") {
  CHECK(refusal("llama", R"("hidden_size": 4000000, "intermediate_size": 4000000,
    "num_hidden_layers": 4000)") == "config.json: describes a model of more than 1e15 parameters");
}

}  // namespace
}  // namespace dsplan::ingest
