#include "recommended.hpp"

#include "recommended_pools.hpp"
#include "resolution.hpp"
#include "search_layout.hpp"
#include "search_texts.hpp"

namespace dsplan::plan {
namespace {

void set_performance(Recommended& r, const Checked& c) {
  const LatencyFigures& f = c.figures;
  RecommendedPerformance& p = r.performance;
  const auto figure = [&](double value, const catalog::Band* band) {
    return widened(predicted(value, band), f.widening);
  };
  p.ttft_s = f.point.ttft_s;
  p.tpot_s = f.point.tpot_s;
  p.e2e_s = f.e2e_s;
  p.ttft_p99_s = figure(f.times.ttft_s.p99, f.ttft);
  if (p.tpot_s) p.tpot_p99_s = figure(f.times.tpot_s.p99, f.tpot);
  p.output_tokens_per_s = f.point.output_tokens_per_s;
  p.output_tokens_per_s_per_gpu = f.point.output_tokens_per_s_per_gpu;
  p.requests_per_s = f.point.requests_per_s;
}

void set_cost(Recommended& r,
              const catalog::Catalog& catalog,
              const RecommendRequest& q,
              const Checked& c) {
  const LatencyAnswer latency = latency_answer(catalog, c.deployment, c.figures);
  const CostAnswer cost = cost_answer(catalog, c.deployment, latency, q.cost);
  r.nodes = cost.machines;
  r.power_w = cost.power_w;
  r.cost.usd_per_hour = cost.usd_per_hour;
  r.cost.usd_per_month = cost.usd_per_month;
  r.cost.million_output = cost.units.million_output;
  r.cost.query = cost.units.query;
  r.cost.capex_usd = cost.capex_usd;
  for (const Warning& w : cost.notes.warnings) {
    const bool of_age = w.id == "price-old" || w.id == "price-undated" || w.id == "price-later";
    if (of_age) r.price_warnings.push_back(w);
  }
  if (cost.offers.empty()) return;
  const RentOffer& offer = cost.offers.front();
  r.cost.rented_from = offer.provider + " " + offer.instance;
  r.cost.instances = offer.instances;
  r.cost.rent_region = offer.region;
  r.cost.price_date = offer.date;
}

/// Each pool as `latency` would be asked about it alone.
RecommendedPools pools_of(const RecommendRequest& q,
                          const PointChecker& checker,
                          const Checked& c) {
  const Deployment& prompts = *c.deployment.prefill;
  DeploymentRequest decode = checker.request_of(c.point);
  decode.prefill_pool.reset();
  SearchPoint first = c.point;
  first.prefill.reset();
  first.layout = prompts.workload.layout;
  first.chunk = c.point.prefill->chunk;
  first.batch = prompts.workload.batch;
  DeploymentRequest prefill = checker.request_of(first);
  prefill.output_tokens = 0;
  return {recommended_pool(prompts, flags_of(q.model_flags, prefill)),
          recommended_pool(c.deployment, flags_of(q.model_flags, decode))};
}

/// "rented as 2 x aws p5.48xlarge in us-east-1, price of 2026-07-20".
std::string rented(const RecommendedCost& c) {
  const std::string count = *c.instances > 1 ? text(*c.instances) + " x " : std::string();
  return "rented as " + count + *c.rented_from + " in " + *c.rent_region +
         (c.price_date ? ", price of " + *c.price_date : ", price undated");
}

}  // namespace

Recommended recommended(const catalog::Catalog& catalog,
                        const RecommendRequest& q,
                        const PointChecker& checker,
                        const Checked& c) {
  const Deployment& d = c.deployment;
  const workload::Inference& w = d.workload;
  const auto limits = workload::step_limits(w, d.gpu);
  Recommended r;
  r.model = std::string(w.model->id);
  r.engine = std::string(base_engine(d));
  r.gpu = std::string(d.gpu->id);
  if (!d.slice_name.empty()) r.mig = d.slice_name;
  r.gpus = c.point.gpus;
  r.replicas = w.layout.dp;
  r.layout = w.layout;
  r.precision = precision_name(d);
  r.kv_precision = std::string(w.precision.kv->id);
  r.batch = w.batch;
  r.context_tokens = workload::context_tokens(w);
  r.max_seqs = limits.seqs;
  r.max_batched_tokens = limits.batched_tokens;
  r.memory = gpu_memory(d);
  r.software = software_need(catalog, *d.gpu, w.engine, w.precision.dense);
  r.binding_constraint = c.binding;
  r.flags = flags_of(q.model_flags, checker.request_of(c.point));
  set_performance(r, c);
  if (d.prefill) r.pools = pools_of(q, checker, c);
  set_cost(r, catalog, q, c);
  return r;
}

bool tied(const SearchRequest& r, const Checked& first, const Checked& c) {
  if (c.point.key == first.point.key) return true;
  const Predicted& band =
      r.objective == Objective::latency ? first.figures.e2e_s : first.figures.point.requests_per_s;
  const bool plain = r.objective == Objective::cost && r.concurrency;
  if (plain || !band.low || !band.high || c.point.key >= kUnknownPrice) return false;
  const double worst =
      r.objective == Objective::latency ? *band.high / band.value : band.value / *band.low;
  return c.point.key <= first.point.key * worst;
}

std::vector<std::string> reasons(const SearchRequest& r, const Checked& c, const Recommended& d) {
  std::vector<std::string> why;
  why.push_back(ranked_by(r, d));
  why.push_back(bound_by(c.binding, c.use));
  if (d.cost.rented_from) why.push_back(rented(d.cost));
  if (c.figures.pair) {
    const auto more = pool_reasons(c.deployment, *c.figures.pair);
    why.insert(why.end(), more.begin(), more.end());
  }
  if (r.spare_copies > 0)
    why.push_back("the limits hold with " + text(r.spare_copies) + " of " + text(d.replicas) +
                  " copies gone");
  if (d.tied_with_first)
    why.push_back("within the error band of rank 1: a tie, as far as the estimate can tell");
  const auto& gpu_says = c.figures.evidence;
  if (const std::string wider = why_wider(gpu_says, c.deployment); !wider.empty())
    why.push_back(wider);
  return why;
}

}  // namespace dsplan::plan
