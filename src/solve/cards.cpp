#include "dsplan/solve/cards.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/estimate/memory.hpp"
#include "dsplan/solve/memory_limits.hpp"

namespace dsplan::solve {
namespace {

using workload::Inference;
using workload::Layout;

bool stays_inside(std::int64_t tp, std::int64_t gpus, const LayoutSpace& space) {
  if (space.tp_across_nodes) return true;
  return tp <= space.node_gpus && (gpus <= space.node_gpus || space.node_gpus % tp == 0);
}

void add(std::vector<Layout>& layouts, const Layout& layout, const Inference& w) {
  if (workload::even_stages(layout, *w.model, *w.engine) &&
      workload::obstacle(layout, *w.model, *w.engine).empty())
    layouts.push_back(layout);
}

/// The ways to share a layer between `group` GPUs, plain tensor parallelism first.
void add_groups(std::vector<Layout>& layouts,
                Layout layout,
                std::int64_t group,
                const Inference& w,
                const LayoutSpace& space) {
  const std::int64_t gpus = group * layout.pp * layout.dp;
  const bool spreads = space.attention_copies && catalog::is_moe(*w.model) && group > 1;
  if (stays_inside(group, gpus, space)) {
    layout.tp = group;
    add(layouts, layout, w);
    if (spreads) {
      layout.ep = group;
      add(layouts, layout, w);
    }
  }
  if (!spreads) return;
  layout.ep = group;
  for (std::int64_t tp = group / 2; tp >= 1; --tp) {
    if (group % tp != 0 || !stays_inside(tp, gpus, space)) continue;
    layout.tp = tp;
    layout.attention_dp = group / tp;
    add(layouts, layout, w);
  }
}

}  // namespace

std::vector<Layout> layouts_on(std::int64_t gpus, const Inference& w, const LayoutSpace& space) {
  std::vector<Layout> layouts;
  for (std::int64_t dp = 1; dp <= std::min(gpus, space.most_copies); ++dp) {
    const std::int64_t replica = gpus / dp;
    if (gpus % dp != 0 || replica > space.most_replica_gpus) continue;
    for (std::int64_t group = replica; group >= 1; --group) {
      if (replica % group != 0) continue;
      add_groups(layouts, {.pp = replica / group, .dp = dp}, group, w, space);
    }
  }
  return layouts;
}

Inference with_layout(const Inference& w, const Layout& layout) {
  Inference other = w;
  other.layout = layout;
  return other;
}

std::optional<Layout> holding_layout(std::int64_t gpus,
                                     const Inference& w,
                                     const catalog::Gpu& gpu,
                                     const LayoutSpace& space) {
  const auto layouts = layouts_on(gpus, w, space);
  const auto first = std::find_if(layouts.begin(), layouts.end(), [&](const Layout& layout) {
    return holds(with_layout(w, layout), gpu);
  });
  return first == layouts.end() ? std::nullopt : std::optional(*first);
}

std::int64_t least_gpus(const Inference& w, const catalog::Gpu& gpu) {
  const auto memory = estimate::inference_memory(with_layout(w, {}), &gpu);
  const Bytes weights = estimate::total(memory.worst_gpu().weights);
  const double devices = std::ceil(weights / catalog::runtime_memory(gpu));
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(devices));
}

std::optional<Cards> fewest_for_memory(const Inference& w,
                                       const catalog::Gpu& gpu,
                                       const LayoutSpace& space,
                                       std::int64_t most) {
  return fewest(least_gpus(w, gpu), most, [&](std::int64_t n) -> std::optional<Cards> {
    const auto layout = holding_layout(n, w, gpu, space);
    return layout ? std::optional(Cards{n, *layout}) : std::nullopt;
  });
}

}  // namespace dsplan::solve
