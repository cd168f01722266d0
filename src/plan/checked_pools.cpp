// [P-POOLS] with the exact steps of both pools.
#include "checked_point.hpp"
#include "search_pools.hpp"

namespace dsplan::plan {
namespace {

CopyModel copy_of(const Serving& s, const Deployment& d) {
  const workload::Inference& w = d.workload;
  return copy_model(s.steps,
                    s.scheduling,
                    {.input_tokens = static_cast<double>(w.input_tokens),
                     .output_tokens = static_cast<double>(w.output_tokens),
                     .prefix_hit = w.settings.prefix_hit});
}

void set_figures(LatencyFigures& f, const PoolTimes& t, double gpus, const Deployment& d) {
  const auto figure = [&](double value, const catalog::Band* band) {
    return widened(predicted(value, band), f.widening);
  };
  const double tokens = t.requests_per_s * static_cast<double>(d.workload.output_tokens);
  f.times.ttft_s = {t.ttft_s, t.ttft_s, t.ttft_s, t.ttft_s};
  f.times.tpot_s = {t.tpot_s, t.tpot_s, t.tpot_s, t.tpot_s};
  f.times.e2e_s = {t.e2e_s, t.e2e_s, t.e2e_s, t.e2e_s};
  f.times.output_tokens_per_s = tokens;
  f.times.requests_per_s = t.requests_per_s;
  f.point.ttft_s = figure(t.ttft_s, f.ttft);
  f.point.tpot_s = figure(t.tpot_s, f.tpot);
  f.e2e_s = figure(t.e2e_s, f.tpot);
  f.point.requests_per_s = figure(t.requests_per_s, f.throughput);
  f.point.output_tokens_per_s = figure(tokens, f.throughput);
  f.point.output_tokens_per_s_per_gpu = figure(tokens / gpus, f.throughput);
}

}  // namespace

/// Fills in `prompts` and the figures of the pair.
void PointChecker::time_pools(Checked& c) const {
  c.prompts = resolve_deployment(c_, prompts_of(c.point));
  const Serving prompts = serving(c_, *c.prompts);
  const Deployment& d = c.deployment;
  c.figures = latency_figures(c_, d, Arrival::batch);
  const CopyModel first = copy_of(prompts, *c.prompts);
  const CopyModel then = copy_of(c.figures.serving, d);
  const double sequences =
      static_cast<double>(c.point.batch) / c.figures.serving.attention_replicas;
  const PoolTimes t =
      pool_times({first.prompt_s,
                  prompt_interval(first),
                  prompts.attention_replicas,
                  decode_times(then, sequences).tpot_s,
                  sequences,
                  c.figures.serving.attention_replicas,
                  transfer_seconds(d.workload,
                                   platform_of(c_, d),
                                   workload::replica_gpus(c.prompts->workload.layout),
                                   workload::replica_gpus(d.workload.layout)),
                  static_cast<double>(d.workload.output_tokens)});
  set_figures(c.figures, t, static_cast<double>(c.point.gpus), d);
}

}  // namespace dsplan::plan
