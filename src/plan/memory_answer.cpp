#include "dsplan/plan/memory_answer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "dsplan/estimate/memory.hpp"
#include "dsplan/estimate/parameters.hpp"
#include "dsplan/estimate/rule.hpp"
#include "dsplan/plan/shapes.hpp"
#include "dsplan/solve/memory_limits.hpp"

#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using catalog::Gpu;
using estimate::GpuMemory;
using workload::Inference;

PerGpuMemory per_gpu(const Deployment& d, const GpuMemory& g) {
  PerGpuMemory out;
  out.rank = rank_name(g.stage, d.workload.layout.pp, workload::gpu_count(d.workload.layout));
  out.weights = estimate::total(g.weights);
  out.kv_cache = estimate::total(g.kv_cache);
  out.activations = g.activations;
  out.runtime = estimate::total(g.runtime);
  out.total = estimate::total(g);
  if (d.gpu == nullptr) return out;
  const estimate::Budget budget = estimate::budget(d.workload, g, *d.gpu);
  out.capacity = budget.capacity;
  out.usable = budget.usable;
  out.headroom = budget.usable - out.total;
  out.headroom_fraction = *out.headroom / budget.usable;
  return out;
}

/// The stage with the least headroom decides; without a GPU, the fullest.
const GpuMemory& tightest(const Deployment& d, const estimate::InferenceMemory& memory) {
  if (d.gpu == nullptr) return memory.worst_gpu();
  return *std::min_element(
      memory.stages.begin(), memory.stages.end(), [&](const GpuMemory& a, const GpuMemory& b) {
        return estimate::budget(d.workload, a, *d.gpu).usable - estimate::total(a) <
               estimate::budget(d.workload, b, *d.gpu).usable - estimate::total(b);
      });
}

// ---- breakdown ----

void add_term(std::vector<MemoryTerm>& terms,
              const char* term,
              const char* part,
              Bytes size,
              const char* formula,
              std::string reckoning) {
  if (size.value == 0.0) return;
  terms.push_back({term, part, size, formula, std::move(reckoning)});
}

std::string bits(double n) {
  std::string s = std::to_string(n);
  s.erase(s.find_last_not_of('0') + 1);
  if (s.back() == '.') s.pop_back();
  return s + " bits";
}

/// "1234 parameters here x 8 bits / 8": the count that the bytes stand for, so that the reader can
/// check it against the architecture.
std::string counted(std::int64_t layers, Bytes size, double width_bits) {
  const auto parameters = static_cast<std::int64_t>(std::llround(size.value * 8.0 / width_bits));
  return text(layers) + " layers, " + text(parameters) + " parameters here x " + bits(width_bits);
}

std::string table_of(const Inference& w, double width_bits) {
  const std::string over_tp = w.layout.tp > 1 ? " / tp " + text(w.layout.tp) : "";
  return text(w.model->vocab_size) + " tokens x " + text(w.model->hidden_size) + " x " +
         bits(width_bits) + over_tp;
}

void add_weight_terms(const Inference& w, const GpuMemory& g, std::vector<MemoryTerm>& terms) {
  const auto& p = w.precision;
  const double linear_bits = p.dense->bits_per_weight;
  const double expert_bits = p.experts->expert_bits_per_weight > 0.0
                                 ? p.experts->expert_bits_per_weight
                                 : p.experts->bits_per_weight;
  const double small_bits = linear_bits >= 32.0 ? 32.0 : 16.0;
  const std::int64_t layers = g.stage.layers;
  add_term(terms,
           "weights",
           "embedding",
           g.weights.embedding,
           "W-ENDS",
           table_of(w, p.dense->embedding_bits));
  add_term(terms,
           "weights",
           "attention",
           g.weights.attention,
           "W-LINEAR",
           counted(layers, g.weights.attention, linear_bits));
  add_term(terms,
           "weights",
           "mlp",
           g.weights.mlp,
           "W-LINEAR",
           counted(layers, g.weights.mlp, linear_bits));
  add_term(terms,
           "weights",
           "experts",
           g.weights.experts,
           "W-EXPERT",
           counted(g.stage.moe, g.weights.experts, expert_bits));
  add_term(terms,
           "weights",
           "norms, biases and routers",
           g.weights.small,
           "W-SMALL",
           counted(layers, g.weights.small, small_bits));
  add_term(terms, "weights", "head", g.weights.head, "W-ENDS", table_of(w, p.dense->head_bits));
  add_term(terms,
           "weights",
           "vision",
           g.weights.vision,
           "W-ENDS",
           text(w.model->vision_parameters) + " parameters, unquantized");
  add_term(terms,
           "weights",
           "derived tables",
           g.weights.derived,
           "W-EXTRA",
           catalog::is_mla(*w.model) ? "cosines of all positions and absorbed projections"
                                     : "cosines of all positions");
}

