#include "pair_figures.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/estimate/kv_cache.hpp"

namespace dsplan::plan {
namespace {

using workload::Layout;

double real(std::int64_t n) { return static_cast<double>(n); }

traffic::BatchLoad load_of(const workload::Inference& w) {
  return {.input_tokens = real(w.input_tokens),
          .output_tokens = real(w.output_tokens),
          .prefix_hit = w.settings.prefix_hit};
}

/// GPUs that hold the cache of one request.
std::int64_t replica_ranks(const Layout& l) { return workload::replica_gpus(l) / l.attention_dp; }

/// The pool of prompts with the prompts of the whole deployment.
Deployment prompts_of(const Deployment& d) {
  Deployment prompts = *d.prefill;
  prompts.workload.input_tokens = d.workload.input_tokens;
  return prompts;
}

struct Pools {
  Serving prompts;
  Serving decodes;
  traffic::PoolPair pair;
};

/// `pair` points into `decodes`.
void put_to_work(Pools& p, const catalog::Catalog& catalog, const Deployment& d) {
  const Deployment prompts = prompts_of(d);
  p.prompts = serving(catalog, prompts);
  p.decodes = serving(catalog, d);
  p.pair.prompts = traffic::prompt_pool(p.prompts.steps,
                                        p.prompts.scheduling,
                                        load_of(prompts.workload),
                                        p.prompts.attention_replicas);
  p.pair.way = hand_over(
      cache_of(d.workload), platform_of(catalog, d), prompts.workload.layout, d.workload.layout);
  p.pair.steps = &p.decodes.steps;
  p.pair.scheduling = p.decodes.scheduling;
  p.pair.load = load_of(d.workload);
  p.pair.replicas = p.decodes.attention_replicas;
}

RunTimes times_of(const traffic::PairTimes& t, const Pools& p, double output_tokens) {
  RunTimes times;
  times.ttft_s = t.ttft_s;
  times.tpot_s = t.tpot_s;
  times.prefill_s = p.pair.prompts.first_s;
  // At most: the slow first tokens need not be those of the slow answers.
  const double further = std::max(0.0, output_tokens - 1.0);
  const auto whole = [&](double ttft_s, double tpot_s) { return ttft_s + further * tpot_s; };
  times.e2e_s = {t.e2e_s,
                 whole(t.ttft_s.p50, t.tpot_s.p50),
                 whole(t.ttft_s.p90, t.tpot_s.p90),
                 whole(t.ttft_s.p99, t.tpot_s.p99)};
  times.requests_per_s = t.requests_per_s;
  times.output_tokens_per_s = t.requests_per_s * output_tokens;
  times.running = t.running;
  return times;
}

}  // namespace

Bytes cache_of(const workload::Inference& w) {
  return estimate::kv_bytes_per_token(w) * (real(w.input_tokens) * estimate::cache_copies(w));
}

traffic::HandOver hand_over(Bytes cache,
                            const estimate::Platform& platform,
                            const Layout& prompts,
                            const Layout& decodes) {
  const std::int64_t senders = workload::gpu_count(prompts);
  const std::int64_t takers = workload::gpu_count(decodes);
  const auto way =
      estimate::point_to_point(platform, senders + takers > platform.interconnect.node_gpus);
  const double ports = real(std::min(replica_ranks(prompts), replica_ranks(decodes)));
  return {.seconds = way.start.value + cache.value * way.seconds_per_byte / ports,
          .lanes = std::max(1.0, std::floor(real(std::min(senders, takers)) / ports))};
}

LatencyFigures pair_figures(const catalog::Catalog& catalog, const Deployment& d) {
  Pools p;
  put_to_work(p, catalog, d);
  LatencyFigures f;
  f.load = closed_load(d, p.decodes.attention_replicas);
  f.pair = traffic::pair_times(p.pair, real(d.workload.batch));
  f.times = times_of(*f.pair, p, f.load.output_tokens);
  f.serving = std::move(p.decodes);
  f.prompts = std::move(p.prompts);
  f.serving.fits = f.serving.fits && f.prompts->fits;
  // No pair of pools has been compared with a measurement, whatever its engine has.
  f.evidence = evidence(catalog, f.serving, *d.gpu);
  Evidence unmeasured = f.evidence;
  unmeasured.engine_measured = false;
  put_bands(f, catalog, d, unmeasured);
  put_point(f, real(all_gpus(d)));
  return f;
}

std::int64_t most_clients(const catalog::Catalog& catalog,
                          const Deployment& d,
                          double sequences,
                          double prompt_load) {
  Pools p;
  put_to_work(p, catalog, d);
  return std::llround(traffic::most_clients(p.pair, sequences, prompt_load));
}

}  // namespace dsplan::plan
