#include "dsplan/plan/quantize_answer.hpp"

#include <algorithm>

#include "dsplan/base/error.hpp"
#include "dsplan/estimate/device_rates.hpp"
#include "dsplan/estimate/memory.hpp"
#include "dsplan/plan/cost_answer.hpp"
#include "dsplan/solve/memory_limits.hpp"

#include "latency_figures.hpp"
#include "layout_space.hpp"
#include "machines.hpp"

namespace dsplan::plan {
namespace {

using catalog::Format;
using catalog::Gpu;

constexpr std::int64_t kMostGpus = 1024;

/// What the products of a format ask of a device. The units that scale blocks (MX) came with the
/// products of 4 bits: without them such weights are widened to 16 bits first.
std::string_view wanted_of(const Format& format, const Gpu& gpu) {
  if (format.family == "mx")
    return estimate::multiplies_in(gpu, "fp4") ? std::string_view("fp8") : "bf16";
  return format.computes_in.empty() ? std::string_view("bf16") : format.computes_in;
}

void set_support(FormatChoice& c, const Format& format, const Gpu& gpu) {
  const std::string_view wanted = wanted_of(format, gpu);
  const std::string_view used = estimate::multiplied_in(gpu, wanted);
  if (used.empty()) return;
  c.multiplies_in = std::string(used);
  const bool narrow = wanted == "fp8" || wanted == "fp4" || wanted == "int8";
  if (used != wanted) {
    c.support = "emulated";
  } else {
    c.support = format.bits_per_weight < 16.0 && !narrow ? "weight-only" : "native";
  }
}

/// Rents and what else the formats share.
struct Market {
  const catalog::Catalog& catalog;
  const RentFilter& filter;
  std::optional<RentOffer> first;
};

void set_price(FormatChoice& c, Market& market, const Deployment& d) {
  if (!c.output_tokens_per_s) return;
  const auto offers = rent_offers(market.catalog, *d.gpu, machines_of(d).rent, market.filter);
  if (offers.empty()) return;
  if (!market.first) market.first = offers.front();
  c.usd_per_million_output_tokens = unit_cost(
      offers.front().usd_per_hour, *c.output_tokens_per_s, 1.0, estimate::kTokensPerPrice);
}

void set_on_device(FormatChoice& c, Market& market, const Deployment& d) {
  const auto& w = d.workload;
  const auto memory = estimate::inference_memory(w, d.gpu);
  const Bytes usable = estimate::budget(w, memory.worst_gpu(), *d.gpu).usable;
  c.fits = estimate::fits(w, memory, *d.gpu);
  c.headroom_fraction = (usable - c.total_per_gpu) / usable;
  if (const auto cards = solve::fewest_for_memory(w, *d.gpu, layout_space(d), kMostGpus))
    c.gpus_for_memory = cards->gpus;
  if (!w.model->encoder) c.max_batch = solve::max_batch(w, *d.gpu);
  set_support(c, *w.precision.dense, *d.gpu);
  if (!*c.fits || estimate::peak_rate(*d.gpu, "bf16").value <= 0.0) return;
  const LatencyFigures f = latency_figures(market.catalog, d, usual_arrival(d));
  c.ttft_s = f.point.ttft_s;
  c.tpot_s = f.point.tpot_s;
  c.output_tokens_per_s = f.point.output_tokens_per_s;
  set_price(c, market, d);
}

std::vector<PublishedCost> published(const Format& format) {
  std::vector<PublishedCost> costs;
  for (const auto text : format.accuracy_costs) {
    if (const auto cost = catalog::accuracy_cost(text))
      costs.push_back({std::string(cost->model), std::string(cost->metric), cost->cost});
  }
  return costs;
}

FormatChoice choice(Market& market, const Deployment& d, const Format& format) {
  const auto& w = d.workload;
  const auto memory = estimate::inference_memory(w, d.gpu);
  const auto own = market.catalog.resolve<Format>(w.model->native_format).entry;
  FormatChoice c;
  c.format = std::string(format.id);
  c.name = std::string(format.name);
  c.kv_format = std::string(w.precision.kv->id);
  c.bits_per_weight = format.bits_per_weight;
  c.weights = estimate::total(estimate::checkpoint_weights(w));
  c.layout = w.layout;
  c.total_per_gpu = estimate::total(memory.worst_gpu());
  if (!d.shape_assumed) c.own_format = own == &format;
  c.accuracy_costs = published(format);
  if (d.gpu != nullptr) set_on_device(c, market, d);
  return c;
}

/// Does the format leave everything but experts at 16 bits?
bool needs_experts(const Format& format) {
  return format.expert_bits_per_weight > 0.0 && format.bits_per_weight >= 16.0;
}

bool is_dense(const DeploymentRequest& request) {
  return request.model.model != nullptr ? !catalog::is_moe(*request.model.model)
                                        : !request.model.active_parameters;
}

}  // namespace

QuantizeAnswer quantize_answer(const catalog::Catalog& catalog,
                               const DeploymentRequest& request,
                               const RentFilter& rent) {
  QuantizeAnswer a;
  Market market{catalog, rent, {}};
  for (const Format& format : catalog.all<Format>()) {
    if (!format.weights) continue;
    if (needs_experts(format) && is_dense(request)) {
      a.refused.push_back({std::string(format.id), "it is for experts, and the model has none"});
      continue;
    }
    DeploymentRequest r = request;
    r.precision = std::string(format.id);
    try {
      const Deployment d = resolve_deployment(catalog, r);
      const std::string why =
          d.gpu == nullptr ? "" : catalog::weights_obstacle(*d.workload.engine, format, *d.gpu);
      if (why.empty()) {
        a.formats.push_back(choice(market, d, format));
      } else {
        a.refused.push_back({std::string(format.id), why});
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::usage) throw;
      a.refused.push_back({std::string(format.id), error.what()});
    }
  }
  std::stable_sort(
      a.formats.begin(), a.formats.end(), [](const FormatChoice& x, const FormatChoice& y) {
        return x.weights < y.weights;
      });
  a.rent = market.first;
  Notes notes;
  if (a.rent)
    warn_of_age(notes, rent, "the price of " + place_of(*a.rent), a.rent->date, a.rent->age_days);
  a.warnings = notes.warnings;
  return a;
}

}  // namespace dsplan::plan
