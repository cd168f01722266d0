#include "dsplan/estimate/weights.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "dsplan/estimate/parameters.hpp"

#include "arithmetic.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Engine;
using catalog::Model;
using workload::Inference;

/// Stored bytes per parameter of each part, by format and by what a read checkpoint says.
struct Widths {
  double linear;
  double expert;
  double embedding;
  double head;
  double small;
  double vision;
};

Widths format_widths(const workload::Precision& p) {
  const double expert_bits = p.experts->expert_bits_per_weight > 0.0
                                 ? p.experts->expert_bits_per_weight
                                 : p.experts->bits_per_weight;
  const double small_bits = p.dense->weight_bits >= 32.0 ? 32.0 : 16.0;
  return {p.dense->bits_per_weight / 8.0,
          expert_bits / 8.0,
          p.dense->embedding_bits / 8.0,
          p.dense->head_bits / 8.0,
          small_bits / 8.0,
          small_bits / 8.0};
}

std::int64_t linear_parameters(const Parameters& p) {
  return p.layers.softmax * matrices(p.softmax) + p.layers.linear * matrices(p.linear) +
         p.layers.dense * p.dense.dense + p.layers.moe * p.moe.shared;
}

double stored_width(Bytes stored, std::int64_t parameters, double otherwise) {
  return parameters > 0 && stored.value > 0.0 ? stored.value / real(parameters) : otherwise;
}

/// The widths that make each part as large as the checkpoint stores it.
Widths widths(const Inference& w, const Parameters& p) {
  Widths result = format_widths(w.precision);
  if (!w.stored) return result;
  const double small = result.small * real(layers_total(p, p.layers) - linear_parameters(p) -
                                           p.layers.moe * p.moe.routed);
  result.expert = stored_width(w.stored->experts, p.layers.moe * p.moe.routed, result.expert);
  result.linear =
      stored_width(w.stored->layers - bytes(small), linear_parameters(p), result.linear);
  result.embedding = stored_width(w.stored->embedding, p.embedding + p.positions, result.embedding);
  result.head = stored_width(w.stored->head, p.head, result.head);
  result.vision = stored_width(w.stored->vision, p.vision, result.vision);
  return result;
}

double key_value_share(const Model& m, std::int64_t tp) {
  if (m.kv_heads == 0) return 1.0;
  const std::int64_t heads = std::max<std::int64_t>(1, (m.kv_heads + tp - 1) / tp);
  return real(heads) / real(m.kv_heads);
}

/// Matrices of one layer's attention on one rank.
double attention_share(const AttentionParameters& a, const Model& m, std::int64_t tp) {
  return real(a.sharded) / real(tp) + real(a.key_value) * key_value_share(m, tp) +
         real(a.replicated);
}

double expert_padding(const Inference& w) {
  const Model& m = *w.model;
  const bool block_scaled = w.precision.experts->family == "mx";
  if (!block_scaled || m.moe_intermediate_size == 0) return 1.0;
  return real(round_up(m.moe_intermediate_size, w.engine->expert_width_multiple)) /
         real(m.moe_intermediate_size);
}

double vocabulary_padding(const Inference& w) {
  const std::int64_t multiple =
      std::lcm(std::max<std::int64_t>(1, w.engine->vocab_multiple), w.layout.tp);
  return real(round_up(w.model->vocab_size, multiple)) / real(w.model->vocab_size);
}

/// Are embedding and head on different devices, so that a tied table is stored twice?
bool stores_tied_head(const Inference& w) {
  return w.layout.pp > 1 || w.engine->embedding_on_host || w.engine->untied_copy;
}

void add_ends(const Inference& w,
              const Stage& stage,
              const Parameters& p,
              const Widths& width,
              WeightBytes& out) {
  const double tp = real(w.layout.tp) / vocabulary_padding(w);
  if (stage.first && !w.engine->embedding_on_host) {
    out.embedding = whole(w.parameter_scale * real(p.embedding) * width.embedding / tp);
  }
  const bool tied = p.head == 0;
  if (stage.last && (!tied || stores_tied_head(w))) {
    const double count = real(tied ? p.embedding : p.head);
    out.head = whole(w.parameter_scale * count * (tied ? width.embedding : width.head) / tp);
  }
  if (stage.first && w.engine->loads_vision)
    out.vision = whole(real(p.vision) * width.vision / real(w.layout.tp));
}