std::string product(std::int64_t layers, std::int64_t cells, double each, const std::string& unit) {
  std::string size = std::to_string(each);
  size.erase(size.find_last_not_of('0') + 1);
  if (size.back() == '.') size.pop_back();
  return text(layers) + " layers x " + text(cells) + " " + unit + " x " + size + " B";
}

void add_cache_terms(const Inference& w,
                     const GpuMemory& g,
                     std::int64_t step_tokens,
                     std::vector<MemoryTerm>& terms) {
  const auto cache = estimate::cache_geometry(
      w, g.stage, workload::sequences_per_gpu(w), workload::context_tokens(w), step_tokens);
  const std::string cells = "cells in " + std::string(w.precision.kv->id);
  add_term(terms,
           "kv_cache",
           "full attention",
           g.kv_cache.full,
           catalog::is_mla(*w.model) ? "KV-MLA" : "KV-FULL",
           product(cache.full_layers, cache.full_cells, cache.cell_bytes, cells));
  add_term(terms,
           "kv_cache",
           "sliding windows",
           g.kv_cache.window,
           "KV-WINDOW",
           product(cache.window_layers, cache.window_cells, cache.cell_bytes, cells) + ", window " +
               text(w.model->sliding_window_tokens));
  add_term(terms,
           "kv_cache",
           "recurrent state",
           g.kv_cache.state,
           "KV-STATE",
           product(cache.state_layers, cache.states, cache.state_bytes, "sequences"));
}

const char* activation_formula(const catalog::Engine& engine) {
  if (engine.activations == "prompt") return "A-PROMPT";
  return engine.activations == "compute_graph" ? "A-GRAPH" : "A-STEP";
}

std::vector<MemoryTerm> breakdown(const Deployment& d, const GpuMemory& g) {
  const Inference& w = d.workload;
  const workload::StepLimits limits = workload::step_limits(w, d.gpu);
  std::vector<MemoryTerm> terms;
  add_weight_terms(w, g, terms);
  add_cache_terms(w, g, limits.batched_tokens, terms);
  add_term(terms,
           "activations",
           "one step",
           g.activations,
           activation_formula(*w.engine),
           text(limits.batched_tokens) + " tokens and " + text(limits.seqs) + " sequences a step");
  add_term(terms,
           "runtime",
           "device context",
           g.runtime.context,
           "R-CONTEXT",
           "constant of " + std::string(w.engine->id));
  add_term(terms,
           "runtime",
           "collectives",
           g.runtime.communication,
           "R-COMM",
           "constant of " + std::string(w.engine->id));
  add_term(terms,
           "runtime",
           "captured graphs",
           g.runtime.graphs,
           "R-GRAPH",
           text(g.stage.layers) + " layers, " + std::string(w.engine->id));
  return terms;
}

// ---- what a size alone leaves open ----

struct ShapeFigures {
  const catalog::Model* model;
  Bytes per_token;
  Bytes total;
};

ShapeFigures figures_of(const Deployment& d, const catalog::Model& shape) {
  Inference w = d.workload;
  w.model = &shape;
  w.parameter_scale =
      d.parameters / static_cast<double>(estimate::total(estimate::parameters(shape)));
  w.layout = {};
  return {&shape, estimate::kv_bytes_per_token(w), estimate::inference_memory(w, d.gpu).all_gpus};
}

std::optional<ShapeInterval> shape_interval(const catalog::Catalog& catalog, const Deployment& d) {
  if (!d.shape_assumed) return std::nullopt;
  const bool moe = catalog::is_moe(*d.workload.model);
  const auto active = moe ? std::optional(static_cast<double>(
                                estimate::active(estimate::parameters(*d.workload.model))))
                          : std::nullopt;
  std::vector<ShapeFigures> shapes{figures_of(d, *d.workload.model)};
  for (const catalog::Model* shape : plausible_shapes(catalog, d.parameters, active)) {
    shapes.push_back(figures_of(d, *shape));
  }
  const auto [least, most] = std::minmax_element(
      shapes.begin(), shapes.end(), [](const ShapeFigures& a, const ShapeFigures& b) {
        return a.per_token < b.per_token;
      });
  const auto [smallest, largest] = std::minmax_element(
      shapes.begin(), shapes.end(), [](const ShapeFigures& a, const ShapeFigures& b) {
        return a.total < b.total;
      });
  return ShapeInterval{std::string(least->model->id),
                       std::string(most->model->id),
                       least->per_token,
                       most->per_token,
                       smallest->total,
                       largest->total};
}

