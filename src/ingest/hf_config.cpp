#include "dsplan/ingest/hf_config.hpp"

#include <algorithm>
#include <array>

#include "hf_parts.hpp"

namespace dsplan::ingest {
namespace {

using catalog::Model;
using nlohmann::json;

/// One count of the model and the keys that families use for it.
struct CountKey {
  std::int64_t Model::*member;
  std::array<std::string_view, 6> keys;
  std::int64_t most = kMostWidth;
  bool required = false;
};

constexpr std::int64_t kMostHeads = 1 << 14;
constexpr std::int64_t kMostHeadDim = 1 << 16;
constexpr std::int64_t kMostVocabulary = 1 << 26;

constexpr std::array kCounts{
    CountKey{&Model::layers,
             {"num_hidden_layers", "n_layer", "num_layers", "n_layers"},
             kMostLayers,
             true},
    CountKey{&Model::hidden_size, {"hidden_size", "n_embd", "d_model"}, kMostWidth, true},
    CountKey{&Model::vocab_size, {"padded_vocab_size", "vocab_size"}, kMostVocabulary, true},
    CountKey{&Model::attention_heads,
             {"num_attention_heads", "n_head", "num_heads", "n_heads"},
             kMostHeads,
             true},
    CountKey{
        &Model::kv_heads,
        {"num_key_value_heads", "num_kv_heads", "multi_query_group_num", "num_attention_groups"},
        kMostHeads},
    CountKey{&Model::intermediate_size,
             {"intermediate_size", "n_inner", "ffn_hidden_size", "ffn_dim"}},
    CountKey{&Model::max_context_tokens,
             {"max_position_embeddings",
              "n_positions",
              "max_seq_len",
              "seq_length",
              "max_sequence_length"},
             kMostTokens},
    CountKey{&Model::head_dim, {"head_dim", "attention_head_dim", "kv_channels"}, kMostHeadDim},
    CountKey{&Model::v_head_dim, {"v_head_dim"}, kMostHeadDim},
    CountKey{&Model::kv_lora_rank, {"kv_lora_rank"}, kMostHeadDim},
    CountKey{&Model::q_lora_rank, {"q_lora_rank"}, kMostHeadDim},
    CountKey{&Model::qk_rope_head_dim, {"qk_rope_head_dim"}, kMostHeadDim},
    CountKey{&Model::qk_nope_head_dim, {"qk_nope_head_dim"}, kMostHeadDim},
    CountKey{&Model::indexer_heads, {"index_n_heads"}, kMostHeads},
    CountKey{&Model::indexer_head_dim, {"index_head_dim"}, kMostHeadDim},
    CountKey{&Model::indexer_top_k, {"index_topk"}, kMostTokens},
    CountKey{&Model::linear_key_heads, {"linear_num_key_heads"}, kMostHeads},
    CountKey{&Model::linear_value_heads, {"linear_num_value_heads"}, kMostHeads},
    CountKey{&Model::linear_key_head_dim, {"linear_key_head_dim"}, kMostHeadDim},
    CountKey{&Model::linear_value_head_dim, {"linear_value_head_dim"}, kMostHeadDim},
    CountKey{&Model::linear_conv_kernel, {"linear_conv_kernel_dim"}, 1024},
    CountKey{&Model::experts,
             {"num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"},
             1 << 16},
    CountKey{&Model::experts_per_token,
             {"num_experts_per_tok", "experts_per_token", "moe_k", "moe_topk", "top_k_experts"},
             1 << 16},
    CountKey{&Model::moe_intermediate_size, {"moe_intermediate_size", "expert_intermediate_size"}},
    CountKey{&Model::mtp_layers,
             {"num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_modules"},
             kMostLayers},
};

/// A key whose presence (true, not 0, not empty) means an architecture that cannot be expressed.
struct RefusedKey {
  std::string_view key;
  std::string_view why;
};

constexpr std::array kRefusedKeys{
    RefusedKey{"block_configs", "layers pruned one by one"},
    RefusedKey{"hybrid_override_pattern", "Mamba layers"},
    RefusedKey{"ssm_state_size", "Mamba layers"},
    RefusedKey{"mamba_d_state", "Mamba layers"},
    RefusedKey{"compress_ratios", "compressed sparse attention"},
    RefusedKey{"global_head_dim", "head sizes that differ between sliding and full layers"},
    RefusedKey{"num_kv_shared_layers", "layers that share a KV cache"},
    RefusedKey{"cross_attention_layers", "cross-attention layers"},
    RefusedKey{"is_encoder_decoder", "an encoder with a decoder"},
    RefusedKey{"linear_attn_config", "Kimi delta attention"},
    RefusedKey{"q_lora_rank_swa", "head sizes that differ between sliding and full layers"},
    RefusedKey{"swa_num_key_value_heads", "head counts that differ between kinds of layers"},
    RefusedKey{"moe_latent_size", "experts in a latent space"},
    RefusedKey{"ffn_config", "a nested MLP description"},
};

constexpr std::string_view kMendRefused = "plan with a catalog model of the same size, or --params";

bool is_set(const json* value) {
  if (value == nullptr || *value == false || (value->is_number() && *value == 0)) return false;
  return !value->is_structured() || !value->empty();
}

void refuse_unmodelled(const JsonObject& config, const std::string& type) {
  if (const auto why = why_refused(type); !why.empty()) {
    throw config.error("model_type",
                       in_quotes(type) + " is not modelled: " + std::string(why),
                       std::string(kMendRefused));
  }
  for (const RefusedKey& refused : kRefusedKeys) {
    if (!is_set(config.find(refused.key))) continue;
    throw config.error(refused.key,
                       "means " + std::string(refused.why) + ", not modelled",
                       std::string(kMendRefused));
  }
}

/// The value of a key that the file leaves out, as transformers fills it in.
std::int64_t default_of(const CountKey& count, const Family& family) {
  for (const std::string_view key : count.keys) {
    if (key.empty()) break;
    if (const std::int64_t value = ingest::default_of(family.type, key)) return value;
  }
  return 0;
}

void read_counts(const JsonObject& config, const Family& family, Model& m) {
  for (const CountKey& count : kCounts) {
    const auto named = std::ranges::find(count.keys, std::string_view{});
    const Keys keys(count.keys.begin(), named);
    const auto value = config.count(keys, count.most);
    m.*count.member = value ? *value : default_of(count, family);
    if (count.required && m.*count.member == 0) {
      throw config.error(
          keys.front(),
          "must be a positive whole number, got " + std::string(value ? "0" : "none"),
          "check that this is the config.json of a language model");
    }
  }
}

/// True or false by the family or by the first of `keys`.
bool bias(const JsonObject& config, Bias rule, std::initializer_list<std::string_view> keys) {
  if (rule == Bias::yes || rule == Bias::no) return rule == Bias::yes;
  const auto said = config.flag(Keys(keys.begin(), keys.size()));
  return said.value_or(rule == Bias::key_or_yes);
}

void read_biases(const JsonObject& config, const Family& family, Model& m) {
  m.qkv_bias =
      bias(config,
           family.qkv,
           {"attention_bias", "qkv_bias", "use_qkv_bias", "add_qkv_bias", "use_bias", "bias"});
  m.attention_output_bias =
      bias(config, family.out, {"attention_out_bias", "attention_bias", "use_bias", "bias"});
  m.mlp_bias = bias(config, family.mlp, {"mlp_bias", "use_bias", "bias"});
  m.router_bias = has(family, kRouterBias) || config.flag("use_routing_bias").value_or(false) ||
                  config.flag("use_moe_router_bias").value_or(false) ||
                  config.flag("moe_router_enable_expert_bias").value_or(false);
  m.router_bias = m.router_bias && m.experts > 0;
  m.expert_bias = has(family, kExpertBias) && m.experts > 0;
  m.lm_head_bias = config.flag("lm_head_bias").value_or(has(family, kHeadBias));
}

std::string_view qk_norm(const JsonObject& config, QkNorm rule) {
  const bool said =
      config.flag("use_qk_norm").value_or(false) || config.flag("qk_layernorm").value_or(false);
  switch (rule) {
    case QkNorm::head:
      return "head";
    case QkNorm::full:
      return "full";
    case QkNorm::head_by_key:
      return said ? "head" : "none";
    case QkNorm::full_by_key:
      return said ? "full" : "none";
    case QkNorm::none:
      break;
  }
  return "none";
}

void read_norms(const JsonObject& config, const Family& family, Model& m) {
  m.qk_norm = qk_norm(config, family.qk);
  m.norm_bias = has(family, kLayerNormBias);
  m.norms_per_layer = has(family, kNoNormWeights) ? 0 : family.norms;
  m.final_norm = !has(family, kNoNormWeights) && !has(family, kEncoder);
  if (!has(family, kParallelByKey)) return;
  // Falcon-7B and StableLM with a parallel residual share one norm; Falcon-40B has two.
  static constexpr std::array<std::string_view, 2> kParallel{"parallel_attn",
                                                             "use_parallel_residual"};
  const bool parallel = config.flag(kParallel).value_or(false);
  if (parallel && !config.flag("new_decoder_architecture").value_or(false)) m.norms_per_layer = 1;
}

void read_heads(const JsonObject& config, const Family& family, Model& m) {
  const bool grouped = config.flag("new_decoder_architecture").value_or(false) ||
                       config.flag("multi_query_attention").value_or(false);
  if (has(family, kMultiQuery) && !grouped) {
    m.kv_heads = config.flag("multi_query").value_or(true) ? 1 : m.attention_heads;
  }
  if (m.kv_heads == 0 || m.kv_lora_rank > 0) m.kv_heads = m.attention_heads;
  if (m.head_dim == 0) m.head_dim = m.hidden_size / m.attention_heads;
  if (m.kv_lora_rank > 0) {
    // head_dim in these files is the rotary part alone, or nothing.
    m.head_dim = m.qk_nope_head_dim + m.qk_rope_head_dim;
  } else {
    m.q_lora_rank = m.qk_nope_head_dim = m.qk_rope_head_dim = 0;
  }
  if (m.v_head_dim == m.head_dim) m.v_head_dim = 0;
  if (m.head_dim == 0)
    throw input_error(config.file(), "has heads of width 0", "check hidden_size");
  m.attention_sinks = has(family, kSinks);
  m.attention_output_gate = config.flag("attn_output_gate").value_or(has(family, kOutputGate));
}

void read_mlp(const JsonObject& config, const Family& family, Model& m) {
  m.gated_mlp = !has(family, kPlainMlp);
  if (m.intermediate_size == 0 && has(family, kFourfoldMlp))
    m.intermediate_size = 4 * m.hidden_size;
  if (has(family, kHalfMlp)) m.intermediate_size /= 2;
  read_experts(config, family, m);
  m.shared_expert_gate = has(family, kSharedGate) && m.shared_intermediate_size > 0;
  if (m.moe_layers < m.layers && m.intermediate_size == 0) {
    throw config.error("intermediate_size",
                       "must be a positive whole number, got none",
                       "check that this is the config.json of a language model");
  }
}

/// Which matrices are one, and in which order a layer applies its parts.
void read_structure(const JsonObject& config, const Family& family, Model& m) {
  static constexpr std::array<std::string_view, 2> kParallel{"parallel_attn",
                                                             "use_parallel_residual"};
  m.fused_qkv = has(family, kFusedQkv);
  m.fused_gate_up = has(family, kFusedGateUp);
  m.parallel_mlp = config.flag(kParallel).value_or(has(family, kParallelMlp));
  m.layer_norm = has(family, kBareLayerNorm);
  m.norms_after = has(family, kNormsAfter);
}

/// How a router scores and chooses.
void read_router(const JsonObject& config, const Family& family, Model& m) {
  if (m.experts == 0) return;
  const auto score = config.text(config.has("scoring_func") ? "scoring_func" : "score_function");
  if (score ? *score == "sigmoid" : has(family, kSigmoid)) m.router_score = "sigmoid";
  if (has(family, kSinks)) m.router_score = "softmax_top";
  m.router_scales_input = has(family, kLlama4Mlp);
  const auto groups = config.count("n_group", 1 << 16).value_or(0);
  if (groups <= 1) return;
  m.expert_groups = groups;
  m.expert_groups_per_token = config.count("topk_group", groups).value_or(groups);
}

/// Layers without rotary positions; needs the kinds of layers.
void read_positions(const JsonObject& config, const Family& family, Model& m) {
  if (has(family, kNope)) m.nope_layers = m.layers;
  if (has(family, kNopeFull) && m.sliding_layers > 0) m.nope_layers = m.layers - m.sliding_layers;
  const auto interval = config.count("no_rope_layer_interval", kMostLayers).value_or(4);
  if (has(family, kNopeFourth) && interval > 0) m.nope_layers = m.layers / interval;
  m.nope_query_scale = has(family, kLlama4Mlp) && m.nope_layers > 0 &&
                       config.flag("attn_temperature_tuning").value_or(true);
}

/// Tables and layers that only some families have: positions, embedding norms, poolers.
void read_ends(const JsonObject& config, const Family& family, Model& m) {
  const bool bert = has(family, kEncoder);
  m.encoder = bert;
  m.tied_embeddings = config.flag("tie_word_embeddings").value_or(has(family, kTied));
  if (has(family, kLearnedPositions)) {
    // OPT reserves two rows for padding; BERT's segment types are two more rows.
    const std::int64_t extra = family.type == "opt" ? 2 : 0;
    m.learned_positions = m.max_context_tokens + extra;
    if (bert) m.learned_positions += config.count("type_vocab_size", 1024).value_or(2);
  }
  if (has(family, kEmbeddingNorm)) m.other_parameters += 2 * m.hidden_size;
  if (bert) m.other_parameters += m.hidden_size * (m.hidden_size + 1);
}

/// Things that the keys say and the architecture cannot: small, so they are noted.
void note_leftovers(const JsonObject& config, const Family& family, Checkpoint& c) {
  if (!family.note.empty()) c.notes.emplace_back(family.note);
  const json* indexers = config.find("indexer_types");
  const bool shared = indexers != nullptr && indexers->is_array() &&
                      std::ranges::find(*indexers, json("shared")) != indexers->end();
  if (shared) {
    c.notes.emplace_back("some layers share the indexer of another; each is counted with its own");
  }
  if (config.has("num_mtp_modules") && c.model.mtp_layers > 0) {
    c.notes.emplace_back("the MTP modules are announced, but published weights may lack them");
  }
  if (c.model.max_context_tokens == 0) {
    c.notes.emplace_back("the file states no position limit");
  }
}

void refuse_projected_embeddings(const JsonObject& config, const Model& m) {
  const auto width = config.count("word_embed_proj_dim", kMostWidth);
  if (!width || *width == m.hidden_size) return;
  throw config.error("word_embed_proj_dim",
                     "differs from 'hidden_size', which is not modelled",
                     std::string(kMendRefused));
}

void read_text_model(const JsonObject& config, const Family& family, Checkpoint& c) {
  Model& m = c.model;
  read_counts(config, family, m);
  refuse_projected_embeddings(config, m);
  read_heads(config, family, m);
  read_mlp(config, family, m);
  read_biases(config, family, m);
  read_norms(config, family, m);
  read_structure(config, family, m);
  read_router(config, family, m);
  read_layer_kinds(config, family, c);
  read_positions(config, family, m);
  read_ends(config, family, m);
  note_leftovers(config, family, c);
}

struct Dtype {
  std::string_view theirs;
  std::string_view ours;
};

std::string_view dtype_of(const JsonObject& config) {
  static constexpr std::array kDtypes{Dtype{"bfloat16", "bf16"},
                                      Dtype{"float16", "fp16"},
                                      Dtype{"float32", "fp32"},
                                      Dtype{"torch.bfloat16", "bf16"},
                                      Dtype{"half", "fp16"},
                                      Dtype{"float8_e4m3fn", "fp8"}};
  for (const std::string_view key : {"dtype", "torch_dtype"}) {
    const json* value = config.find(key);
    if (value == nullptr || !value->is_string()) continue;
    const auto found = std::ranges::find(kDtypes, value->get<std::string>(), &Dtype::theirs);
    if (found != kDtypes.end()) return found->ours;
  }
  return {};
}

void read_dtype(const JsonObject& whole, const JsonObject& text, Checkpoint& c) {
  auto dtype = dtype_of(whole);
  if (dtype.empty()) dtype = dtype_of(text);
  if (dtype.empty() && c.format.empty()) c.notes.emplace_back("no dtype: bf16 assumed");
  c.model.native_format = dtype.empty() ? std::string_view("bf16") : dtype;
}

void read_format(const JsonObject& whole, const JsonObject& text, Checkpoint& c) {
  for (const std::string_view key : {"quantization_config", "quantization", "compression_config"}) {
    auto q = whole.object(key);
    if (!q) q = text.object(key);
    if (!q) continue;
    read_quantization(*q, c);
    break;
  }
  read_dtype(whole, text, c);
  if (!c.format.empty()) c.model.native_format = keep(c, c.format);
}

void read_vision(const JsonObject& whole, const std::string& type, Checkpoint& c) {
  if (const auto vision = whole.object("vision_config")) {
    const auto parameters = vision_parameters(type, *vision, c.model.hidden_size);
    c.model.vision_parameters = parameters.value_or(0);
    if (!parameters) c.notes.emplace_back("the vision tower's kind is not known: not counted");
  } else if (type == "llama4" || type == "gemma3") {
    c.notes.emplace_back("no vision_config: the text model alone is counted");
  }
  if (whole.has("audio_config")) c.notes.emplace_back("the audio tower is not counted");
}

/// The object with the language model's keys: the config itself or one nested in it.
JsonObject text_part(const JsonObject& whole) {
  for (const std::string_view key : {"text_config", "llm_config", "language_config"}) {
    if (auto nested = whole.object(key)) return *nested;
  }
  return whole;
}

const Family& family_of(const std::string& type, Checkpoint& c) {
  static constexpr Family kUnknown{
      "", 0, Bias::key_or_no, Bias::key_or_no, Bias::key_or_no, QkNorm::head_by_key};
  if (const Family* known = find_family(type)) return *known;
  c.notes.push_back("model_type " + in_quotes(type) +
                    " is not known: read by the common keys, as a gated decoder with RMSNorm");
  return kUnknown;
}

void read_names(const JsonObject& whole, const std::string& type, Checkpoint& c) {
  const json* classes = whole.find("architectures");
  const bool named = classes != nullptr && classes->is_array() && !classes->empty() &&
                     classes->front().is_string();
  c.model.id = keep(c, std::string(whole.file()));
  c.model.name = keep(c, named ? classes->front().get<std::string>() : type);
  c.model.family = keep(c, type);
}

}  // namespace

std::string_view keep(Checkpoint& checkpoint, std::string text) {
  return checkpoint.text->emplace_back(std::move(text));
}

void check_plausible(const Model& m, std::string_view file) {
  const auto d = [](std::int64_t n) { return static_cast<double>(n); };
  const double heads = d(m.attention_heads) * d(m.head_dim + m.v_head_dim + m.qk_nope_head_dim);
  const double attention =
      heads * 4 * d(m.hidden_size + m.q_lora_rank + m.kv_lora_rank) +
      d(m.indexer_heads + 1) * d(m.indexer_head_dim) * d(m.hidden_size + m.q_lora_rank);
  const double keys = d(m.linear_key_heads) * d(m.linear_key_head_dim);
  const double values = d(m.linear_value_heads) * d(m.linear_value_head_dim);
  const double linear = 4 * (keys + values) * d(m.hidden_size + m.linear_conv_kernel);
  const double mlp = 3 * d(m.hidden_size) *
                     (d(m.intermediate_size) + d(m.shared_intermediate_size) +
                      d(m.experts) * d(m.moe_intermediate_size + 1));
  const double ends =
      2.0 * d(m.hidden_size) * (d(m.vocab_size) + d(m.learned_positions) + d(m.hidden_size));
  // A thousand times the largest model published; far below 2^63.
  static constexpr double kMostParameters = 1e15;
  if ((d(m.layers) + d(m.mtp_layers)) * (attention + linear + mlp) + ends + d(m.vision_parameters) <
      kMostParameters) {
    return;
  }
  throw input_error(file,
                    "describes a model of more than 1e15 parameters",
                    "compare the sizes with the published file");
}

Checkpoint read_hf_config(std::string_view json, std::string_view file) {
  const nlohmann::json document = parse_json_object(json, file);
  const JsonObject whole(document, file);
  const JsonObject text = text_part(whole);
  const std::string outer = whole.text("model_type").value_or("");
  const std::string type = text.text("model_type").value_or(outer);
  refuse_unmodelled(whole, outer);
  refuse_unmodelled(text, type);

  Checkpoint c;
  read_names(whole, outer.empty() ? type : outer, c);
  const Family& family = family_of(type, c);
  read_text_model(text, family, c);
  // A wrapper's own flag wins: it is the wrapper that ties the head.
  if (const auto tied = whole.flag("tie_word_embeddings")) c.model.tied_embeddings = *tied;
  read_vision(whole, outer, c);
  read_format(whole, text, c);
  check_plausible(c.model, file);
  return c;
}

void apply_hf_quant_config(Checkpoint& checkpoint, std::string_view json, std::string_view file) {
  const nlohmann::json document = parse_json_object(json, file);
  const JsonObject whole(document, file);
  const auto quantization = whole.object("quantization");
  if (!quantization) throw whole.error("quantization", "is missing", "give ModelOpt's file");
  read_modelopt(*quantization, checkpoint);
  if (!checkpoint.format.empty()) {
    checkpoint.model.native_format = keep(checkpoint, checkpoint.format);
  }
}

}  // namespace dsplan::ingest
