#include "dsplan/plan/device_listing.hpp"

#include <algorithm>
#include <map>

#include "dsplan/estimate/device_rates.hpp"
#include "dsplan/estimate/parameters.hpp"

#include "search_rank.hpp"

namespace dsplan::plan {
namespace {

using catalog::Gpu;
using catalog::Model;

constexpr std::int64_t kMostListed = 600;  ///< models of all devices, unless --top says how many
constexpr std::int64_t kFewestOfDevice = 4;

struct Candidate {
  const Model* model = nullptr;
  double parameters = 0.0;
  double active = 0.0;
  double native_bits = 16.0;
};

/// From large to small.
std::vector<Candidate> candidates(const catalog::Catalog& catalog) {
  std::vector<Candidate> found;
  for (const Model& m : catalog.all<Model>()) {
    if (m.encoder) continue;
    const auto parameters = estimate::parameters(m);
    const auto& native = *catalog.resolve<catalog::Format>(m.native_format).entry;
    found.push_back({&m,
                     static_cast<double>(estimate::total(parameters)),
                     static_cast<double>(estimate::active(parameters)),
                     native.bits_per_weight});
  }
  std::stable_sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
    return a.parameters > b.parameters;
  });
  return found;
}

/// The most that one copy may use of a device, which stays within its node.
struct Room {
  double bytes = 0.0;
  double bytes_per_s = 0.0;
  double flops = 0.0;  ///< a second, in the device's fastest format

  Room(const Gpu& gpu, std::int64_t gpus) {
    const auto n = static_cast<double>(gpus);
    bytes = catalog::runtime_memory(gpu).value * n;
    bytes_per_s = estimate::bandwidth(gpu).value * n;
    for (const char* format : {"fp16", "bf16", "fp8", "fp4", "int8"})
      flops = std::max(flops, estimate::peak_rate(gpu, format).value * n);
  }
};

class Lister {
 public:
  Lister(const catalog::Catalog& catalog, const RecommendRequest& request)
      : c_(catalog), q_(request), models_(candidates(catalog)) {
    out_.by_device = true;
    out_.objective = std::string(name_of(request.search.objective));
    const auto devices = static_cast<std::int64_t>(q_.search.devices.size());
    most_ = q_.top_said ? q_.most_shown : std::max(kFewestOfDevice, kMostListed / devices);
  }

  RecommendAnswer run(const Progress& progress) {
    const auto& devices = q_.search.devices;
    for (std::size_t i = 0; i < devices.size(); ++i) {
      if (progress) progress(static_cast<double>(i) / static_cast<double>(devices.size()));
      list(devices[i]);
    }
    if (progress) progress(1.0);
    if (out_.deployments.empty()) out_.relax = "no model runs on these devices within the limits";
    return std::move(out_);
  }

 private:
  void list(const SearchDevice& device) {
    ListedDevice listed;
    listed.gpu = std::string(device.gpu->id);
    if (!device.slice.empty()) listed.mig = device.slice;
    listed.kind = std::string(device.gpu->vendor) + " " + std::string(device.gpu->architecture);
    listed.memory_gb = device.gpu->memory_gb;
    const auto offers = rent_offers(c_, *device.gpu, {1, 1, 1}, q_.search.rent);
    if (!offers.empty()) listed.usd_per_hour = offers.front().usd_per_gpu_hour;
    for (const Candidate& c : models_) {
      if (listed.models == most_) {
        listed.more = true;
        break;
      }
      if (auto d = entry(device, c)) {
        d->rank = ++listed.models;
        out_.deployments.push_back(std::move(*d));
      }
    }
    if (listed.models > 0) out_.devices.push_back(std::move(listed));
  }

  /// In the format that needs the fewest GPUs, of the first engine that runs it; of formats that
  /// need as many, the first of the request's.
  std::optional<Recommended> entry(const SearchDevice& device, const Candidate& c) {
    const Room room(*device.gpu, copy_gpus(device));
    for (const std::string& engine : q_.search.engines) {
      if (!catalog::runs_on(*c_.resolve<catalog::Engine>(engine).entry, *device.gpu)) continue;
      std::optional<Recommended> best;
      for (const std::string& precision : q_.search.precisions) {
        if (impossible(c, room, precision)) continue;
        auto found = only(device, *c.model, engine, precision);
        if (found && (!best || found->gpus < best->gpus)) best = std::move(found);
        if (best && best->gpus == fewest()) break;
      }
      if (best) return best;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::int64_t fewest() const {
    return std::max(q_.search.fewest_gpus, 1 + q_.search.spare_copies);
  }

  [[nodiscard]] std::int64_t copy_gpus(const SearchDevice& device) const {
    const std::int64_t most = q_.search.gpus.value_or(q_.search.most_gpus);
    const std::int64_t node = device.slice.empty() ? node_size(*device.gpu) : 1;
    return std::min({most, node, kBoxGpus});
  }

  /// Weights alone do not fit, cannot be read within the time of a token, or multiply a prompt
  /// within that of the first.
  [[nodiscard]] bool impossible(const Candidate& c,
                                const Room& room,
                                const std::string& precision) const {
    double bits = c.native_bits;
    if (!precision.empty()) {
      const auto& format = *c_.resolve<catalog::Format>(precision).entry;
      bits = std::min(format.bits_per_weight, std::max(c.native_bits, 1.0));
      if (format.expert_bits_per_weight > 0.0) bits = std::min(bits, format.expert_bits_per_weight);
    }
    const SearchLimits& l = q_.search.limits;
    if (c.parameters * bits / 8.0 * kLeastOfWeights > room.bytes) return true;
    const double read_s = c.active * bits / 8.0 * kLeastOfWeights / room.bytes_per_s;
    if (l.tpot && read_s > l.tpot->most_s * kMostTokensPerStep) return true;
    const double flops =
        2.0 * c.active * kLeastOfWeights * static_cast<double>(*q_.search.base.input_tokens);
    return l.ttft && room.flops > 0.0 && flops / room.flops > l.ttft->most_s;
  }

  std::optional<Recommended> only(const SearchDevice& device,
                                  const Model& model,
                                  const std::string& engine,
                                  const std::string& precision) {
    RecommendRequest one = q_;
    one.near_misses = false;
    one.most_shown = 1;
    one.model_flags = "--model " + std::string(model.id);
    one.search.listing = true;
    one.search.devices = {device};
    one.search.engines = {engine};
    one.search.precisions = {precision};
    one.search.kv_precisions = {""};
    one.search.disaggregate = false;
    one.search.jobs = 1;
    one.search.base.model.model = &model;
    const auto& input = one.search.base.input_tokens;
    one.search.base.input_tokens = std::min(*input, model.max_context_tokens);
    RecommendAnswer found = recommend(c_, one);
    out_.evaluated += found.evaluated;
    out_.valid += found.valid;
    if (found.deployments.empty()) return std::nullopt;
    return std::move(found.deployments.front());
  }

  // Embeddings are not read for a token, and may stay on the host.
  static constexpr double kLeastOfWeights = 0.7;
  static constexpr double kMostTokensPerStep = 8.0;  ///< with a draft model

  const catalog::Catalog& c_;
  const RecommendRequest& q_;
  std::vector<Candidate> models_;
  std::int64_t most_ = 1;
  RecommendAnswer out_;
};

}  // namespace

RecommendAnswer device_listing(const catalog::Catalog& catalog,
                               const RecommendRequest& request,
                               const Progress& progress) {
  return Lister(catalog, request).run(progress);
}

}  // namespace dsplan::plan
