// The model that GGUF metadata and tensors describe.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "dsplan/ingest/gguf.hpp"

#include "ggml_types.hpp"
#include "hf_parts.hpp"
#include "tensor_parts.hpp"

namespace dsplan::ingest {
namespace {

using catalog::Model;

struct Architecture {
  std::string_view name;
  std::int64_t window_period = 0;  ///< llama.cpp's set_swa_pattern; 1: all layers
  std::int64_t window_tokens = 0;  ///< where the code, not the file, says it
};

// llama.cpp src/llama-model.cpp, load_hparams: windows that the files do not lay out.
constexpr std::array kWindows{
    Architecture{"gemma2", 2},
    Architecture{"gemma3", 6},
    Architecture{"gpt-oss", 2},
    Architecture{"cohere2", 4},
    Architecture{"llama4", 4, 8192},
    Architecture{"phi3", 1},
    Architecture{"exaone4", 4},
    Architecture{"olmo2", 4},
    Architecture{"starcoder2", 1},
};

struct Refusal {
  std::string_view name;
  std::string_view why;
};

constexpr std::array kRefusals{
    Refusal{"mamba", "Mamba layers"},
    Refusal{"mamba2", "Mamba layers"},
    Refusal{"jamba", "Mamba layers"},
    Refusal{"falcon-h1", "Mamba layers"},
    Refusal{"nemotron_h", "Mamba layers"},
    Refusal{"nemotron_h_moe", "Mamba layers"},
    Refusal{"granitehybrid", "Mamba layers"},
    Refusal{"plamo2", "Mamba layers"},
    Refusal{"rwkv6", "recurrent layers"},
    Refusal{"rwkv7", "recurrent layers"},
    Refusal{"arwkv7", "recurrent layers"},
    Refusal{"lfm2", "convolution layers"},
    Refusal{"lfm2moe", "convolution layers"},
    Refusal{"gemma3n", "per-layer embeddings and shared caches"},
    Refusal{"gemma4", "head sizes that differ between sliding and full layers"},
    Refusal{"kimi-linear", "Kimi delta attention"},
    Refusal{"deepseek4", "compressed sparse attention"},
    Refusal{"deci", "layers pruned one by one"},
    Refusal{"openelm", "head counts that differ from layer to layer"},
    Refusal{"t5", "an encoder with a decoder"},
    Refusal{"t5encoder", "an encoder with relative positions"},
    Refusal{"clip", "a vision projector alone"},
    Refusal{"arctic", "a dense residual beside the experts"},
};

/// One count of the model, under "<architecture>.<key>".
struct CountKey {
  std::int64_t Model::*member;
  std::string_view key;
  std::int64_t most;
  bool required = false;
};

constexpr std::array kCounts{
    CountKey{&Model::layers, "block_count", kMostLayers, true},
    CountKey{&Model::hidden_size, "embedding_length", kMostWidth, true},
    CountKey{&Model::attention_heads, "attention.head_count", 1 << 14, true},
    CountKey{&Model::kv_heads, "attention.head_count_kv", 1 << 14},
    CountKey{&Model::intermediate_size, "feed_forward_length", kMostWidth},
    CountKey{&Model::max_context_tokens, "context_length", kMostTokens},
    CountKey{&Model::head_dim, "attention.key_length", 1 << 16},
    CountKey{&Model::v_head_dim, "attention.value_length", 1 << 16},
    CountKey{&Model::kv_lora_rank, "attention.kv_lora_rank", 1 << 16},
    CountKey{&Model::q_lora_rank, "attention.q_lora_rank", 1 << 16},
    CountKey{&Model::indexer_heads, "attention.indexer.head_count", 1 << 14},
    CountKey{&Model::indexer_head_dim, "attention.indexer.key_length", 1 << 16},
    CountKey{&Model::indexer_top_k, "attention.indexer.top_k", kMostTokens},
    CountKey{&Model::experts, "expert_count", 1 << 16},
    CountKey{&Model::experts_per_token, "expert_used_count", 1 << 16},
    CountKey{&Model::moe_intermediate_size, "expert_feed_forward_length", kMostWidth},
    CountKey{&Model::shared_intermediate_size, "expert_shared_feed_forward_length", kMostWidth},
    CountKey{&Model::mtp_layers, "nextn_predict_layers", kMostLayers},
};

/// Metadata and tensors of all files of a model.
class Source {
 public:
  Source(std::span<const GgufHeader> files, std::string_view file) : file_(file) {
    for (const GgufHeader& header : files) {
      if (header.metadata.contains("general.architecture")) main_ = &header;
      for (const GgufTensor& tensor : header.tensors) tensors_.emplace(tensor.name, &tensor);
    }
    if (main_ == nullptr) {
      throw error("has no 'general.architecture'", "give the first file of the split model");
    }
    architecture_ = text("general.architecture");
  }

