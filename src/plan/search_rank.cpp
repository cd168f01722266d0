#include "search_rank.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/estimate/cost.hpp"

#include "machines.hpp"

namespace dsplan::plan {
namespace {

constexpr double kUnpriced = 1e12;  ///< keys without a price come after all others
constexpr double kMillion = 1e6;
// A machine without its devices, as a share of their price (as in cost_answer.cpp).
constexpr double kServerShare = 0.3;

double real(std::int64_t n) { return static_cast<double>(n); }

double rate_cost(const SearchPoint& p) {
  const double rate = std::max(p.output_tokens_per_s, 1e-9);
  if (!p.usd_per_hour) return kUnpriced + real(p.gpus) / rate * kMillion;
  return *p.usd_per_hour / estimate::kSecondsPerHour / rate * kMillion;
}

}  // namespace

std::optional<double> purchase_of(const SearchFamily& f, std::int64_t gpus) {
  if (!f.gpu->price_usd) return std::nullopt;
  const std::int64_t devices = whole_devices(f, gpus);
  const auto cards = (devices + f.gpu->devices - 1) / f.gpu->devices;
  return *f.gpu->price_usd * real(cards) * (f.gpu->unified_memory ? 1.0 : 1.0 + kServerShare);
}

std::optional<double> least_power(const SearchFamily& f, std::int64_t gpus) {
  if (!f.gpu->power_w) return std::nullopt;
  const double devices = *f.gpu->power_w / real(f.gpu->devices) * real(whole_devices(f, gpus));
  return devices * (1.0 + estimate::kFanShare) / estimate::kSupplyEfficiency;
}

std::optional<double> wall_power(const SearchFamily& f, const workload::Inference& w) {
  const auto watts = power_of(machines_of(f, w));
  return watts ? std::optional<double>(watts->value) : std::nullopt;
}

double search_key(const SearchRequest& r, const SearchFamily& f, const SearchPoint& p) {
  const bool demand = r.concurrency || (r.limits.output_tokens_per_s && !r.gpus);
  switch (r.objective) {
    case Objective::latency:
      return p.e2e_s;
    case Objective::energy: {
      const auto watts = p.power_w ? p.power_w : least_power(f, p.gpus);
      return watts ? *watts / std::max(p.output_tokens_per_s, 1e-9) : kUnpriced + real(p.gpus);
    }
    case Objective::cost:
      if (demand) return p.usd_per_hour ? *p.usd_per_hour : kUnpriced + real(p.gpus);
      return rate_cost(p);
    case Objective::throughput:
      break;
  }
  return rate_cost(p);
}

bool better(const SearchPoint& a, const SearchPoint& b) {
  if (a.key != b.key) return a.key < b.key;
  if (a.gpus != b.gpus) return a.gpus < b.gpus;
  if (a.e2e_s != b.e2e_s) return a.e2e_s < b.e2e_s;
  return a.output_tokens_per_s > b.output_tokens_per_s;
}

bool dominates(const SearchPoint& a, const SearchPoint& b) {
  const double cost_a = rate_cost(a);
  const double cost_b = rate_cost(b);
  if (cost_a > cost_b || a.e2e_s > b.e2e_s) return false;
  return cost_a < cost_b || a.e2e_s < b.e2e_s;
}

void keep_frontier(std::vector<SearchPoint>& points) {
  std::stable_sort(points.begin(), points.end(), [](const SearchPoint& a, const SearchPoint& b) {
    const double cost_a = rate_cost(a);
    const double cost_b = rate_cost(b);
    return cost_a != cost_b ? cost_a < cost_b : a.e2e_s < b.e2e_s;
  });
  double least_s = INFINITY;
  std::erase_if(points, [&](const SearchPoint& p) {
    if (p.e2e_s >= least_s) return true;
    least_s = p.e2e_s;
    return false;
  });
}

}  // namespace dsplan::plan
