#include "dsplan/plan/training_answer.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/estimate/parameters.hpp"
#include "dsplan/estimate/training_memory.hpp"
#include "dsplan/plan/shapes.hpp"
#include "dsplan/solve/training_limits.hpp"

#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using catalog::Gpu;
using estimate::TrainingGpu;
using workload::Training;

constexpr double kRiskGib = 1.0;

/// The stage with the least to spare decides; without a GPU, the fullest.
const TrainingGpu& tightest(const Training& t,
                            const estimate::TrainingMemory& memory,
                            const Gpu* gpu) {
  if (gpu == nullptr) return memory.worst_gpu();
  const auto spare = [&](const TrainingGpu& g) {
    return solve::training_usable(t, g, *gpu) - estimate::device_used(t, g);
  };
  return *std::min_element(
      memory.stages.begin(), memory.stages.end(), [&](const TrainingGpu& a, const TrainingGpu& b) {
        return spare(a) < spare(b);
      });
}

PerGpuMemory per_gpu(const TrainingDeployment& d, const TrainingGpu& g) {
  const Training& t = d.training;
  PerGpuMemory out;
  out.rank = rank_name(g.stage, t.layout.pp, workload::gpu_count(t));
  out.weights = g.weights;
  out.gradients = g.gradients;
  out.optimizer = g.optimizer;
  out.activations = g.activations + g.logits + g.transient;
  out.total = estimate::device_used(t, g);
  out.runtime = out.total - out.weights - out.gradients - out.optimizer - out.activations;
  out.allocated = estimate::total(g);
  out.reserved = estimate::reserved(t, g);
  out.reserved_p90 = estimate::reserved_p90(t, g);
  if (d.gpu == nullptr) return out;
  out.capacity = bytes(std::floor(catalog::runtime_memory(*d.gpu).value));
  out.usable = solve::training_usable(t, g, *d.gpu);
  out.headroom = *out.usable - out.total;
  out.headroom_fraction = *out.headroom / *out.usable;
  return out;
}

void add(std::vector<MemoryTerm>& terms,
         const char* term,
         const char* part,
         Bytes size,
         const char* formula,
         std::string reckoning) {
  if (size.value != 0.0) terms.push_back({term, part, size, formula, std::move(reckoning)});
}

std::string sharded(bool is, const Training& t) {
  const std::int64_t ranks = t.layout.dp * t.layout.cp;
  return is && ranks > 1 ? ", over " + text(ranks) + " data-parallel ranks" : "";
}

std::vector<MemoryTerm> breakdown(const Training& t, const TrainingGpu& g) {
  const workload::Sharding s = workload::sharding(t);
  const std::string split = text(g.stage.layers) + " layers / tp " + text(t.layout.tp);
  const std::string tokens = text(t.micro_batch) + " x " + text(t.seq_len) + " tokens";
  const std::string at_once =
      tokens + ", " + text(workload::micro_batches(t)) + " micro-batches a step";
  std::vector<MemoryTerm> terms;
  add(terms, "weights", "weights", g.weights, "T-STATE", split + sharded(s.weights, t));
  add(terms, "gradients", "gradients", g.gradients, "T-GRAD", split + sharded(s.gradients, t));
  add(terms,
      "optimizer",
      "states and master weights",
      g.optimizer,
      "T-OPT",
      std::string(t.optimizer->id) + sharded(s.optimizer, t));
  add(terms, "activations", "kept for the backward pass", g.activations, "T-ACT", at_once);
  add(terms,
      "activations",
      "logits and loss",
      g.logits,
      "T-LOGITS",
      tokens + " x " + text(t.model->vocab_size) + " entries / tp " + text(t.layout.tp));
  add(terms,
      "activations",
      "gathered and recomputed for a while",
      g.transient,
      "T-GATHER",
      "one layer at a time");
  const Bytes reserved = estimate::reserved(t, g);
  add(terms,
      "runtime",
      "workspaces",
      g.runtime,
      "T-RESERVED",
      "constant of " + std::string(t.framework->id));
  add(terms,
      "runtime",
      "allocator beyond what is allocated",
      reserved - estimate::total(g),
      "T-RESERVED",
      "x " + std::to_string(t.framework->reserved_ratio).substr(0, 4));
  add(terms,
      "runtime",
      "device context and paged states",
      estimate::device_used(t, g) - reserved,
      "T-RESERVED",
      "constant of " + std::string(t.framework->id));
  return terms;
}

// ---- devices that hold the run ----

constexpr std::int64_t kMostGpusOfAKind = 1024;

std::optional<FitsOn> fewest(const TrainingDeployment& d, const Gpu& gpu) {
  const std::int64_t node = node_size(gpu);
  const std::int64_t most = gpu.device_class == "data-center" ? kMostGpusOfAKind : node;
  for (std::int64_t n = 1; n <= most; n *= 2) {
    for (const Training& t : training_layouts(d.training, n, node)) {
      if (!solve::holds(t, gpu)) continue;
      const auto memory = estimate::training_memory(t);
      const TrainingGpu& g = tightest(t, memory, &gpu);
      const Bytes used = estimate::device_used(t, g);
      const Bytes usable = solve::training_usable(t, g, gpu);
      return FitsOn{std::string(gpu.id),
                    n,
                    workload::describe(t.layout),
                    used,
                    usable,
                    (usable - used) / usable};
    }
  }
  return std::nullopt;
}

std::vector<FitsOn> devices(const catalog::Catalog& catalog, const TrainingDeployment& d) {
  std::vector<FitsOn> found;
  for (const Gpu& gpu : catalog.all<Gpu>()) {
    const bool trains =
        gpu.device_class != "cpu" && gpu.device_class != "embedded" && gpu.status == "shipping";
    if (!trains) continue;
    if (auto entry = fewest(d, gpu)) found.push_back(std::move(*entry));
  }
  return found;
}

std::optional<Warning> risk(const PerGpuMemory& g) {
  if (!g.headroom || g.headroom->value < 0.0 || in_gib(*g.headroom) >= kRiskGib)
    return std::nullopt;
  return Warning{"tight-fit",
                 "less than 1 GiB is to spare: fragmentation decides whether the run holds"};
}

}  // namespace

MemoryAnswer training_memory_answer(const catalog::Catalog& catalog, const TrainingDeployment& d) {
  const Training& t = d.training;
  const auto memory = estimate::training_memory(t);
  const TrainingGpu& g = tightest(t, memory, d.gpu);
  MemoryAnswer a;
  a.per_gpu = per_gpu(d, g);
  a.breakdown = breakdown(t, g);
  for (const TrainingGpu& stage : memory.stages) a.host = std::max(a.host, stage.host);
  a.total = a.per_gpu.total * static_cast<double>(workload::gpu_count(t));
  a.gpus = workload::gpu_count(t);
  a.layout = t.layout;
  a.parameters = static_cast<std::int64_t>(std::llround(d.parameters));
  a.active_parameters = static_cast<std::int64_t>(std::llround(
      static_cast<double>(estimate::active(estimate::parameters(*t.model))) * t.parameter_scale));
  if (d.gpu == nullptr) {
    a.fits_on = devices(catalog, d);
    return a;
  }
  a.fits = solve::holds(t, *d.gpu);
  a.max_batch = solve::max_micro_batch(t, *d.gpu);
  a.max_context_tokens = solve::max_seq_len(t, *d.gpu);
  if (auto warning = risk(a.per_gpu)) a.warnings.push_back(std::move(*warning));
  if (!*a.fits) a.fixes = training_fixes(catalog, d);
  return a;
}

}  // namespace dsplan::plan