  [[nodiscard]] const std::string& architecture() const { return architecture_; }

  [[nodiscard]] const GgufValue* find(std::string_view key) const {
    const auto found = main_->metadata.find(key);
    return found == main_->metadata.end() ? nullptr : &found->second;
  }
  /// The value of "<architecture>.<key>".
  [[nodiscard]] const GgufValue* own(std::string_view key) const {
    return find(architecture_ + "." + std::string(key));
  }
  [[nodiscard]] std::string text(std::string_view key) const {
    const GgufValue* value = find(key);
    const auto* words = value == nullptr ? nullptr : std::get_if<std::string>(value);
    return words == nullptr ? std::string() : *words;
  }
  /// A count of "<architecture>.<key>"; a list by layer must hold one value besides zeros.
  [[nodiscard]] std::optional<std::int64_t> count(std::string_view key, std::int64_t most) const;

  [[nodiscard]] const GgufTensor* tensor(std::string_view name) const {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : found->second;
  }
  /// A tensor of the first decoder layer that has it.
  [[nodiscard]] const GgufTensor* in_layers(std::string_view name) const {
    for (const auto& [full, tensor] : tensors_) {
      if (full.starts_with("blk.") && full.ends_with("." + std::string(name))) return tensor;
    }
    return nullptr;
  }
  /// How many of the first `layers` layers have a tensor.
  [[nodiscard]] std::int64_t layers_with(std::string_view name, std::int64_t layers) const {
    std::int64_t n = 0;
    for (std::int64_t i = 0; i < layers; ++i) {
      if (tensor("blk." + std::to_string(i) + "." + std::string(name)) != nullptr) ++n;
    }
    return n;
  }
  [[nodiscard]] const auto& tensors() const { return tensors_; }
  [[nodiscard]] std::string_view file() const { return file_; }
  [[nodiscard]] Error error(const std::string& what, std::string mend) const {
    return input_error(file_, what, std::move(mend));
  }

