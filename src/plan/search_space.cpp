#include "search_space.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "dsplan/base/error.hpp"

#include "machines.hpp"
#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using catalog::Catalog;
using catalog::Engine;
using catalog::Format;
using workload::Layout;

constexpr std::array<std::int64_t, 20> kBatchSteps{1,  2,  3,  4,   6,   8,   12,  16,  24,  32,
                                                   48, 64, 96, 128, 192, 256, 384, 512, 768, 1024};
constexpr std::array<std::int64_t, 4> kChunks{2048, 4096, 8192, 16384};
constexpr std::int64_t kMostStages = 16;
constexpr std::int64_t kMostContextRanks = 8;

/// 1, 2, 4 ... and the divisors of `total`, up to `most`; or the one that is said.
std::vector<std::int64_t> sizes(const std::optional<std::int64_t>& said,
                                std::int64_t most,
                                std::int64_t total) {
  if (said) return {*said};
  std::vector<std::int64_t> all;
  for (std::int64_t n = 1; n <= most; ++n) {
    const bool power = (n & (n - 1)) == 0;
    if (power || (total > 0 && total % n == 0)) all.push_back(n);
  }
  return all;
}

class LayoutList {
 public:
  LayoutList(const SearchRequest& request, const Deployment& d)
      : r_(request), d_(d), most_(request.gpus.value_or(request.most_gpus)) {}

  std::vector<Layout> all() {
    const auto total = r_.gpus.value_or(0);
    const bool alone = d_.slice != nullptr;
    if (r_.listing) return within_node(alone ? 1 : most_);
    const std::int64_t most = alone ? 1 : most_;
    for (const auto tp : sizes(r_.base.tp, std::min(most, d_.node_gpus), total)) {
      for (const auto pp : sizes(r_.base.pp, std::min(most / tp, kMostStages), total)) {
        for (const auto cp : sizes(r_.base.cp, std::min(most / (tp * pp), context_ranks()), 0))
          add_wide({.tp = tp, .pp = pp, .cp = cp}, most / (tp * pp * cp));
      }
    }
    return std::move(all_);
  }

 private:
  [[nodiscard]] std::int64_t context_ranks() const {
    return d_.workload.engine->attention_data_parallel ? kMostContextRanks : 1;
  }

  /// 1, 2, 4, 8: tensor parallel, for a listing.
  std::vector<Layout> within_node(std::int64_t most) {
    for (const auto tp : sizes(r_.base.tp, std::min({most, d_.node_gpus, kBoxGpus}), 0))
      add({.tp = tp});
    return std::move(all_);
  }

  /// Attention copies and spread experts are for models with experts.
  void add_wide(Layout l, std::int64_t room) {
    const bool experts = catalog::is_moe(*d_.workload.model);
    for (const auto adp : sizes(r_.base.attention_dp, experts ? room : 1, 0)) {
      l.attention_dp = adp;
      for (const auto ep : sizes(r_.base.ep, experts ? workload::group_size(l) : 1, 0)) {
        l.ep = ep;
        add(l);
      }
    }
  }

  void add(const Layout& l) {
    const std::int64_t copy = workload::replica_gpus(l);
    const std::int64_t copies = r_.base.dp.value_or(1);
    if (copy * copies > most_ || (r_.gpus && *r_.gpus % copy != 0)) return;
    if (r_.gpus && r_.base.dp && copy * copies != *r_.gpus) return;
    if (workload::obstacle(l, *d_.workload.model, *d_.workload.engine).empty()) all_.push_back(l);
  }

  const SearchRequest& r_;
  const Deployment& d_;
  std::int64_t most_;
  std::vector<Layout> all_;
};

std::vector<std::optional<std::int64_t>> chunks_of(const SearchRequest& r, const Deployment& d) {
  const workload::Inference& w = d.workload;
  std::vector<std::optional<std::int64_t>> chunks{std::nullopt};
  if (r.listing || w.settings.max_batched_tokens || w.engine->batched_tokens_by_gib.empty())
    return chunks;
  const auto usual = workload::step_limits(w, d.gpu).batched_tokens;
  for (const auto n : kChunks) {
    if (n != usual) chunks.emplace_back(n);
  }
  // Growing, the engine's own among them.
  std::stable_sort(chunks.begin(), chunks.end(), [&](const auto& a, const auto& b) {
    return a.value_or(usual) < b.value_or(usual);
  });
  return chunks;
}

