// Which layers attend how, and which have experts.
#include <algorithm>
#include <array>
#include <vector>

#include "hf_parts.hpp"

namespace dsplan::ingest {
namespace {

using catalog::Model;
using nlohmann::json;

enum class Kind { full, sliding, linear };

struct KindName {
  std::string_view name;
  Kind kind;
};

constexpr std::array kKindNames{
    KindName{"full_attention", Kind::full},
    KindName{"attention", Kind::full},
    KindName{"global_attention", Kind::full},
    KindName{"sliding_attention", Kind::sliding},
    KindName{"chunked_attention", Kind::sliding},
    KindName{"linear_attention", Kind::linear},
};

/// All but each `period`-th layer are of `kind`; 0: none, 1: all.
std::vector<Kind> periodic(std::int64_t layers, std::int64_t period, Kind kind) {
  std::vector<Kind> kinds(static_cast<std::size_t>(layers), Kind::full);
  for (std::int64_t i = 0; period > 0 && i < layers; ++i) {
    if (period == 1 || (i + 1) % period != 0) kinds[static_cast<std::size_t>(i)] = kind;
  }
  return kinds;
}

/// A list with one entry per layer, or null when absent. Entries after the last layer are of MTP.
const json* per_layer(const JsonObject& config, std::string_view key, std::int64_t layers) {
  const json* list = config.list(key);
  if (list != nullptr && static_cast<std::int64_t>(list->size()) < layers) {
    throw config.error(key,
                       "must have an entry for each of the " + std::to_string(layers) +
                           " layers, got " + std::to_string(list->size()),
                       "compare the file with the published one");
  }
  return list;
}

Kind kind_named(const JsonObject& config, std::string_view key, const json& name) {
  const std::string text = name.is_string() ? name.get<std::string>() : std::string();
  const auto found = std::ranges::find(kKindNames, text, &KindName::name);
  if (found != kKindNames.end()) return found->kind;
  throw config.error(key,
                     "has layers of a kind that is not modelled: " + in_quotes(text),
                     "plan with a catalog model of the same size");
}

std::optional<std::vector<Kind>> kinds_by_name(const JsonObject& config, std::int64_t layers) {
  for (const std::string_view key : {"layer_types", "layers_block_type"}) {
    const json* list = per_layer(config, key, layers);
    if (list == nullptr) continue;
    std::vector<Kind> kinds;
    for (std::int64_t i = 0; i < layers; ++i) {
      kinds.push_back(kind_named(config, key, (*list)[static_cast<std::size_t>(i)]));
    }
    return kinds;
  }
  return std::nullopt;
}

/// Lists of ones and zeros: MiniMax's attn_type_list (0: linear), Llama-4's no_rope_layers (1: a
/// chunked layer).
std::optional<std::vector<Kind>> kinds_by_number(const JsonObject& config,
                                                 std::string_view key,
                                                 std::int64_t layers,
                                                 std::int64_t special,
                                                 Kind kind) {
  const json* list = per_layer(config, key, layers);
  if (list == nullptr || list->empty()) return std::nullopt;
  std::vector<Kind> kinds;
  for (std::int64_t i = 0; i < layers; ++i) {
    const auto value = as_count((*list)[static_cast<std::size_t>(i)], 1);
    if (!value) throw config.error(key, "must hold ones and zeros");
    kinds.push_back(*value == special ? kind : Kind::full);
  }
  return kinds;
}

/// Gemma-3's number of layers in a period, or EXAONE-4's "LLLG".
std::int64_t window_period(const JsonObject& config, const Family& family) {
  for (const std::string_view key : {"sliding_window_pattern", "_sliding_window_pattern"}) {
    const json* value = config.find(key);
    if (value == nullptr) continue;
    if (!value->is_string()) return config.count(key, kMostLayers).value_or(0);
    const auto& pattern = value->get_ref<const std::string&>();
    const auto global = pattern.find('G');
    return global == pattern.npos ? 1 : static_cast<std::int64_t>(global) + 1;
  }
  return family.window_period;
}

/// Qwen 2 and 3: a window only with the flag, and only from layer max_window_layers on.
std::vector<Kind> kinds_by_flag(const JsonObject& config, std::int64_t layers) {
  if (!config.flag("use_sliding_window").value_or(false)) return periodic(layers, 0, Kind::sliding);
  auto kinds = periodic(layers, 1, Kind::sliding);
  const auto first = std::min(layers, config.count("max_window_layers", kMostLayers).value_or(0));
  std::fill_n(kinds.begin(), first, Kind::full);
  return kinds;
}

std::vector<Kind> layer_kinds(const JsonObject& config, const Family& family, std::int64_t layers) {
  if (auto kinds = kinds_by_name(config, layers)) return *kinds;
  if (auto kinds = kinds_by_number(config, "attn_type_list", layers, 0, Kind::linear)) {
    return *kinds;
  }
  if (auto kinds = kinds_by_number(config, "no_rope_layers", layers, 1, Kind::sliding)) {
    return *kinds;
  }
  const auto interval = config.count("full_attention_interval", kMostLayers);
  if (interval || has(family, kLinear)) return periodic(layers, interval.value_or(4), Kind::linear);
  if (has(family, kWindowByFlag)) return kinds_by_flag(config, layers);
  return periodic(layers, window_period(config, family), Kind::sliding);
}

/// The window in tokens, or 0 when there is none.
std::int64_t window_of(const JsonObject& config, std::string_view model_type) {
  static constexpr std::array<std::string_view, 3> kWindows{
      "sliding_window", "attention_chunk_size", "window_size"};
  if (const auto window = config.count(kWindows, kMostTokens)) return *window;
  for (const std::string_view key : kWindows) {
    // A null says "no window"; only a key left out takes the default.
    if (config.raw().contains(std::string(key))) continue;
    if (const std::int64_t window = default_of(model_type, key)) return window;
  }
  return 0;
}

/// The state of linear layers: gated DeltaNet has keys of its own, MiniMax's uses the heads.
void read_linear_shape(const JsonObject& config, Model& m) {
  if (m.linear_value_heads > 0) {
    m.linear_attention = "gated_deltanet";
  } else if (config.has("attn_type_list")) {
    m.linear_attention = "lightning";
    m.linear_key_heads = m.linear_value_heads = m.attention_heads;
    m.linear_key_head_dim = m.linear_value_head_dim = m.head_dim;
  } else {
    throw input_error(config.file(),
                      "has linear-attention layers of a kind that is not modelled",
                      "plan with a catalog model of the same size");
  }
}

void drop_linear_shape(Model& m) {
  m.linear_key_heads = m.linear_value_heads = 0;
  m.linear_key_head_dim = m.linear_value_head_dim = m.linear_conv_kernel = 0;
}

/// A step of layers with experts: each `step`-th from `first` on, counted from `offset`.
struct ExpertSteps {
  std::int64_t first = 0;
  std::int64_t step = 1;
  std::int64_t offset = 0;
};

ExpertSteps expert_steps(const JsonObject& config) {
  static constexpr std::array<std::string_view, 2> kFirst{"first_k_dense_replace",
                                                          "moe_layer_start_index"};
  static constexpr std::array<std::string_view, 2> kEach{"moe_layer_freq", "moe_layer_interval"};
  // These two count layers from one.
  static constexpr std::array<std::string_view, 2> kEachFromOne{"decoder_sparse_step",
                                                                "interleave_moe_layer_step"};
  ExpertSteps steps;
  steps.first = config.count(kFirst, kMostLayers).value_or(0);
  const json* each = config.find("moe_layer_freq");
  const bool listed = each != nullptr && each->is_array();
  const auto step = listed ? std::nullopt : config.count(kEach, kMostLayers);
  const auto from_one = config.count(kEachFromOne, kMostLayers);
  steps.step = step.value_or(from_one.value_or(1));
  steps.offset = !step && from_one ? 1 : 0;
  return steps;
}

bool contains_layer(const json* list, std::int64_t layer) {
  if (list == nullptr) return false;
  return std::ranges::any_of(*list,
                             [&](const json& v) { return as_count(v, kMostLayers) == layer; });
}

std::int64_t stepped_expert_layers(const JsonObject& config, std::int64_t layers) {
  const ExpertSteps steps = expert_steps(config);
  const json* dense = config.list("mlp_only_layers");
  if (steps.step == 0) return 0;
  std::int64_t n = 0;
  for (std::int64_t i = steps.first; i < layers; ++i) {
    if ((i + steps.offset) % steps.step == 0 && !contains_layer(dense, i)) ++n;
  }
  return n;
}

/// Layers with experts, from whichever of the four ways the config says it.
std::int64_t expert_layers(const JsonObject& config, std::int64_t layers) {
  if (const json* types = per_layer(config, "mlp_layer_types", layers)) {
    return std::count(types->begin(), types->begin() + layers, json("sparse"));
  }
  if (const json* listed = config.find("moe_layers"); listed != nullptr && listed->is_array()) {
    return std::min(layers, static_cast<std::int64_t>(listed->size()));
  }
  if (const json* each = config.find("moe_layer_freq"); each != nullptr && each->is_array()) {
    const json* flags = per_layer(config, "moe_layer_freq", layers);
    return std::count(flags->begin(), flags->begin() + layers, json(1));
  }
  return stepped_expert_layers(config, layers);
}

/// A count, or the sum-free form of some configs: a list whose entries are all the same.
std::int64_t count_or_first(const JsonObject& config, std::string_view key) {
  const json* value = config.find(key);
  if (value == nullptr || !value->is_array()) return config.count(key, kMostWidth).value_or(0);
  if (value->empty()) return 0;
  const auto first = as_count(value->front(), kMostWidth);
  if (!first || std::ranges::any_of(*value, [&](const json& v) { return v != value->front(); })) {
    throw config.error(key,
                       "differs from layer to layer, which is not modelled",
                       "plan with a catalog model of the same size");
  }
  return *first;
}

/// Width of all shared experts together: stated as such, or a number of experts of one width.
std::int64_t shared_width(const JsonObject& config, const Model& m) {
  for (const std::string_view key : {"shared_expert_intermediate_size",
                                     "shared_intermediate_size",
                                     "moe_shared_expert_intermediate_size",
                                     "share_expert_dim"}) {
    if (config.has(key)) return count_or_first(config, key);
  }
  static constexpr std::array<std::string_view, 3> kShared{
      "n_shared_experts", "num_shared_experts", "moe_num_shared_experts"};
  return config.count(kShared, 1024).value_or(0) * m.moe_intermediate_size;
}

/// Llama-4 calls the width of an expert intermediate_size and the dense width ..._mlp.
void read_llama4_widths(const JsonObject& config, Model& m) {
  m.moe_intermediate_size = m.shared_intermediate_size = m.intermediate_size;
  m.intermediate_size = config.count("intermediate_size_mlp", kMostWidth).value_or(0);
}

void read_expert_widths(const JsonObject& config, const Family& family, Model& m) {
  if (has(family, kLlama4Mlp)) return read_llama4_widths(config, m);
  if (m.moe_intermediate_size == 0) m.moe_intermediate_size = m.intermediate_size;
  m.shared_intermediate_size = shared_width(config, m);
}

}  // namespace

void read_layer_kinds(const JsonObject& config, const Family& family, Checkpoint& checkpoint) {
  Model& m = checkpoint.model;
  const auto kinds = layer_kinds(config, family, m.layers);
  m.linear_layers = std::ranges::count(kinds, Kind::linear);
  if (m.linear_layers > 0) {
    read_linear_shape(config, m);
  } else {
    drop_linear_shape(m);
  }
  const std::int64_t window = window_of(config, family.type);
  // A window as long as the context never takes effect.
  const bool matters = window > 0 && (m.max_context_tokens == 0 || window < m.max_context_tokens);
  m.sliding_layers = matters ? std::ranges::count(kinds, Kind::sliding) : 0;
  m.sliding_window_tokens = m.sliding_layers > 0 ? window : 0;
}

void read_experts(const JsonObject& config, const Family& family, Model& m) {
  if (m.experts == 0) {
    m.experts_per_token = m.moe_intermediate_size = 0;
    return;
  }
  read_expert_widths(config, family, m);
  m.moe_layers = expert_layers(config, m.layers);
  if (m.moe_layers == m.layers) m.intermediate_size = 0;
  if (m.experts_per_token == 0 || m.experts_per_token > m.experts || m.moe_intermediate_size == 0) {
    throw input_error(config.file(),
                      "says " + std::to_string(m.experts) + " experts, of which a token uses " +
                          std::to_string(m.experts_per_token) + ", of width " +
                          std::to_string(m.moe_intermediate_size),
                      "check the keys num_experts_per_tok and moe_intermediate_size");
  }
}

}  // namespace dsplan::ingest
