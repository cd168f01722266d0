// Parameters of vision towers. Each formula is the sum of the tower's tensor shapes; checked on
// published counts: Gemma-3 416,866,032 + projector, Qwen3.5 437,132,016 + 4609 x hidden, Llama-4
// 871,932,416.
#include <array>

#include "hf_parts.hpp"

namespace dsplan::ingest {
namespace {

/// The sizes that the towers share, with the defaults of their config classes.
struct Tower {
  std::int64_t width = 0;
  std::int64_t mlp = 0;
  std::int64_t layers = 0;
  std::int64_t patch = 0;
  std::int64_t channels = 3;
  std::int64_t image = 0;
  std::int64_t text = 0;
};

constexpr std::int64_t kMostPixels = 1 << 14;
constexpr std::int64_t kMostPatch = 256;
constexpr std::int64_t kMostTowerWidth = 1 << 16;

std::int64_t first_of(const JsonObject& vision,
                      std::initializer_list<std::string_view> keys,
                      std::int64_t most,
                      std::int64_t otherwise) {
  return vision.count(Keys(keys.begin(), keys.size()), most).value_or(otherwise);
}

Tower read_tower(const JsonObject& v, std::int64_t text) {
  Tower t;
  t.width = first_of(v, {"vt_hidden_size", "embed_dim", "hidden_size"}, kMostTowerWidth, 0);
  t.mlp = first_of(v, {"vt_intermediate_size", "intermediate_size"}, kMostTowerWidth * 4, 0);
  t.layers = first_of(v, {"vt_num_hidden_layers", "depth", "num_hidden_layers"}, kMostLayers, 0);
  t.patch = first_of(v, {"patch_size"}, kMostPatch, 14);
  t.channels = first_of(v, {"in_channels", "in_chans", "num_channels"}, kMostPatch, 3);
  t.image = first_of(v, {"image_size"}, kMostPixels, 0);
  t.text = text;
  return t;
}

std::int64_t patch_pixels(const Tower& t) { return t.channels * t.patch * t.patch; }

/// Fully connected, with bias.
std::int64_t linear(std::int64_t in, std::int64_t out) { return in * out + out; }

/// Attention and a two-matrix MLP, all with biases, and two LayerNorms.
std::int64_t classic_layer(const Tower& t) {
  return 4 * linear(t.width, t.width) + linear(t.width, t.mlp) + linear(t.mlp, t.width) +
         4 * t.width;
}

std::int64_t grid(const Tower& t) {
  const std::int64_t side = t.patch > 0 ? t.image / t.patch : 0;
  return side * side;
}

/// SigLIP, then Gemma-3's norm and bias-free projector.
std::int64_t siglip(const Tower& t, const JsonObject&) {
  return linear(patch_pixels(t), t.width) + grid(t) * t.width + t.layers * classic_layer(t) +
         2 * t.width + t.width + t.width * t.text;
}

/// A merger of 2 x 2 patches: norm over `norm` values, two layers.
std::int64_t merger(std::int64_t norm, std::int64_t in, std::int64_t out) {
  return norm + linear(in, in) + linear(in, out);
}

std::int64_t merged_width(const Tower& t, const JsonObject& v) {
  const std::int64_t merge = first_of(v, {"spatial_merge_size"}, 16, 2);
  return t.width * merge * merge;
}

std::int64_t out_width(const Tower& t, const JsonObject& v) {
  return first_of(v, {"out_hidden_size"}, kMostTowerWidth, t.text);
}

/// Qwen3-VL and Qwen3.5: one merger, and one more for each DeepStack level.
std::int64_t qwen3_vl(const Tower& t, const JsonObject& v) {
  const std::int64_t frames = first_of(v, {"temporal_patch_size"}, 16, 2);
  const std::int64_t positions = first_of(v, {"num_position_embeddings"}, 1 << 24, 2304);
  const std::int64_t in = merged_width(t, v);
  const std::int64_t out = out_width(t, v);
  const auto* levels = v.list("deepstack_visual_indexes");
  const auto deep = levels == nullptr ? 0 : static_cast<std::int64_t>(levels->size());
  return linear(patch_pixels(t) * frames, t.width) + positions * t.width +
         t.layers * classic_layer(t) + merger(2 * t.width, in, out) +
         deep * merger(2 * in, in, out);
}

/// Qwen2.5-VL: RMSNorm, gated MLP with biases, no position table.
std::int64_t qwen2_5_vl(const Tower& t, const JsonObject& v) {
  const std::int64_t frames = first_of(v, {"temporal_patch_size"}, 16, 2);
  const std::int64_t layer = 4 * linear(t.width, t.width) + 2 * linear(t.width, t.mlp) +
                             linear(t.mlp, t.width) + 2 * t.width;
  return patch_pixels(t) * frames * t.width + t.layers * layer +
         merger(t.width, merged_width(t, v), out_width(t, v));
}

/// Llama-4: class token, norms before and after, pixel-shuffle adapter and projector without bias.
std::int64_t llama4(const Tower& t, const JsonObject& v) {
  const std::int64_t adapter = first_of(v, {"projector_input_dim"}, kMostTowerWidth, 4096);
  const std::int64_t out = first_of(v, {"projector_output_dim"}, kMostTowerWidth, 4096);
  return patch_pixels(t) * t.width + t.width + (grid(t) + 1) * t.width + 4 * t.width +
         t.layers * classic_layer(t) + t.mlp * adapter + adapter * out + out * t.text;
}

/// Pixtral: RMSNorm, gated MLP, no biases, and a projector of two layers.
std::int64_t pixtral_tower(const Tower& t) {
  const std::int64_t layer = 4 * t.width * t.width + 3 * t.width * t.mlp + 2 * t.width;
  return patch_pixels(t) * t.width + t.width + t.layers * layer;
}

std::int64_t pixtral(const Tower& t, const JsonObject&) {
  return pixtral_tower(t) + linear(t.width, t.text) + linear(t.text, t.text);
}

/// Mistral Small 3.1: Pixtral with a norm, a 2 x 2 patch merger and a projector without bias.
std::int64_t mistral3(const Tower& t, const JsonObject&) {
  return pixtral_tower(t) + t.width + 4 * t.width * t.width + t.width * t.text + t.text * t.text;
}

/// MoonViT of Kimi-K2.5 with its patch merger.
std::int64_t moonvit(const Tower& t, const JsonObject& v) {
  const std::int64_t height = first_of(v, {"init_pos_emb_height"}, 1024, 64);
  const std::int64_t across = first_of(v, {"init_pos_emb_width"}, 1024, 64);
  return linear(patch_pixels(t), t.width) + height * across * t.width +
         t.layers * classic_layer(t) + 2 * t.width + merger(2 * t.width, 4 * t.width, t.text);
}

struct TowerKind {
  std::string_view model_type;   ///< of the whole config
  std::string_view vision_type;  ///< of vision_config; empty: any
  std::int64_t (*parameters)(const Tower&, const JsonObject&);
};

constexpr std::array kTowers{
    TowerKind{"gemma3", "", &siglip},
    TowerKind{"qwen3_vl", "", &qwen3_vl},
    TowerKind{"qwen3_vl_moe", "", &qwen3_vl},
    TowerKind{"qwen3_5", "", &qwen3_vl},
    TowerKind{"qwen3_5_moe", "", &qwen3_vl},
    TowerKind{"qwen2_5_vl", "", &qwen2_5_vl},
    TowerKind{"llama4", "", &llama4},
    TowerKind{"mistral3", "pixtral", &mistral3},
    TowerKind{"llava", "pixtral", &pixtral},
    TowerKind{"kimi_k25", "", &moonvit},
};

}  // namespace

std::optional<std::int64_t> vision_parameters(std::string_view model_type,
                                              const JsonObject& vision,
                                              std::int64_t text_hidden) {
  const std::string kind = vision.text("model_type").value_or("");
  for (const TowerKind& known : kTowers) {
    if (known.model_type != model_type) continue;
    if (!known.vision_type.empty() && known.vision_type != kind) continue;
    const Tower tower = read_tower(vision, text_hidden);
    if (tower.width == 0 || tower.layers == 0 || tower.mlp == 0) return std::nullopt;
    return known.parameters(tower, vision);
  }
  return std::nullopt;
}

}  // namespace dsplan::ingest