 private:
  std::string_view file_;
  const GgufHeader* main_ = nullptr;
  std::string architecture_;
  std::map<std::string_view, const GgufTensor*, std::less<>> tensors_;
};

/// The value that all entries but zeros share; nothing when they differ.
std::optional<std::int64_t> one_value(const GgufValue& value) {
  if (const auto* n = std::get_if<std::int64_t>(&value)) return *n;
  const auto* list = std::get_if<GgufArray>(&value);
  if (list == nullptr) return std::nullopt;
  std::set<std::int64_t> values(list->numbers.begin(), list->numbers.end());
  values.erase(0);
  if (values.size() > 1) return std::nullopt;
  return values.empty() ? 0 : *values.begin();
}

std::optional<std::int64_t> Source::count(std::string_view key, std::int64_t most) const {
  const GgufValue* value = own(key);
  if (value == nullptr) return std::nullopt;
  const auto n = one_value(*value);
  const std::string name = in_quotes(architecture_ + "." + std::string(key));
  if (!n) {
    throw error(name + " must be one whole number: layers that differ are not modelled",
                "plan with a catalog model of the same size");
  }
  if (*n < 0 || *n > most) {
    throw error(name + " must be 0 to " + std::to_string(most) + ", got " + std::to_string(*n),
                "download the file again");
  }
  return n;
}

void refuse_unmodelled(const Source& in) {
  const auto found = std::ranges::find(kRefusals, in.architecture(), &Refusal::name);
  if (found == kRefusals.end()) return;
  throw in.error("architecture " + in_quotes(in.architecture()) +
                     " is not modelled: " + std::string(found->why),
                 "plan with a catalog model of the same size, or --params");
}

void read_counts(const Source& in, Model& m) {
  for (const CountKey& count : kCounts) {
    m.*count.member = in.count(count.key, count.most).value_or(0);
    if (!count.required || m.*count.member > 0) continue;
    throw in.error(in_quotes(in.architecture() + "." + std::string(count.key)) +
                       " must be a positive whole number, got none",
                   "check that this is the file of a language model");
  }
  // llama.cpp counts MTP layers as blocks.
  if (m.mtp_layers >= m.layers) {
    throw in.error("has more MTP layers than blocks", "download the file again");
  }
  m.layers -= m.mtp_layers;
}

/// MLA: newer files describe the absorbed form and keep the real head sizes under *_mla.
void read_mla(const Source& in, Model& m) {
  if (const auto width = in.count("attention.key_length_mla", 1 << 16)) m.head_dim = *width;
  if (const auto width = in.count("attention.value_length_mla", 1 << 16)) m.v_head_dim = *width;
  m.qk_rope_head_dim = in.count("rope.dimension_count", m.head_dim).value_or(0);
  m.qk_nope_head_dim = m.head_dim - m.qk_rope_head_dim;
  m.kv_heads = m.attention_heads;
}

void read_heads(const Source& in, Model& m) {
  if (m.kv_heads == 0) m.kv_heads = m.attention_heads;
  if (m.head_dim == 0) m.head_dim = m.hidden_size / m.attention_heads;
  if (m.kv_lora_rank > 0) read_mla(in, m);
  if (m.v_head_dim == m.head_dim) m.v_head_dim = 0;
  if (m.head_dim == 0) throw in.error("has heads of width 0", "download the file again");
}

std::int64_t rows_of(const GgufTensor* tensor) {
  return tensor == nullptr || tensor->shape.size() < 2 ? 0 : tensor->shape[1];
}

void read_vocabulary(const Source& in, Model& m) {
  m.vocab_size = rows_of(in.tensor("token_embd.weight"));
  if (m.vocab_size == 0) m.vocab_size = in.count("vocab_size", 1 << 26).value_or(0);
  const GgufValue* tokens = in.find("tokenizer.ggml.tokens");
  const auto* list = tokens == nullptr ? nullptr : std::get_if<GgufArray>(tokens);
  if (m.vocab_size == 0 && list != nullptr) m.vocab_size = static_cast<std::int64_t>(list->length);
  if (m.vocab_size == 0) {
    throw in.error("does not say its vocabulary's size", "give the first file of the split model");
  }
}

void read_attention_tensors(const Source& in, Model& m) {
  m.qkv_bias = in.in_layers("attn_q.bias") != nullptr || in.in_layers("attn_qkv.bias") != nullptr;
  m.attention_output_bias = in.in_layers("attn_output.bias") != nullptr;
  m.attention_sinks = in.in_layers("attn_sinks.weight") != nullptr;
  const GgufTensor* norm = in.in_layers("attn_q_norm.weight");
  m.qk_norm = norm == nullptr ? "none" : norm->elements == m.head_dim ? "head" : "full";
  const bool mla = m.kv_lora_rank > 0;
  m.attention_output_gate =
      !mla && rows_of(in.in_layers("attn_q.weight")) == 2 * m.attention_heads * m.head_dim;
}

void read_mlp_tensors(const Source& in, Model& m) {
  const std::int64_t up = rows_of(in.in_layers("ffn_up.weight"));
  const bool fused = m.intermediate_size > 0 && up == 2 * m.intermediate_size;
  m.gated_mlp = fused || in.tensors().empty() || in.in_layers("ffn_gate.weight") != nullptr ||
                in.in_layers("ffn_gate_exps.weight") != nullptr ||
                in.in_layers("ffn_gate_up_exps.weight") != nullptr || m.experts > 0;
  m.mlp_bias = in.in_layers("ffn_up.bias") != nullptr;
}

/// Layers with a router where the tensors are all there, else by the count of leading dense ones.
std::int64_t expert_layers(const Source& in, const Model& m, bool complete) {
  if (complete) return in.layers_with("ffn_gate_inp.weight", m.layers);
  const auto dense = in.count("leading_dense_block_count", kMostLayers).value_or(0);
  const auto step = in.count("interleave_moe_layer_step", kMostLayers).value_or(1);
  return std::max<std::int64_t>(0, m.layers - dense) / std::max<std::int64_t>(1, step);
}

void read_experts(const Source& in, bool complete, Model& m) {
  if (m.experts == 0) {
    m.experts_per_token = m.moe_intermediate_size = m.shared_intermediate_size = 0;
    return;
  }
  if (m.moe_intermediate_size == 0) m.moe_intermediate_size = m.intermediate_size;
  if (const auto width = rows_of(in.in_layers("ffn_up_shexp.weight"))) {
    m.shared_intermediate_size = width;
  } else if (m.shared_intermediate_size == 0) {
    m.shared_intermediate_size =
        in.count("expert_shared_count", 1024).value_or(0) * m.moe_intermediate_size;
  }
  m.moe_layers = expert_layers(in, m, complete);
  if (m.moe_layers == m.layers) m.intermediate_size = 0;
  m.router_bias = in.in_layers("exp_probs_b.bias") != nullptr ||
                  in.in_layers("exp_probs_b") != nullptr ||
                  in.in_layers("ffn_gate_inp.bias") != nullptr;
  m.expert_bias = in.in_layers("ffn_up_exps.bias") != nullptr;
  m.shared_expert_gate = in.in_layers("ffn_gate_inp_shexp.weight") != nullptr;
  if (m.experts_per_token > 0 && m.experts_per_token <= m.experts) return;
  throw in.error("a token uses " + std::to_string(m.experts_per_token) + " of " +
                     std::to_string(m.experts) + " experts",
                 "download the file again");
}

/// Norms of the hidden width in a layer. Without tensors: the usual two.
std::int64_t norms_per_layer(const Source& in) {
  if (in.tensors().empty()) return 2;
  std::int64_t n = 0;
  for (const std::string_view name : {"attn_norm.weight",
                                      "attn_norm_2.weight",
                                      "ffn_norm.weight",
                                      "post_attention_norm.weight",
                                      "post_ffw_norm.weight",
                                      "attn_output_norm.weight",
                                      "layer_output_norm.weight"}) {
    if (in.in_layers(name) != nullptr) ++n;
  }
  return n;
}

void read_ends(const Source& in, Model& m) {
  m.tied_embeddings = in.tensor("output.weight") == nullptr;
  m.lm_head_bias = in.tensor("output.bias") != nullptr;
  m.final_norm = in.tensors().empty() || in.tensor("output_norm.weight") != nullptr;
  m.norm_bias =
      in.tensor("output_norm.bias") != nullptr || in.in_layers("attn_norm.bias") != nullptr;
  m.norms_per_layer = norms_per_layer(in);
  m.learned_positions =
      rows_of(in.tensor("position_embd.weight")) + rows_of(in.tensor("token_types.weight"));
  m.encoder = in.architecture().find("bert") != std::string::npos;
  for (const std::string_view name : {"token_embd_norm.weight", "token_embd_norm.bias"}) {
    if (in.tensor(name) != nullptr) m.other_parameters += m.hidden_size;
  }
}

/// Windowed layers by a list of ones (windowed) by layer, by a period, or by the architecture.
std::int64_t sliding_layers(const Source& in, const Model& m, std::int64_t period) {
  const GgufValue* said = in.own("attention.sliding_window_pattern");
  if (const auto* list = said == nullptr ? nullptr : std::get_if<GgufArray>(said)) {
    const auto layers =
        std::min<std::size_t>(list->numbers.size(), static_cast<std::size_t>(m.layers));
    return std::count(list->numbers.begin(), list->numbers.begin() + static_cast<long>(layers), 1);
  }
  if (said != nullptr)
    period = in.count("attention.sliding_window_pattern", kMostLayers).value_or(0);
  if (period == 1) return m.layers;
  return period == 0 ? 0 : m.layers - m.layers / period;
}

void read_window(const Source& in, Model& m) {
  const auto known = std::ranges::find(kWindows, in.architecture(), &Architecture::name);
  const Architecture rule = known == kWindows.end() ? Architecture{} : *known;
  const auto window =
      in.count("attention.sliding_window", kMostTokens).value_or(rule.window_tokens);
  if (window == 0 || (m.max_context_tokens > 0 && window >= m.max_context_tokens)) return;
  m.sliding_layers = sliding_layers(in, m, rule.window_period);
  if (m.sliding_layers > 0) m.sliding_window_tokens = window;
}

/// Gated DeltaNet (qwen3next, qwen35): its state is described with Mamba's keys.
void read_linear(const Source& in, Model& m) {
  const auto inner = in.count("ssm.inner_size", kMostWidth).value_or(0);
  if (inner == 0) return;
  const bool deltanet = in.architecture().starts_with("qwen3");
  m.linear_value_heads = in.count("ssm.time_step_rank", 1 << 14).value_or(0);
  if (!deltanet || m.linear_value_heads == 0) {
    throw in.error("has Mamba layers, not modelled", "plan with a catalog model of the same size");
  }
  const auto period = in.count("full_attention_interval", kMostLayers).value_or(4);
  m.linear_layers = m.layers - m.layers / std::max<std::int64_t>(1, period);
  m.linear_attention = "gated_deltanet";
  m.linear_key_heads = in.count("ssm.group_count", 1 << 14).value_or(0);
  m.linear_key_head_dim = in.count("ssm.state_size", 1 << 16).value_or(0);
  m.linear_value_head_dim = inner / m.linear_value_heads;
  m.linear_conv_kernel = in.count("ssm.conv_kernel", 1024).value_or(0);
}

bool is_mtp(std::string_view name, const Model& m) {
  const auto layer = layer_of(name);
  return layer && *layer >= m.layers;
}

/// Rotary factors are a table of constants, not parameters.
bool is_parameter(std::string_view name) { return !name.starts_with("rope_"); }

void read_sizes(const Source& in, Checkpoint& c) {
  double elements = 0.0;
  for (const auto& [name, tensor] : in.tensors()) {
    const bool mtp = is_mtp(name, c.model);
    c.sizes.*part_of_gguf_tensor(name, mtp) += tensor->size;
    if (!mtp && is_parameter(name)) elements += static_cast<double>(tensor->elements);
  }
  c.sizes.tensors = static_cast<std::int64_t>(in.tensors().size());
  c.has_sizes = c.sizes.tensors > 0;
  if (elements > 1e15) throw in.error("has more than 1e15 parameters", "download the file again");
  c.model.exact_parameters = static_cast<std::int64_t>(elements);
}

/// The type that holds most bytes, for files without general.file_type.
std::string_view commonest_format(const Source& in) {
  std::map<std::uint32_t, double> by_type;
  for (const auto& [name, tensor] : in.tensors()) by_type[tensor->type] += tensor->size.value;
  const auto most = std::ranges::max_element(
      by_type, {}, [](const std::pair<const std::uint32_t, double>& t) { return t.second; });
  const GgmlType* type = most == by_type.end() ? nullptr : find_ggml_type(most->first);
  return type == nullptr ? std::string_view{} : type->format;
}

void read_format(const Source& in, Checkpoint& c) {
  const GgufValue* value = in.find("general.file_type");
  const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
  if (number != nullptr) c.format = format_of_file_type(*number);
  if (c.format.empty()) {
    c.format = commonest_format(in);
    c.notes.emplace_back(
        "general.file_type is missing or unknown: the format is that of most of the weights");
  }
  c.model.native_format = c.format.empty() ? std::string_view("fp16") : keep(c, c.format);
}

void read_names(const Source& in, Checkpoint& c) {
  const std::string name = in.text("general.name");
  c.model.id = keep(c, std::string(in.file()));
  c.model.name = keep(c, name.empty() ? in.architecture() : name);
  c.model.family = keep(c, in.architecture());
}

bool all_files_given(std::span<const GgufHeader> files) {
  std::set<std::int64_t> given;
  for (const GgufHeader& header : files) given.insert(header.split_index);
  return !files.empty() && static_cast<std::int64_t>(given.size()) >= files.front().split_count;
}

}  // namespace

Checkpoint read_gguf_model(std::span<const GgufHeader> files, std::string_view file) {
  const Source in(files, file);
  refuse_unmodelled(in);
  const bool complete = all_files_given(files) && !in.tensors().empty();
  Checkpoint c;
  Model& m = c.model;
  read_names(in, c);
  read_counts(in, m);
  read_heads(in, m);
  read_vocabulary(in, m);
  read_linear(in, m);
  read_attention_tensors(in, m);
  read_mlp_tensors(in, m);
  read_experts(in, complete, m);
  read_ends(in, m);
  read_window(in, m);
  read_format(in, c);
  if (complete) {
    read_sizes(in, c);
  } else {
    c.notes.emplace_back(
        "not all files of the split model were given: sizes are not exact, and "
        "biases and norms are those of the tensors seen");
  }
  check_plausible(m, file);
  return c;
}

}  // namespace dsplan::ingest
