#include "training_space.hpp"

#include <algorithm>
#include <array>

namespace dsplan::plan {
namespace {

using workload::Layout;
using workload::Offload;
using workload::Recompute;
using workload::Training;

std::vector<std::int64_t> divisors(std::int64_t n) {
  std::vector<std::int64_t> result;
  for (std::int64_t d = 1; d <= n; ++d)
    if (n % d == 0) result.push_back(d);
  return result;
}

bool allows(const std::optional<std::int64_t>& said, std::int64_t value) {
  return !said || *said == value;
}

/// Sizes of one kind of model parallelism: what was said, 1 where the framework has none.
std::vector<std::int64_t> sizes(const Training& base,
                                const std::optional<std::int64_t>& said,
                                std::int64_t within,
                                std::int64_t most) {
  if (said) return within % *said == 0 ? std::vector{*said} : std::vector<std::int64_t>{};
  if (!base.framework->model_parallel) return {1};
  std::vector<std::int64_t> all = divisors(within);
  std::erase_if(all, [&](std::int64_t n) { return n > most; });
  return all;
}

bool divides_work(const Training& base, const Layout& l) {
  return base.global_batch % l.dp == 0 && base.seq_len % l.cp == 0;
}

/// Adds the layouts that differ in expert parallelism alone.
void add_layouts(const Training& base,
                 const std::optional<std::int64_t>& said_ep,
                 Layout l,
                 std::vector<Layout>& result) {
  const std::int64_t experts = catalog::is_moe(*base.model) ? base.model->experts : 1;
  for (const std::int64_t ep : sizes(base, said_ep, l.tp * l.cp * l.dp, experts)) {
    l.ep = ep;
    Training t = base;
    t.layout = l;
    if (workload::hard_obstacle(t).empty()) result.push_back(l);
  }
}

std::vector<Recompute> recomputations(const Training& t, const TrainingRequest& said) {
  if (said.recompute) return {t.recompute};
  std::vector<Recompute> result;
  for (const Recompute r : {Recompute::none, Recompute::selective, Recompute::full}) {
    Training other = t;
    other.recompute = r;
    if (workload::recompute(other) == r) result.push_back(r);
  }
  return result;
}

std::vector<bool> sequence_choices(const Training& t, const TrainingRequest& said) {
  if (t.layout.tp == 1) return {false};
  if (said.sequence_parallel) return {*said.sequence_parallel};
  if (t.seq_len % (t.layout.cp * t.layout.tp) != 0) return {false};
  return {false, true};
}

using Stages = std::vector<std::optional<std::int64_t>>;
Stages zero_stages(const Training& t, const TrainingRequest& said) {
  if (said.zero) return {said.zero};
  if (t.layout.dp * t.layout.cp == 1) return {std::nullopt};
  Stages stages;
  for (std::int64_t stage = 0; stage <= workload::most_zero(t); ++stage) stages.push_back(stage);
  return stages;
}

std::vector<Offload> offloads(const Training& t, const TrainingRequest& said) {
  if (!said.offload.empty()) return {t.offload};
  // Weights come from the host by the same hooks that gather those of stage 3.
  const bool whole = t.layout.dp * t.layout.cp > 1 && !workload::sharding(t).weights;
  if (workload::most_zero(t) < 3 || whole) return {{}, {true, false}};
  return {{}, {true, false}, {false, true}, {true, true}};
}

/// Chunks a stage can be cut into. Whether the micro-batches allow them is theirs to say.
std::vector<std::int64_t> chunks(const Training& t, const TrainingRequest& said) {
  if (said.vpp) return {*said.vpp};
  if (t.layout.pp == 1 || t.model->layers % t.layout.pp != 0) return {1};
  return divisors(t.model->layers / t.layout.pp);
}

}  // namespace

std::vector<Layout> space_layouts(const Training& base,
                                  const TrainingSearchRequest& request,
                                  std::int64_t node_gpus) {
  const TrainingRequest& said = request.base;
  const std::int64_t gpus = request.gpus;
  const std::int64_t widest = request.tensor_across_nodes ? gpus : std::min(gpus, node_gpus);
  std::vector<Layout> result;
  for (const std::int64_t cp : sizes(base, said.cp, gpus, gpus)) {
    for (const std::int64_t pp : sizes(base, said.pp, gpus / cp, base.model->layers)) {
      for (const std::int64_t tp : sizes(base, said.tp, gpus / (cp * pp), widest)) {
        const Layout l{.tp = tp, .pp = pp, .dp = gpus / (cp * pp * tp), .cp = cp};
        if (allows(said.dp, l.dp) && divides_work(base, l)) add_layouts(base, said.ep, l, result);
      }
    }
  }
  return result;
}

std::vector<TrainingRecipe> space_recipes(const Training& base,
                                          const Layout& layout,
                                          const TrainingRequest& said) {
  std::vector<TrainingRecipe> result;
  TrainingRecipe r;
  Training t = base;
  t.layout = layout;
  for (const std::int64_t vpp : chunks(t, said)) {
    for (const bool sequence : sequence_choices(t, said)) {
      for (const auto& zero : zero_stages(t, said)) {
        r = {vpp, base.recompute, sequence, zero, base.offload};
        for (const Recompute recompute : recomputations(with_recipe(base, layout, r), said)) {
          r.recompute = recompute;
          for (const Offload& offload : offloads(with_recipe(base, layout, r), said)) {
            r.offload = offload;
            result.push_back(r);
          }
        }
      }
    }
  }
  return result;
}

Training with_recipe(const Training& base, const Layout& layout, const TrainingRecipe& r) {
  Training t = base;
  t.layout = layout;
  t.vpp = r.vpp;
  t.recompute = r.recompute;
  t.sequence_parallel = r.sequence_parallel;
  if (r.zero) t.sharding = workload::zero_stage(*r.zero);
  t.offload = r.offload;
  return t;
}

std::vector<std::int64_t> space_micro_batches(const Training& base, const TrainingRequest& said) {
  std::vector<std::int64_t> result;
  Training t = base;
  for (const std::int64_t n : divisors(t.global_batch / t.layout.dp)) {
    t.micro_batch = n;
    if (allows(said.micro_batch, n) && workload::obstacle(t).empty()) result.push_back(n);
  }
  return result;
}

}  // namespace dsplan::plan
