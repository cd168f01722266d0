#include <algorithm>
#include <cmath>

#include "dsplan/estimate/memory.hpp"
#include "dsplan/plan/memory_answer.hpp"
#include "dsplan/solve/memory_limits.hpp"

#include "mig_slice.hpp"
#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using catalog::Format;
using catalog::Gpu;
using workload::Inference;

constexpr std::size_t kMostWeightFormats = 3;
constexpr std::size_t kMostOtherGpus = 3;
constexpr std::int64_t kMostGpus = 1024;

std::string percent_less(double now, double before) {
  return std::to_string(static_cast<int>(std::round(100.0 * (1.0 - now / before)))) + " %";
}

/// The change as a fix, if the estimate says that it fits.
std::optional<Fix> checked(const Inference& w,
                           const Gpu& gpu,
                           std::string change,
                           std::string flags,
                           std::string gives_up) {
  const auto memory = estimate::inference_memory(w, &gpu);
  if (!estimate::fits(w, memory, gpu)) return std::nullopt;
  const auto& worst = memory.worst_gpu();
  const Bytes total = estimate::total(worst);
  return Fix{std::move(change),
             std::move(flags),
             std::move(gives_up),
             workload::gpu_count(w.layout),
             total,
             estimate::budget(w, worst, gpu).usable - total};
}

void keep(std::vector<Fix>& fixes, std::optional<Fix> fix) {
  if (fix) fixes.push_back(std::move(*fix));
}

/// Formats that pass `offered`, narrower than `now`, widest first, one for each width.
template <typename Offered>
std::vector<const Format*> narrower(const catalog::Catalog& catalog,
                                    double now_bits,
                                    const Offered& offered) {
  std::vector<const Format*> formats;
  for (const Format& f : catalog.all<Format>()) {
    if (f.bits_per_weight < now_bits && offered(f)) formats.push_back(&f);
  }
  std::stable_sort(formats.begin(), formats.end(), [](const Format* a, const Format* b) {
    return a->bits_per_weight > b->bits_per_weight;
  });
  return formats;
}

void try_kv_formats(const catalog::Catalog& catalog, const Deployment& d, std::vector<Fix>& fixes) {
  const auto& served = d.workload.engine->kv_precisions;
  const double now_bits = d.workload.precision.kv->bits_per_weight;
  const auto offered = [&](const Format& f) {
    return std::find(served.begin(), served.end(), f.id) != served.end() &&
           catalog::cache_obstacle(*d.workload.engine, f, *d.gpu).empty();
  };
  for (const Format* kv : narrower(catalog, now_bits, offered)) {
    Inference w = d.workload;
    w.precision.kv = kv;
    auto fix = checked(w,
                       *d.gpu,
                       "KV cache in " + std::string(kv->id),
                       "--kv-precision " + std::string(kv->id),
                       percent_less(kv->bits_per_weight, now_bits) + " of the cache's width");
    if (!fix) continue;
    fixes.push_back(std::move(*fix));
    return;
  }
}

void try_context(const Deployment& d, std::vector<Fix>& fixes) {
  const std::int64_t now = workload::context_tokens(d.workload);
  const std::int64_t most = solve::max_context(d.workload, *d.gpu);
  if (most < 1 || most >= now) return;
  keep(fixes,
       checked(
           solve::with_context(d.workload, most),
           *d.gpu,
           "context of " + text(most) + " tokens",
           "--context " + text(most),
           percent_less(static_cast<double>(most), static_cast<double>(now)) + " of the context"));
}

void try_batch(const Deployment& d, std::vector<Fix>& fixes) {
  const std::int64_t most = solve::max_batch(d.workload, *d.gpu);
  if (most < 1 || most >= d.workload.batch) return;
  keep(fixes,
       checked(solve::with_batch(d.workload, most),
               *d.gpu,
               "batch of " + text(most),
               "--batch " + text(most),
               percent_less(static_cast<double>(most), static_cast<double>(d.workload.batch)) +
                   " of the sequences"));
}

/// The family's widest format that is narrower than now and fits.
std::optional<Fix> widest_of_family(const catalog::Catalog& catalog,
                                    const Deployment& d,
                                    std::string_view family,
                                    double below_bits) {
  const double now_bits = d.workload.precision.dense->bits_per_weight;
  const auto offered = [&](const Format& f) {
    return f.weights && f.quantized && f.family == family &&
           catalog::weights_obstacle(*d.workload.engine, f, *d.gpu).empty();
  };
  for (const Format* format : narrower(catalog, below_bits, offered)) {
    Inference w = d.workload;
    w.stored.reset();
    w.precision.dense = w.precision.experts = format;
    if (d.kv_by_weights) {
      const auto kv = usual_kv_format(catalog, *w.engine, *format, d.gpu);
      w.precision.kv = catalog.find<catalog::Format>(kv);
    }
    auto fix = checked(w,
                       *d.gpu,
                       "weights in " + std::string(format->id),
                       "--precision " + std::string(format->id),
                       percent_less(format->bits_per_weight, now_bits) + " of the weights' width");
    if (fix) return fix;
  }
  return std::nullopt;
}