std::vector<RentRow> rents_of(const Catalog& catalog, const Deployment& d, const RentFilter& f) {
  std::vector<RentRow> rows;
  for (const RentOffer& offer : rent_offers(catalog, *d.gpu, {1, 1, 1}, f))
    rows.push_back({offer.gpus, offer.usd_per_hour / static_cast<double>(offer.instances)});
  return rows;
}

/// Is the format of the weights one that engine and device have?
bool offered(const Catalog& catalog, const Engine& e, const catalog::Gpu& gpu, std::string_view p) {
  if (p.empty()) return true;
  const Format& format = *catalog.resolve<Format>(p.substr(0, p.find('+'))).entry;
  return serves(e, format) && catalog::weights_obstacle(e, format, gpu).empty();
}

bool keeps(const Catalog& catalog, const Engine& e, const catalog::Gpu& gpu, std::string_view kv) {
  if (kv.empty()) return true;
  const auto& known = e.kv_precisions;
  return std::find(known.begin(), known.end(), kv) != known.end() &&
         catalog::cache_obstacle(e, *catalog.resolve<Format>(kv).entry, gpu).empty();
}

class SpaceBuilder {
 public:
  SpaceBuilder(const Catalog& catalog, const SearchRequest& request) : c_(catalog), r_(request) {}

  SearchSpace build() {
    for (const SearchDevice& device : r_.devices) {
      for (const std::string& name : r_.engines) add_engine(device, name);
    }
    return std::move(out_);
  }

 private:
  void add_engine(const SearchDevice& device, const std::string& name) {
    const Engine& engine = catalog::engine_at(
        c_, *c_.resolve<Engine>(name).entry, r_.base.engine_version.value_or(""));
    if (!r_.base.engine && !catalog::runs_on(engine, *device.gpu)) return;
    if (r_.devices.size() > 1 && !has_formats_said(engine, *device.gpu)) return;
    std::vector<double> widths;
    for (const std::string& p : r_.precisions) {
      if (!r_.base.precision && !offered(c_, engine, *device.gpu, p)) continue;
      // Of formats of the same width, the first named that engine and device have.
      const double width = p.empty() ? 0.0 : c_.resolve<Format>(p).entry->weight_bits;
      if (!p.empty() && std::find(widths.begin(), widths.end(), width) != widths.end()) continue;
      widths.push_back(width);
      for (const std::string& kv : r_.kv_precisions) {
        if (r_.base.kv_precision || keeps(c_, engine, *device.gpu, kv))
          add_family(device, name, p, kv);
      }
    }
  }

  /// Of several devices, those that have the formats that were asked for.
  [[nodiscard]] bool has_formats_said(const Engine& e, const catalog::Gpu& gpu) const {
    return offered(c_, e, gpu, r_.base.precision.value_or("")) &&
           keeps(c_, e, gpu, r_.base.kv_precision.value_or(""));
  }

  void add_family(const SearchDevice& device,
                  const std::string& engine,
                  const std::string& precision,
                  const std::string& kv) {
    DeploymentRequest request = r_.base;
    request.gpu = std::string(device.gpu->id);
    if (!device.slice.empty()) request.mig = device.slice;
    request.engine = engine;
    if (!precision.empty()) request.precision = precision;
    if (!kv.empty()) request.kv_precision = kv;
    request.gpus = request.nodes = std::nullopt;
    request.tp = request.pp = request.dp = request.ep = request.cp = request.attention_dp = {};
    Deployment d = resolve_deployment(c_, request);
    if (known(d)) return;
    FamilySpace space;
    space.index = out_.families.size();
    space.stack = &stack_of(c_, d);
    space.platform = platform_of(c_, d);
    space.rents = rents_of(c_, d, r_.rent);
    if (space.rents.empty() && asks_for_seller()) return;
    space.chunks = chunks_of(r_, d);
    space.layouts = LayoutList(r_, d).all();
    auto& kernels = out_.kernels[d.gpu->id];
    if (!kernels) kernels = kernels_for(*d.gpu);
    out_.families.push_back(std::move(d));
    space.platform.gpu = out_.families.back().gpu;
    space.platform.kernels = *kernels;
    out_.spaces.push_back(std::move(space));
  }

