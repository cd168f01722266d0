#include "hf_family.hpp"

#include <algorithm>
#include <array>

namespace dsplan::ingest {
namespace {

constexpr Bias kNo = Bias::no;
constexpr Bias kYes = Bias::yes;
constexpr Bias kKey = Bias::key_or_no;
constexpr Bias kKeyYes = Bias::key_or_yes;

constexpr std::uint32_t kMlaMoe = kRouterBias | kSigmoid;
constexpr std::uint32_t kQwenNext = kSharedGate | kOutputGate | kLinear;
constexpr std::uint32_t kGptLike = kTied | kLayerNormBias | kPlainMlp | kFourfoldMlp;
constexpr std::string_view kStepNote =
    "the sliding layers of this family may have more query heads than the file's main count, and "
    "attention has a small head-wise gate; both are left out (under 1 % of the parameters)";

// type, traits, qkv bias, output bias, mlp bias, qk norm, norms per layer, window period, note.
constexpr std::array kFamilies{
    Family{"llama", 0},
    Family{"mistral", 0, kNo, kNo, kNo, QkNorm::none, 2, 1},
    Family{"ministral3", 0, kNo, kNo, kNo},
    Family{"mixtral", kAllExperts, kNo, kNo, kNo, QkNorm::none, 2, 1},
    Family{"llama4", kLlama4Mlp | kSigmoid | kNopeFull, kKey, kKey, kNo, QkNorm::none, 2, 4},
    Family{"qwen", kHalfMlp | kFusedQkv, kYes, kNo, kNo},
    Family{"qwen2", kWindowByFlag, kYes, kNo, kNo, QkNorm::none, 2, 1},
    Family{"qwen2_vl", kWindowByFlag, kYes, kNo, kNo, QkNorm::none, 2, 1},
    Family{"qwen2_5_vl", kWindowByFlag, kYes, kNo, kNo, QkNorm::none, 2, 1},
    Family{"qwen2_moe", kWindowByFlag | kSharedGate, kKeyYes, kNo, kNo, QkNorm::none, 2, 1},
    Family{"qwen3", kWindowByFlag, kKey, kKey, kNo, QkNorm::head, 2, 1},
    Family{"qwen3_moe", kWindowByFlag, kKey, kKey, kNo, QkNorm::head, 2, 1},
    Family{"qwen3_vl", kWindowByFlag, kKey, kKey, kNo, QkNorm::head},
    Family{"qwen3_vl_moe", kWindowByFlag, kKey, kKey, kNo, QkNorm::head},
    Family{"qwen3_next", kQwenNext, kKey, kKey, kNo, QkNorm::head},
    Family{"qwen3_5", kQwenNext, kKey, kKey, kNo, QkNorm::head},
    Family{"qwen3_5_moe", kQwenNext, kKey, kKey, kNo, QkNorm::head},
    Family{"deepseek", 0, kKey, kKey, kNo},
    Family{"deepseek_v2", 0, kKey, kKey, kNo},
    Family{"deepseek_v3", kMlaMoe, kKey, kKey, kNo},
    Family{"deepseek_v32", kMlaMoe, kKey, kKey, kNo},
    Family{"kimi_k2", kMlaMoe, kKey, kKey, kNo},
    Family{"glm_moe_dsa", kMlaMoe, kKey, kKey, kNo},
    Family{"glm4_moe_lite", kMlaMoe, kKey, kKey, kNo},
    Family{"chatglm", kFusedQkv | kFusedGateUp, kKeyYes, kNo, kNo},
    Family{"glm", kFusedGateUp, kKeyYes, kNo, kNo},
    Family{"glm4", kFusedGateUp, kKey, kNo, kNo, QkNorm::none, 4},
    Family{"glm4_moe", kRouterBias | kSigmoid, kKey, kNo, kNo, QkNorm::head_by_key},
    Family{"gemma", kTied, kKey, kKey, kNo},
    Family{"gemma2", kTied, kKey, kKey, kNo, QkNorm::none, 4, 2},
    Family{"gemma3", kTied, kKey, kKey, kNo, QkNorm::head, 4, 6},
    Family{
        "cohere", kTied | kParallelMlp | kBareLayerNorm, kKey, kKey, kNo, QkNorm::full_by_key, 1},
    Family{"cohere2",
           kTied | kParallelMlp | kBareLayerNorm | kNopeFull,
           kKey,
           kKey,
           kNo,
           QkNorm::none,
           1,
           4},
    Family{"phi",
           kLayerNormBias | kPlainMlp | kHeadBias | kFourfoldMlp | kParallelMlp,
           kYes,
           kYes,
           kYes,
           QkNorm::none,
           1},
    Family{"phi3", kFusedQkv | kFusedGateUp, kNo, kNo, kNo, QkNorm::none, 2, 1},
    Family{"phimoe", kLayerNormBias | kHeadBias | kAllExperts, kKey, kKey, kNo, QkNorm::none, 2, 1},
    Family{"gpt2", kGptLike | kLearnedPositions | kFusedQkv, kYes, kYes, kYes},
    Family{"gpt_bigcode", kGptLike | kLearnedPositions | kMultiQuery | kFusedQkv, kYes, kYes, kYes},
    Family{"gpt_neo", kGptLike | kLearnedPositions, kNo, kYes, kYes, QkNorm::none, 2, 2},
    Family{"gptj", (kGptLike & ~kTied) | kHeadBias | kParallelMlp, kNo, kNo, kYes, QkNorm::none, 1},
    Family{
        "gpt_neox", kLayerNormBias | kPlainMlp | kFusedQkv | kParallelMlp, kKeyYes, kKeyYes, kYes},
    Family{"opt", kTied | kLayerNormBias | kPlainMlp | kLearnedPositions, kYes, kYes, kYes},
    Family{"bloom", kGptLike | kEmbeddingNorm | kFusedQkv | kNope, kYes, kYes, kYes},
    Family{"falcon",
           kGptLike | kMultiQuery | kParallelByKey | kFusedQkv | kParallelMlp,
           kKey,
           kKey,
           kKey},
    Family{"mpt",
           kTied | kPlainMlp | kFourfoldMlp | kFusedQkv | kBareLayerNorm | kNope,
           kNo,
           kNo,
           kNo},
    Family{"starcoder2",
           kTied | kLayerNormBias | kPlainMlp,
           kKeyYes,
           kKeyYes,
           kKeyYes,
           QkNorm::none,
           2,
           1},
    Family{"stablelm", kLayerNormBias | kParallelByKey, kKey, kNo, kNo},
    Family{"nemotron", kLayerNormBias | kPlainMlp, kKey, kKey, kKey},
    Family{"olmo", kNoNormWeights | kBareLayerNorm, kKey, kKey, kNo},
    Family{"olmo2", kNormsAfter, kKey, kKey, kNo, QkNorm::full},
    Family{"olmo3", kNormsAfter, kKey, kKey, kNo, QkNorm::full, 2, 4},
    Family{"olmoe", kAllExperts, kKey, kKey, kNo, QkNorm::full},
    Family{"granite", 0},
    Family{"granitemoe", kAllExperts, kKey, kKey, kNo},
    Family{"granitemoeshared", kAllExperts, kKey, kKey, kNo},
    Family{"gpt_oss",
           kSinks | kExpertBias | kRouterBias | kAllExperts,
           kYes,
           kYes,
           kNo,
           QkNorm::none,
           2,
           2},
    Family{"exaone", kFourfoldMlp, kNo, kNo, kNo},
    Family{"exaone4", kNormsAfter | kNopeFull, kNo, kNo, kNo, QkNorm::head, 2, 4},
    Family{"smollm3", kTied | kNopeFourth},
    Family{"seed_oss", 0, kKeyYes, kKey, kKey},
    Family{"mimo", kWindowByFlag, kYes, kNo, kNo, QkNorm::none, 2, 1},
    Family{"hunyuan_v1_dense", kTied, kKey, kKey, kKey, QkNorm::head},
    Family{"internlm2", 0, kKey, kKey, kNo},
    Family{"internlm3", 0, kKey, kKey, kKey},
    Family{"baichuan", kFusedQkv, kNo, kNo, kNo},
    Family{"ernie4_5", kTied},
    Family{"ernie4_5_moe", kTied | kRouterBias},
    Family{"bailing_moe", 0, kKey, kKey, kKey, QkNorm::head_by_key},
    Family{"bailing_moe_v2", kRouterBias | kSigmoid, kKey, kKey, kKey, QkNorm::head_by_key},
    Family{"minimax", kAllExperts, kNo, kNo, kNo},
    Family{"minimax_text_01", kAllExperts, kNo, kNo, kNo},
    Family{"minimax_m2", kAllExperts | kSigmoid, kNo, kNo, kNo, QkNorm::full_by_key},
    Family{"step3p5", kRouterBias | kSigmoid, kNo, kNo, kNo, QkNorm::head, 2, 4, kStepNote},
    Family{"step3p7", kRouterBias | kSigmoid, kNo, kNo, kNo, QkNorm::head, 2, 4, kStepNote},
    Family{"bert", kGptLike | kLearnedPositions | kEncoder | kEmbeddingNorm, kYes, kYes, kYes},
    Family{"roberta", kGptLike | kLearnedPositions | kEncoder | kEmbeddingNorm, kYes, kYes, kYes},
    Family{
        "xlm-roberta", kGptLike | kLearnedPositions | kEncoder | kEmbeddingNorm, kYes, kYes, kYes},
};

struct Refusal {
  std::string_view type;
  std::string_view why;
};

constexpr std::string_view kMamba = "Mamba layers";
constexpr std::string_view kRecurrent = "recurrent layers without attention";
constexpr std::string_view kEncoderDecoder = "an encoder with a decoder";
constexpr std::string_view kCompressed = "compressed sparse attention (CSA/HCA)";
constexpr std::string_view kMixedHeads = "head sizes that differ between sliding and full layers";

constexpr std::array kRefusals{
    Refusal{"mamba", kMamba},
    Refusal{"mamba2", kMamba},
    Refusal{"falcon_mamba", kMamba},
    Refusal{"falcon_h1", kMamba},
    Refusal{"jamba", kMamba},
    Refusal{"bamba", kMamba},
    Refusal{"zamba", kMamba},
    Refusal{"zamba2", kMamba},
    Refusal{"plamo2", kMamba},
    Refusal{"nemotron_h", kMamba},
    Refusal{"granitemoehybrid", kMamba},
    Refusal{"rwkv", kRecurrent},
    Refusal{"rwkv7", kRecurrent},
    Refusal{"xlstm", kRecurrent},
    Refusal{"recurrent_gemma", kRecurrent},
    Refusal{"lfm2", "convolution layers"},
    Refusal{"lfm2_moe", "convolution layers"},
    Refusal{"kimi_linear", "Kimi delta attention (KDA)"},
    Refusal{"kimi_k3", "Kimi delta attention (KDA)"},
    Refusal{"deepseek_v4", kCompressed},
    Refusal{"deepseek_ref", kCompressed},
    Refusal{"gemma4", kMixedHeads},
    Refusal{"mimo_v2_flash", kMixedHeads},
    Refusal{"gemma3n", "per-layer embeddings and shared caches"},
    Refusal{"nemotron-nas", "layers pruned one by one (block_configs)"},
    Refusal{"openelm", "head counts that differ from layer to layer"},
    Refusal{"mllama", "cross-attention layers"},
    Refusal{"dbrx", "its nested ffn_config"},
    Refusal{"arctic", "a dense residual beside the experts"},
    Refusal{"longcat_flash", "zero-computation experts"},
    Refusal{"modernbert", "an encoder with alternating attention"},
    Refusal{"t5", kEncoderDecoder},
    Refusal{"bart", kEncoderDecoder},
    Refusal{"whisper", kEncoderDecoder},
    Refusal{"m2m_100", kEncoderDecoder},
};

struct Default {
  std::string_view type;
  std::string_view key;
  std::int64_t value;
};

// Only families whose published configs rely on the class defaults (transformers 4.57).
constexpr std::array kDefaults{
    Default{"gemma3", "vocab_size", 262208},
    Default{"gemma3", "num_attention_heads", 8},
    Default{"gemma3", "num_key_value_heads", 4},
    Default{"gemma3", "head_dim", 256},
    Default{"gemma3", "sliding_window", 4096},
    Default{"gemma3", "max_position_embeddings", 131072},
    Default{"mistral", "num_key_value_heads", 8},
    Default{"mixtral", "num_key_value_heads", 8},
    Default{"llama4", "attention_chunk_size", 8192},
    Default{"gpt_neo", "window_size", 256},
    Default{"bert", "type_vocab_size", 2},
    Default{"roberta", "type_vocab_size", 2},
};

/// "qwen3_vl_moe_text" is "qwen3_vl_moe".
bool same_type(std::string_view type, std::string_view entry) {
  static constexpr std::string_view kText = "_text";
  if (type == entry) return true;
  return type.size() == entry.size() + kText.size() && type.starts_with(entry) &&
         type.ends_with(kText);
}

}  // namespace

const Family* find_family(std::string_view model_type) {
  const auto is_it = [&](const Family& f) { return same_type(model_type, f.type); };
  const auto found = std::ranges::find_if(kFamilies, is_it);
  return found == kFamilies.end() ? nullptr : &*found;
}

std::string_view why_refused(std::string_view model_type) {
  const auto is_it = [&](const Refusal& r) { return same_type(model_type, r.type); };
  const auto found = std::ranges::find_if(kRefusals, is_it);
  return found == kRefusals.end() ? std::string_view{} : found->why;
}

std::int64_t default_of(std::string_view model_type, std::string_view key) {
  const auto is_it = [&](const Default& d) {
    return d.key == key && same_type(model_type, d.type);
  };
  const auto found = std::ranges::find_if(kDefaults, is_it);
  return found == kDefaults.end() ? 0 : found->value;
}

}  // namespace dsplan::ingest
