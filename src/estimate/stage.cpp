#include "dsplan/estimate/stage.hpp"

#include <algorithm>

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

Stage offloaded(const Model& m, std::int64_t gpu_layers) {
  const std::int64_t held = std::min(gpu_layers, m.layers);
  Stage s = slice(m, m.layers - held, m.layers);
  s.first = held == m.layers;
  s.last = gpu_layers > m.layers;
  return s;
}

}  // namespace

std::vector<Stage> stages(const workload::Inference& w) {
  const Model& m = *w.model;
  if (w.settings.gpu_layers) return {offloaded(m, *w.settings.gpu_layers)};
  const std::int64_t pp = w.layout.pp;
  std::vector<Stage> result{stage_at(m, pp, 0)};
  if (pp > 2) result.push_back(stage_at(m, pp, 1));
  if (pp > 1) result.push_back(stage_at(m, pp, pp - 1));
  return result;
}

}  // namespace dsplan::estimate