double small_parameters(const Stage& stage, const Parameters& p, const Inference& w) {
  const std::int64_t softmax = stage.full + stage.sliding;
  double n =
      real(softmax * p.softmax.small + stage.linear * p.linear.small + stage.dense * p.dense.small +
           stage.moe * p.moe.small + stage.layers * p.layer_norms);
  n += real(stage.moe * p.moe.routed_small) / real(workload::group_size(w.layout));
  if (stage.first) n += real(p.positions + p.other);
  if (stage.last) n += real(p.final_small);
  return n;
}

/// [W-EXTRA] A rotary table covers every position once per distinct rotary configuration.
double rope_cache_bytes(const Inference& w) {
  const Model& m = *w.model;
  if (!w.engine->rope_cache || m.learned_positions > 0) return 0.0;
  const std::int64_t width = catalog::is_mla(m) ? m.qk_rope_head_dim : m.head_dim;
  const std::int64_t positions = m.rope_positions > 0 ? m.rope_positions : m.max_context_tokens;
  return real(positions * width) * 2.0;
}

double absorbed_bytes(const Inference& w, const Stage& stage) {
  const Model& m = *w.model;
  if (!w.engine->mla_absorbed_copy || !catalog::is_mla(m)) return 0.0;
  const double per_layer = real(m.attention_heads * m.kv_lora_rank) *
                           real(m.qk_nope_head_dim + catalog::value_head_dim(m)) * 2.0;
  return real(stage.full + stage.sliding) * per_layer / real(w.layout.tp);
}

Stage whole_model(const Inference& w) {
  Inference one = w;
  one.layout = {};
  one.settings.gpu_layers.reset();
  return stages(one).front();
}

}  // namespace

WeightBytes weights(const Inference& w, const Stage& stage) {
  const Model& m = *w.model;
  const Parameters p = parameters(m);
  const Widths width = widths(w, p);
  const double scale = w.parameter_scale;
  const std::int64_t tp = w.layout.tp;
  const std::int64_t softmax = stage.full + stage.sliding;

  WeightBytes out;
  out.attention = whole(scale * width.linear *
                        (real(softmax) * attention_share(p.softmax, m, tp) +
                         real(stage.linear) * attention_share(p.linear, m, tp)));
  out.mlp = whole(scale * width.linear *
                  real(stage.dense * p.dense.dense + stage.moe * p.moe.shared) / real(tp));
  out.experts = whole(scale * width.expert * expert_padding(w) * real(stage.moe * p.moe.routed) /
                      real(workload::group_size(w.layout)));
  out.small = whole(scale * width.small * small_parameters(stage, p, w));
  add_ends(w, stage, p, width, out);
  out.derived = whole(rope_cache_bytes(w) + absorbed_bytes(w, stage));
  return out;
}

WeightBytes checkpoint_weights(const Inference& w) {
  // A plain engine that pads, copies and derives nothing.
  Engine plain = *w.engine;
  plain.vocab_multiple = 1;
  plain.expert_width_multiple = 1;
  plain.untied_copy = false;
  plain.embedding_on_host = false;
  plain.loads_vision = true;
  plain.rope_cache = false;
  plain.mla_absorbed_copy = false;
  Inference one = w;
  one.engine = &plain;
  one.layout = {};
  one.settings.gpu_layers.reset();
  return weights(one, whole_model(one));
}

Bytes host_weights(const Inference& w) {
  Bytes host = bytes(0);
  if (w.engine->embedding_on_host) host += checkpoint_weights(w).embedding;
  if (!w.settings.gpu_layers) return host;
  const Bytes all = total(weights(w, whole_model(w)));
  return host + (all - total(weights(w, stages(w).front())));
}

}  // namespace dsplan::estimate
