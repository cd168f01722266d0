#include <algorithm>
#include <array>

#include "dsplan/base/error.hpp"

#include "latency_figures.hpp"

namespace dsplan::plan {
namespace {

constexpr std::array<std::string_view, 4> kNames{"concurrency", "context", "batch", "gpus"};
constexpr std::int64_t kLeastCurveClients = 256;
constexpr std::int64_t kFirstContext = 512;
constexpr std::int64_t kLongestContext = 131072;
constexpr std::int64_t kMostCurveGpus = 64;

/// Doublings from `first` to `last`, with the value asked for in its place.
std::vector<std::int64_t> doublings(std::int64_t first, std::int64_t last, std::int64_t asked) {
  std::vector<std::int64_t> xs;
  for (std::int64_t x = first; x <= last; x *= 2) xs.push_back(x);
  xs.push_back(asked);
  std::sort(xs.begin(), xs.end());
  xs.erase(std::unique(xs.begin(), xs.end()), xs.end());
  return xs;
}

LatencyPoint point_at(const catalog::Catalog& catalog,
                      const Deployment& d,
                      std::int64_t x,
                      Arrival arrival) {
  LatencyPoint point = latency_figures(catalog, d, arrival).point;
  point.x = static_cast<double>(x);
  return point;
}

/// Clients that each ask again, or (`at_once`) one batch.
std::vector<LatencyPoint> over_batch(const catalog::Catalog& catalog, Deployment d, bool at_once) {
  const std::int64_t asked = d.workload.batch;
  std::vector<LatencyPoint> points;
  for (const std::int64_t x : doublings(1, std::max(kLeastCurveClients, asked), asked)) {
    d.workload.batch = x;
    points.push_back(point_at(catalog, d, x, at_once ? Arrival::batch : usual_arrival(d)));
  }
  return points;
}

/// Longer prompts, the answers as they are.
std::vector<LatencyPoint> over_context(const catalog::Catalog& catalog, Deployment d) {
  const std::int64_t output = d.workload.output_tokens;
  const std::int64_t asked = workload::context_tokens(d.workload);
  const std::int64_t longest =
      std::max(asked, std::min(kLongestContext, d.workload.model->max_context_tokens));
  std::vector<LatencyPoint> points;
  for (const std::int64_t x : doublings(kFirstContext, longest, asked)) {
    if (x <= output) continue;
    d.workload.input_tokens = x - output;
    points.push_back(point_at(catalog, d, x, usual_arrival(d)));
  }
  return points;
}

std::vector<LatencyPoint> over_gpus(const catalog::Catalog& catalog,
                                    DeploymentRequest request,
                                    const Deployment& d) {
  const std::int64_t asked = workload::gpu_count(d.workload.layout);
  request.tp = request.pp = request.dp = request.ep = request.cp = std::nullopt;
  request.attention_dp = request.nodes = std::nullopt;
  const std::int64_t most = std::max(asked, std::min(kMostCurveGpus, d.node_gpus));
  std::vector<LatencyPoint> points;
  for (const std::int64_t x : doublings(1, most, asked)) {
    request.gpus = x;
    try {
      const Deployment other = x == asked ? d : resolve_deployment(catalog, request);
      points.push_back(point_at(catalog, other, x, usual_arrival(other)));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::usage) throw;  // the model cannot be split so
    }
  }
  return points;
}

}  // namespace

std::optional<CurveOver> curve_over(std::string_view word) {
  const auto found = std::find(kNames.begin(), kNames.end(), word);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<CurveOver>(found - kNames.begin());
}

std::string_view name_of(CurveOver over) { return kNames[static_cast<std::size_t>(over)]; }

std::vector<LatencyPoint> latency_curve(const catalog::Catalog& catalog,
                                        const DeploymentRequest& request,
                                        const Deployment& d,
                                        CurveOver over) {
  switch (over) {
    case CurveOver::context:
      return over_context(catalog, d);
    case CurveOver::gpus:
      return over_gpus(catalog, request, d);
    case CurveOver::batch:
      return over_batch(catalog, d, true);
    case CurveOver::concurrency:
      break;
  }
  return over_batch(catalog, d, false);
}

}  // namespace dsplan::plan
