#include <algorithm>

#include "dsplan/estimate/parameters.hpp"

#include "training_parts.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Model;
using workload::Method;
using workload::Training;

constexpr double kFrozenBytes = 2.0;
constexpr double kWidenedBytes = 4.0;
constexpr double kNf4Bits = 4.5;

double as_double(std::int64_t n) { return static_cast<double>(n); }

/// Sum of both sides of the attention matrices that have adapters.
std::int64_t attention_sides(const Model& m, const workload::LoraTargets& on) {
  const std::int64_t h = m.hidden_size;
  const std::int64_t out = m.attention_heads * catalog::value_head_dim(m);
  const bool mla = catalog::is_mla(m);
  const std::int64_t key = mla ? m.kv_lora_rank + m.qk_rope_head_dim : m.kv_heads * m.head_dim;
  const std::int64_t value = m.kv_heads * catalog::value_head_dim(m);
  std::int64_t sides = 0;
  if (on.query) sides += h + m.attention_heads * m.head_dim;
  if (on.key) sides += h + key;
  if (on.value && !mla) sides += h + value;
  if (on.output) sides += out + h;
  return sides;
}

std::int64_t mlp_sides(const Model& m, const workload::LoraTargets& on, std::int64_t width) {
  if (width == 0) return 0;
  const int matrices = (on.gate && m.gated_mlp ? 1 : 0) + (on.up ? 1 : 0) + (on.down ? 1 : 0);
  return matrices * (m.hidden_size + width);
}

double adapters(const Training& t, const Stage& stage) {
  const Model& m = *t.model;
  const auto tp = as_double(t.layout.tp);
  if (t.lora.trainable_parameters) {
    return as_double(*t.lora.trainable_parameters) * as_double(stage.layers) /
           as_double(std::max<std::int64_t>(m.layers, 1)) / tp;
  }
  const auto& on = t.lora.targets;
  const std::int64_t sides = stage.layers * attention_sides(m, on) +
                             stage.dense * mlp_sides(m, on, m.intermediate_size) +
                             stage.moe * mlp_sides(m, on, m.shared_intermediate_size);
  return as_double(t.lora.rank) * as_double(sides) / tp;
}

double base_bytes(const Training& t, const HeldParameters& held) {
  const double wide = t.compute == workload::Compute::fp32 ? kWidenedBytes : kFrozenBytes;
  if (t.method == Method::lora)
    return wide * (held.matrices + held.small + held.experts + held.ends);
  const double bits = t.base_format == nullptr ? kNf4Bits : t.base_format->bits_per_weight;
  const double kept = t.framework->widens_unquantized ? kWidenedBytes : wide;
  return bits / 8.0 * (held.matrices + held.experts) + kept * (held.small + held.ends);
}

bool base_is_sharded(const Training& t) {
  return workload::sharding(t).weights && t.framework->shards_frozen_weights &&
         dense_ranks(t) > 1.0;
}

}  // namespace

States adapter_states(const Training& t, const Stage& stage, const HeldParameters& held) {
  const double count = adapters(t, stage);
  const double width = t.framework->adapter_bytes;
  const double copies = t.lora.train_embeddings ? held.ends : 0.0;
  const auto split = [&](bool sharded) { return sharded ? 1.0 / dense_ranks(t) : 1.0; };
  const workload::Sharding s = workload::sharding(t);
  const double trained = count * width + copies * kFrozenBytes;
  const double base = base_bytes(t, held) / (base_is_sharded(t) ? dense_ranks(t) : 1.0);
  const double state = state_count(t) * (count * state_bytes(*t.optimizer, width) +
                                         copies * state_bytes(*t.optimizer, kFrozenBytes));
  return {
      base + trained * split(s.weights), trained * split(s.gradients), state * split(s.optimizer)};
}

double adapter_gathered(const Training& t, const HeldParameters& held) {
  const Model& m = *t.model;
  if (base_is_sharded(t) || t.offload.parameters)
    return 2.0 * kFrozenBytes * (held.layer + held.layer_experts);
  if (t.method != Method::qlora) return 0.0;
  const std::int64_t widest =
      std::max({m.hidden_size, m.intermediate_size, m.moe_intermediate_size});
  return kFrozenBytes * as_double(m.hidden_size) * as_double(widest) / as_double(t.layout.tp);
}

}  // namespace dsplan::estimate