/// In the engine's own order of families, each step at least a quarter bit narrower than the last.
void try_weight_formats(const catalog::Catalog& catalog,
                        const Deployment& d,
                        std::vector<Fix>& fixes) {
  std::size_t found = 0;
  Bytes last = bytes(0);
  for (const std::string_view family : d.workload.engine->precisions) {
    if (found == kMostWeightFormats) return;
    auto fix =
        widest_of_family(catalog, d, family, d.workload.precision.dense->bits_per_weight - 0.25);
    const bool narrower_than_last = found == 0 || (fix && fix->total_per_gpu < last * 0.98);
    if (!fix || !narrower_than_last) continue;
    last = fix->total_per_gpu;
    fixes.push_back(std::move(*fix));
    ++found;
  }
}

std::string layout_flags(const workload::Layout& l) {
  std::string flags;
  const auto add = [&](const char* name, std::int64_t n) {
    if (n > 1) flags += std::string(" --") + name + " " + text(n);
  };
  add("tp", l.tp);
  add("pp", l.pp);
  return flags;
}

/// The fewest GPUs of this kind, and their first layout, on which one copy fits.
std::optional<Fix> fewest_gpus(const Deployment& d,
                               const Gpu& gpu,
                               std::int64_t from,
                               const std::string& flag) {
  const std::int64_t node = node_size(gpu);
  const bool alone = node == 1;
  for (std::int64_t n = from; n <= (alone ? 1 : kMostGpus);
       n = n < node ? n + 1 : n + node - n % node) {
    const auto layouts = workload::replica_layouts(n, node, *d.workload.model, *d.workload.engine);
    for (const auto& layout : layouts) {
      Inference w = d.workload;
      w.layout = layout;
      auto fix =
          checked(w,
                  gpu,
                  text(n) + " x " + std::string(gpu.id) + " (" + workload::describe(layout) + ")",
                  flag + "--gpus " + text(n) + layout_flags(layout),
                  "");
      if (fix) return fix;
    }
  }
  return std::nullopt;
}

void try_more_gpus(const Deployment& d, std::vector<Fix>& fixes) {
  const std::int64_t now = workload::replica_gpus(d.workload.layout);
  auto fix = fewest_gpus(d, *d.gpu, now + 1, "");
  if (!fix) return;
  fix->gives_up = text(fix->gpus - now) + " more GPU" + (fix->gpus - now == 1 ? "" : "s");
  fixes.push_back(std::move(*fix));
}

/// Other devices of the same maker and class that hold it on as many cards, least memory first.
void try_other_gpus(const catalog::Catalog& catalog, const Deployment& d, std::vector<Fix>& fixes) {
  std::size_t found = 0;
  for (const Gpu* gpu : larger_devices(catalog, *d.gpu)) {
    if (found == kMostOtherGpus) return;
    auto fix = checked(d.workload,
                       *gpu,
                       text(workload::gpu_count(d.workload.layout)) + " x " + std::string(gpu->id),
                       "--gpu " + std::string(gpu->id),
                       "another GPU");
    if (!fix) continue;
    fixes.push_back(std::move(*fix));
    ++found;
  }
}

/// The smallest larger slice of the device that holds it; slices are not joined.
void try_larger_slices(const catalog::Catalog& catalog,
                       const Deployment& d,
                       std::vector<Fix>& fixes) {
  const Gpu& whole = *catalog.resolve<Gpu>(d.gpu->id).entry;
  for (const std::string_view name : kMigSlices) {
    const Gpu slice = mig_slice(whole, name);
    if (slice.memory_gb <= d.gpu->memory_gb) continue;
    const std::string flag(name);
    auto fix = checked(d.workload, slice, "slice " + flag, "--mig " + flag, "a larger part");
    if (!fix) continue;
    fixes.push_back(std::move(*fix));
    return;
  }
}

}  // namespace

std::vector<Fix> memory_fixes(const catalog::Catalog& catalog, const Deployment& d) {
  std::vector<Fix> fixes;
  try_kv_formats(catalog, d, fixes);
  try_context(d, fixes);
  try_batch(d, fixes);
  try_weight_formats(catalog, d, fixes);
  if (d.slice != nullptr) {
    try_larger_slices(catalog, d, fixes);
    return fixes;
  }
  try_more_gpus(d, fixes);
  try_other_gpus(catalog, d, fixes);
  return fixes;
}

}  // namespace dsplan::plan
