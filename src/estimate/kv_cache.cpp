#include "dsplan/estimate/kv_cache.hpp"

#include <algorithm>
#include <cmath>

#include "arithmetic.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Engine;
using catalog::Model;
using workload::Inference;

/// The indexer's cached key: one byte a value and a 32-bit scale.
double indexer_bytes(const Model& m) {
  return m.indexer_heads > 0 ? real(m.indexer_head_dim) + 4.0 : 0.0;
}

double latent_values(const Inference& w) {
  const Model& m = *w.model;
  const std::int64_t key = m.kv_lora_rank + m.qk_rope_head_dim;
  return real(w.engine->mla_stores_value ? key + m.kv_lora_rank : key);
}

/// One cell of one attention layer on one of `tp` ranks.
double cell_bytes(const Inference& w, std::int64_t tp) {
  const Model& m = *w.model;
  const double width = w.precision.kv->bits_per_weight / 8.0;
  if (catalog::is_mla(m)) return latent_values(w) * width + indexer_bytes(m);
  const std::int64_t heads = std::max<std::int64_t>(1, (m.kv_heads + tp - 1) / tp);
  return real(heads * (m.head_dim + catalog::value_head_dim(m))) * width;
}

bool bounds_window(const Inference& w) {
  const Model& m = *w.model;
  if (m.sliding_window_tokens == 0 || w.engine->sliding_window == "ignored") return false;
  const bool interleaved = m.sliding_layers < m.layers;
  return interleaved || w.engine->sliding_window == "all";
}

/// Cells of the sliding layers, of all sequences together.
std::int64_t window_cells(const Inference& w,
                          std::int64_t sequences,
                          std::int64_t context,
                          std::int64_t step_tokens) {
  const Engine& e = *w.engine;
  const std::int64_t cells = round_up(context, e.kv_block_tokens);
  const std::int64_t window = w.model->sliding_window_tokens;
  if (!bounds_window(w)) return sequences * cells;
  if (e.window_holds_step == "each") {
    return sequences * std::min(cells, round_up(window + step_tokens, e.kv_block_tokens));
  }
  const std::int64_t held = sequences * std::min(cells, round_up(window, e.kv_block_tokens));
  const std::int64_t step = e.window_holds_step == "once" ? step_tokens : 0;
  return std::min(sequences * cells, held + step);
}

/// vLLM gives full and sliding layers pages of one size, in groups of equal numbers of layers; a
/// group that is not full is padded.
std::int64_t padded_layers(std::int64_t layers, std::int64_t group) {
  return round_up(layers, group);
}

struct LayerSlots {
  std::int64_t full;
  std::int64_t sliding;
};

LayerSlots layer_slots(const Inference& w, const Stage& stage) {
  const bool mixed = stage.full > 0 && stage.sliding > 0;
  if (!w.engine->kv_layer_groups || !mixed) return {stage.full, stage.sliding};
  const std::int64_t fewer = std::min(stage.full, stage.sliding);
  const std::int64_t more = std::max(stage.full, stage.sliding);
  const std::int64_t group = more * 4 < fewer * 5 ? more : fewer;
  return {padded_layers(stage.full, group), padded_layers(stage.sliding, group)};
}

/// The recurrent state of one sequence in one linear layer, over all ranks.
double state_bytes(const Inference& w) {
  const Model& m = *w.model;
  const double state = real(m.linear_value_heads * m.linear_key_head_dim * m.linear_value_head_dim);
  const std::int64_t channels = 2 * m.linear_key_heads * m.linear_key_head_dim +
                                m.linear_value_heads * m.linear_value_head_dim;
  const std::int64_t tail = m.linear_conv_kernel > 0 ? (m.linear_conv_kernel - 1) * channels : 0;
  return state * w.engine->state_bits / 8.0 + real(tail) * w.engine->convolution_bits / 8.0;
}

/// llama.cpp gives every sequence of a hybrid model room for the context of all of them.
std::int64_t full_cells(const Inference& w, std::int64_t sequences, std::int64_t context) {
  const bool holds_all = w.engine->hybrid_holds_all && w.model->linear_layers > 0;
  const std::int64_t held = holds_all ? sequences * context : context;
  return sequences * round_up(held, w.engine->kv_block_tokens);
}

}  // namespace

CacheGeometry cache_geometry(const Inference& w,
                             const Stage& stage,
                             std::int64_t sequences,
                             std::int64_t context,
                             std::int64_t step_tokens) {
  const LayerSlots slots = layer_slots(w, stage);
  CacheGeometry g;
  g.full_layers = slots.full;
  g.full_cells = full_cells(w, sequences, context);
  g.window_layers = slots.sliding;
  g.window_cells = window_cells(w, sequences, context, step_tokens);
  g.cell_bytes = cell_bytes(w, w.layout.tp) / real(w.layout.cp);
  g.state_layers = stage.linear;
  g.states = sequences;
  g.state_bytes = state_bytes(w) / real(w.layout.tp);
  return g;
}

KvCacheBytes kv_cache(const Inference& w,
                      const Stage& stage,
                      std::int64_t sequences,
                      std::int64_t context,
                      std::int64_t step_tokens) {
  if (w.model->encoder) return {};
  const CacheGeometry g = cache_geometry(w, stage, sequences, context, step_tokens);
  KvCacheBytes kv;
  kv.full = whole(real(g.full_layers * g.full_cells) * g.cell_bytes);
  kv.window = whole(real(g.window_layers * g.window_cells) * g.cell_bytes);
  kv.state = whole(real(g.state_layers * g.states) * g.state_bytes);
  return kv;
}

Bytes kv_bytes_per_token(const Inference& w) {
  const Model& m = *w.model;
  if (m.encoder) return bytes(0);
  return whole(real(m.layers - m.linear_layers) * cell_bytes(w, 1));
}

double cache_copies(const Inference& w) {
  const std::int64_t ranks = w.layout.tp;
  return std::max(1.0, real(ranks) * cell_bytes(w, ranks) / cell_bytes(w, 1));
}

Bytes kv_bytes_per_token_beyond_window(const Inference& w) {
  const Model& m = *w.model;
  if (m.encoder) return bytes(0);
  const std::int64_t growing =
      bounds_window(w) ? catalog::full_attention_layers(m) : m.layers - m.linear_layers;
  return whole(real(growing) * cell_bytes(w, 1));
}

std::int64_t pool_tokens(const Inference& w, const Stage& stage, Bytes pool) {
  const LayerSlots slots = layer_slots(w, stage);
  const double token =
      real(slots.full + slots.sliding) * cell_bytes(w, w.layout.tp) / real(w.layout.cp);
  if (token <= 0.0 || pool.value <= 0.0) return 0;
  const std::int64_t block = std::max<std::int64_t>(1, w.engine->kv_block_tokens);
  return static_cast<std::int64_t>(pool.value / (token * real(block))) * block;
}

}  // namespace dsplan::estimate
