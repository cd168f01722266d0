#include "dsplan/estimate/stage.hpp"

#include <algorithm>
#include <tuple>

namespace dsplan::estimate {
namespace {

using catalog::Model;

/// Of `count` special layers spread evenly over `layers`, how many stand before position `end`.
std::int64_t spread_before(std::int64_t end, std::int64_t count, std::int64_t layers) {
  return end * count / layers;
}

std::int64_t dense_before(std::int64_t end, const Model& m) {
  const std::int64_t dense = m.layers - m.moe_layers;
  const bool alternate = dense == m.moe_layers;
  return alternate ? spread_before(end, dense, m.layers) : std::min(end, dense);
}

Stage slice(const Model& m, std::int64_t begin, std::int64_t end) {
  const std::int64_t full = catalog::full_attention_layers(m);
  Stage s;
  s.layers = end - begin;
  s.full = spread_before(end, full, m.layers) - spread_before(begin, full, m.layers);
  const std::int64_t rest = s.layers - s.full;
  s.sliding = m.linear_layers == 0 ? rest : 0;
  s.linear = rest - s.sliding;
  s.dense = dense_before(end, m) - dense_before(begin, m);
  s.moe = s.layers - s.dense;
  return s;
}

Stage stage_at(const Model& m, std::int64_t pp, std::int64_t index) {
  const std::int64_t base = m.layers / pp;
  const std::int64_t longer = m.layers % pp;
  const auto start = [&](std::int64_t i) { return i * base + std::min(i, longer); };
  Stage s = slice(m, start(index), start(index + 1));
  s.index = index;
  s.first = index == 0;
  s.last = index == pp - 1;
  return s;
}

/// llama.cpp spreads the head as one more layer: item i goes to the first device whose share of the
/// items is above i / items.
Stage layer_split_at(const Model& m, std::int64_t devices, std::int64_t index) {
  const std::int64_t items = m.layers + 1;
  const auto start = [&](std::int64_t i) { return (i * items + devices - 1) / devices; };
  Stage s = slice(m, start(index), std::min(start(index + 1), m.layers));
  s.index = index;
  s.first = index == 0;
  s.last = index == devices - 1;
  return s;
}

/// The head counts as the last layer and is the first to be on the device.
Stage offloaded(const Model& m, std::int64_t gpu_layers) {
  const std::int64_t held = std::clamp<std::int64_t>(gpu_layers - 1, 0, m.layers);
  Stage s = slice(m, m.layers - held, m.layers);
  s.first = held == m.layers;
  s.last = gpu_layers > 0;
  return s;
}

using StageAt = Stage (*)(const Model&, std::int64_t, std::int64_t);

/// The first of those with the most experts, layers and caches.
Stage fullest_between(const Model& m, std::int64_t pp, StageAt at) {
  const auto weight = [](const Stage& s) { return std::tuple(s.moe, s.layers, s.full); };
  Stage fullest = at(m, pp, 1);
  for (std::int64_t i = 2; i < pp - 1; ++i) {
    const Stage s = at(m, pp, i);
    if (weight(s) > weight(fullest)) fullest = s;
  }
  return fullest;
}

std::vector<Stage> first_middle_last(const Model& m, std::int64_t pp, StageAt at) {
  std::vector<Stage> result{at(m, pp, 0)};
  if (pp > 2) result.push_back(fullest_between(m, pp, at));
  if (pp > 1) result.push_back(at(m, pp, pp - 1));
  return result;
}

}  // namespace

std::vector<Stage> stages(const workload::Inference& w) {
  const Model& m = *w.model;
  if (w.settings.gpu_layers) return {offloaded(m, *w.settings.gpu_layers)};
  const bool by_layer = w.engine->split == "layer";
  return first_middle_last(m, w.layout.pp, by_layer ? &layer_split_at : &stage_at);
}

std::vector<Stage> even_stages(const Model& model, std::int64_t pp) {
  return first_middle_last(model, pp, &stage_at);
}

}  // namespace dsplan::estimate
