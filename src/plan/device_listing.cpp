#include "dsplan/plan/device_listing.hpp"

#include <algorithm>

#include "dsplan/estimate/parameters.hpp"

namespace dsplan::plan {
namespace {

using catalog::Model;

struct Candidate {
  const Model* model = nullptr;
  std::int64_t parameters = 0;
};

/// From large to small.
std::vector<Candidate> candidates(const catalog::Catalog& catalog) {
  std::vector<Candidate> found;
  for (const Model& m : catalog.all<Model>()) {
    if (m.encoder) continue;
    found.push_back({&m, estimate::total(estimate::parameters(m))});
  }
  std::stable_sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
    return a.parameters > b.parameters;
  });
  return found;
}

/// Even at three bits a weight it does not fit.
bool too_large(const Candidate& c, const catalog::Gpu& gpu) {
  constexpr double kFewestBits = 3.0;
  const double weights = static_cast<double>(c.parameters) * kFewestBits / 8.0;
  return weights > catalog::runtime_memory(gpu).value * static_cast<double>(gpu.devices);
}

class Lister {
 public:
  Lister(const catalog::Catalog& catalog, const RecommendRequest& request)
      : c_(catalog), q_(request) {
    out_.by_device = true;
    out_.objective = std::string(name_of(request.search.objective));
  }

  RecommendAnswer run(const Progress& progress) {
    const auto models = candidates(c_);
    const auto& devices = q_.search.devices;
    for (std::size_t i = 0; i < devices.size(); ++i) {
      if (progress) progress(static_cast<double>(i) / static_cast<double>(devices.size()));
      std::int64_t rank = 0;
      for (const Candidate& c : models) {
        if (!too_large(c, *devices[i].gpu)) add(devices[i], *c.model, rank);
      }
    }
    if (progress) progress(1.0);
    if (out_.deployments.empty()) out_.relax = "no model runs on these devices within the limits";
    return std::move(out_);
  }

 private:
  void add(const SearchDevice& device, const Model& model, std::int64_t& rank) {
    for (const std::string& precision : q_.search.precisions) {
      RecommendRequest one = q_;
      one.near_misses = false;
      one.most_shown = 1;
      one.model_flags = "--model " + std::string(model.id);
      one.search.devices = {device};
      one.search.precisions = {precision};
      one.search.base.model.model = &model;
      const auto& input = one.search.base.input_tokens;
      one.search.base.input_tokens = std::min(*input, model.max_context_tokens);
      RecommendAnswer found = recommend(c_, one);
      out_.evaluated += found.evaluated;
      out_.valid += found.valid;
      if (found.deployments.empty()) continue;
      found.deployments.front().rank = ++rank;
      out_.deployments.push_back(std::move(found.deployments.front()));
      return;
    }
  }

  const catalog::Catalog& c_;
  const RecommendRequest& q_;
  RecommendAnswer out_;
};

}  // namespace

RecommendAnswer device_listing(const catalog::Catalog& catalog,
                               const RecommendRequest& request,
                               const Progress& progress) {
  return Lister(catalog, request).run(progress);
}

}  // namespace dsplan::plan