  /// The engine's usual cache may be one of those named, and a format the checkpoint's own.
  [[nodiscard]] bool known(const Deployment& d) const {
    return std::any_of(out_.families.begin(), out_.families.end(), [&](const Deployment& o) {
      return o.gpu->id == d.gpu->id && o.slice_name == d.slice_name &&
             o.workload.engine == d.workload.engine &&
             o.workload.precision.dense == d.workload.precision.dense &&
             o.workload.precision.experts == d.workload.precision.experts &&
             o.workload.precision.kv == d.workload.precision.kv;
    });
  }

  [[nodiscard]] bool asks_for_seller() const {
    return !r_.rent.providers.empty() || !r_.rent.regions.empty() ||
           r_.rent.term != RentTerm::on_demand;
  }

  [[nodiscard]] std::vector<catalog::Kernel> kernels_for(const catalog::Gpu& gpu) const {
    std::vector<catalog::Kernel> rows;
    for (const catalog::Kernel& k : c_.all<catalog::Kernel>()) {
      if (k.gpu.empty() || k.gpu == gpu.id) rows.push_back(k);
    }
    return rows;
  }

  const Catalog& c_;
  const SearchRequest& r_;
  SearchSpace out_;
};

std::int64_t ceil_divided(std::int64_t n, std::int64_t by) { return (n + by - 1) / by; }

/// Copies from most to fewest.
std::vector<LoadOption> by_copies(std::int64_t most, std::int64_t fewest, std::int64_t batch) {
  std::vector<LoadOption> options;
  for (std::int64_t n = most; n >= fewest; --n) options.push_back({n, batch});
  return options;
}

}  // namespace

std::span<const std::int64_t> batch_steps() { return kBatchSteps; }

SearchSpace search_space(const Catalog& catalog, const SearchRequest& request) {
  return SpaceBuilder(catalog, request).build();
}

std::optional<double> rent_of(const FamilySpace& space,
                              const SearchFamily& family,
                              const Layout& layout,
                              std::int64_t copies) {
  const std::int64_t copy = workload::replica_gpus(layout);
  const std::int64_t most = machine_size(family.node_gpus);
  const estimate::RentNeed need{whole_devices(family, copies), copy, std::min(copy, most)};
  std::optional<double> least;
  for (const RentRow& row : space.rents) {
    const auto count = estimate::instances(need, row.gpus);
    if (count == 0) continue;
    const double usd = static_cast<double>(count) * row.usd_per_hour;
    if (!least || usd < *least) least = usd;
  }
  return least;
}

std::vector<LoadOption> load_options(const SearchRequest& r,
                                     const SearchFamily& family,
                                     const Layout& layout) {
  const std::int64_t copy = workload::replica_gpus(layout);
  const std::int64_t spare = r.spare_copies;
  const std::int64_t slices = family.slices_of_device;
  // Where the load is free a device that is cut serves with all of its slices.
  const std::int64_t filled = r.concurrency ? 1 : slices;
  const std::int64_t fewest =
      std::max(1 + spare, r.gpus ? *r.gpus / copy : ceil_divided(r.fewest_gpus * filled, copy));
  std::int64_t most = r.gpus ? *r.gpus / copy : r.most_gpus * slices / copy;
  if (r.base.dp) most = std::min(most, *r.base.dp);
  const std::int64_t least = r.base.dp ? *r.base.dp : fewest;
  if (most < least || least < 1 + spare) return {};
  if (r.concurrency) {
    const std::int64_t busy = ceil_divided(*r.concurrency, layout.attention_dp) + spare;
    return by_copies(std::max(least, std::min(most, busy)), least, *r.concurrency);
  }
  const bool by_rate = r.limits.output_tokens_per_s && !r.gpus && !r.base.dp;
  std::vector<LoadOption> options;
  options.reserve(kBatchSteps.size());
  for (const auto n : kBatchSteps)
    options.push_back(
        {by_rate ? 0 : least, n * layout.attention_dp * (by_rate ? 1 : least - spare)});
  return options;
}

}  // namespace dsplan::plan