// ---- fits_on ----

/// Demands by number of GPUs and layout, shared by all devices on which the engine takes the same
/// step limits.
class Demands {
 public:
  explicit Demands(const Deployment& d) : deployment_(d) {}

  struct Entry {
    Inference workload;
    estimate::InferenceMemory memory;
  };

  [[nodiscard]] workload::StepLimits limits_on(const Gpu& gpu) const {
    return workload::step_limits(deployment_.workload, &gpu);
  }

  const std::vector<Entry>& at(const Gpu& gpu,
                               const workload::StepLimits& limits,
                               std::int64_t gpus,
                               std::int64_t node_gpus) {
    const auto key =
        std::array{limits.batched_tokens, limits.seqs, gpus, std::min(gpus, node_gpus)};
    const auto [slot, is_new] = known_.try_emplace(key);
    if (is_new) slot->second = compute(gpu, gpus, node_gpus);
    return slot->second;
  }

 private:
  [[nodiscard]] std::vector<Entry> compute(const Gpu& gpu,
                                           std::int64_t gpus,
                                           std::int64_t node_gpus) const {
    std::vector<Entry> entries;
    const Inference& w = deployment_.workload;
    for (const auto& layout : workload::replica_layouts(gpus, node_gpus, *w.model, *w.engine)) {
      Entry entry{w, {}};
      entry.workload.layout = layout;
      entry.memory = estimate::inference_memory(entry.workload, &gpu);
      entries.push_back(std::move(entry));
    }
    return entries;
  }

  const Deployment& deployment_;
  std::map<std::array<std::int64_t, 4>, std::vector<Entry>> known_;
};

constexpr std::int64_t kMostGpusOfAKind = 64;

/// Powers of two within a node; beyond it whole nodes, for devices made to be joined.
std::vector<std::int64_t> counts_of(const Gpu& gpu) {
  const std::int64_t node = node_size(gpu);
  const std::int64_t most =
      gpu.device_class == "data-center" ? kMostGpusOfAKind : std::min(node, kMostGpusOfAKind);
  std::vector<std::int64_t> counts;
  for (std::int64_t n = 1; n <= most; n *= 2) counts.push_back(n);
  return counts;
}

std::optional<FitsOn> fewest(Demands& demands, const Gpu& gpu) {
  const workload::StepLimits limits = demands.limits_on(gpu);
  for (const std::int64_t gpus : counts_of(gpu)) {
    for (const auto& [w, memory] : demands.at(gpu, limits, gpus, node_size(gpu))) {
      if (!estimate::fits(w, memory, gpu)) continue;
      const Bytes total = estimate::total(memory.worst_gpu());
      const Bytes usable = estimate::budget(w, memory.worst_gpu(), gpu).usable;
      return FitsOn{std::string(gpu.id),
                    gpus,
                    workload::describe(w.layout),
                    total,
                    usable,
                    (usable - total) / usable};
    }
  }
  return std::nullopt;
}

/// The guides' ceil(memory / card), with what is usable of a card.
Fix enough_cards(const RuleQuestion& q, Bytes total, Bytes usable) {
  const auto cards = static_cast<std::int64_t>(std::ceil(total / usable));
  const Bytes each = bytes(std::ceil(total.value / static_cast<double>(cards)));
  return {text(cards) + " x " + std::string(q.gpu->id),
          "--gpus " + text(cards),
          text(cards - q.gpus) + " more",
          cards,
          each,
          usable - each};
}

std::int64_t whole(double count) { return static_cast<std::int64_t>(std::llround(count)); }

}  // namespace

std::vector<FitsOn> fits_on(const catalog::Catalog& catalog, const Deployment& d) {
  Demands demands(d);
  std::vector<std::pair<double, FitsOn>> found;
  for (const Gpu& gpu : catalog.all<Gpu>()) {
    if (!catalog::runs_on(*d.workload.engine, gpu)) continue;
    if (!has_formats(catalog, d.workload, gpu)) continue;
    if (auto entry = fewest(demands, gpu)) {
      const double memory = catalog::runtime_memory(gpu).value * static_cast<double>(entry->gpus);
      found.emplace_back(memory, std::move(*entry));
    }
  }
  std::stable_sort(
      found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<FitsOn> result;
  result.reserve(found.size());
  for (auto& [memory, entry] : found) result.push_back(std::move(entry));
  return result;
}

std::vector<MemoryTerm> memory_terms(const Deployment& d) {
  return breakdown(d, estimate::inference_memory(d.workload, d.gpu).worst_gpu());
}

MemoryAnswer memory_answer(const catalog::Catalog& catalog, const Deployment& d) {
  const Inference& w = d.workload;
  const auto memory = estimate::inference_memory(w, d.gpu);
  const GpuMemory& worst = tightest(d, memory);
  const auto parameters = estimate::parameters(*w.model);
  MemoryAnswer a;
  a.per_gpu = per_gpu(d, worst);
  a.breakdown = breakdown(d, worst);
  a.total = memory.all_gpus;
  a.host = estimate::host_weights(w);
  a.gpus = workload::gpu_count(w.layout);
  a.layout = w.layout;
  a.parameters = whole(d.parameters);
  a.active_parameters =
      whole(static_cast<double>(estimate::active(parameters)) * w.parameter_scale);
  a.kv_bytes_per_token = estimate::kv_bytes_per_token(w);
  a.kv_bytes_per_token_beyond_window = estimate::kv_bytes_per_token_beyond_window(w);
  a.interval = shape_interval(catalog, d);
  if (d.gpu == nullptr) {
    a.fits_on = fits_on(catalog, d);
    return a;
  }
  a.fits = estimate::fits(w, memory, *d.gpu);
  if (w.model->encoder) return a;
  a.max_batch = solve::max_batch(w, *d.gpu);
  a.max_context_tokens = solve::max_context(w, *d.gpu);
  if (w.engine->preallocates) {
    const auto pool = estimate::kv_pool(w, memory, *d.gpu);
    a.kv_pool = PoolAnswer{pool.size, pool.tokens};
  }
  if (!*a.fits) a.fixes = memory_fixes(catalog, d);
  return a;
}

MemoryAnswer rule_memory_answer(const RuleQuestion& q) {
  const auto rule = estimate::rule_memory(q.parameters, *q.format, q.batch);
  const double gpus = static_cast<double>(q.gpus);
  const auto each = [&](Bytes all) { return bytes(std::ceil(all.value / gpus)); };
  MemoryAnswer a;
  a.per_gpu.rank = q.gpus == 1 ? "the GPU" : "every GPU";
  a.per_gpu.weights = each(rule.weights);
  a.per_gpu.activations = each(rule.activations);
  a.per_gpu.optimizer = each(rule.optimizer);
  a.per_gpu.total = a.per_gpu.weights + a.per_gpu.activations + a.per_gpu.optimizer;
  a.total = estimate::total(rule);
  a.gpus = q.gpus;
  a.parameters = whole(q.parameters);
  a.active_parameters = whole(q.parameters);
  const std::string width =
      std::to_string(estimate::rule_bytes_per_parameter(*q.format)).substr(0, 3);
  add_term(
      a.breakdown, "weights", "parameters", a.per_gpu.weights, "G-MEMORY", "P x " + width + " B");
  add_term(a.breakdown,
           "activations",
           "activations",
           a.per_gpu.activations,
           "G-MEMORY",
           "2.5 x P x " + width + " B x batch " + text(q.batch));
  add_term(a.breakdown,
           "optimizer",
           "optimizer",
           a.per_gpu.optimizer,
           "G-MEMORY",
           "1.5 x P x " + width + " B");
  if (q.gpu == nullptr) return a;
  a.per_gpu.capacity = estimate::rule_usable(*q.gpu, 0.0);
  a.per_gpu.usable = estimate::rule_usable(*q.gpu, q.reserve_fraction);
  a.per_gpu.headroom = *a.per_gpu.usable - a.per_gpu.total;
  a.per_gpu.headroom_fraction = *a.per_gpu.headroom / *a.per_gpu.usable;
  a.fits = a.per_gpu.headroom->value >= 0.0;
  if (!*a.fits) a.fixes = {enough_cards(q, a.total, *a.per_gpu.usable)};
  return a;
}

}  // namespace dsplan::plan
