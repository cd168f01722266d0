#include "dsplan/plan/latency_answer.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "dsplan/base/error.hpp"
#include "dsplan/estimate/rule.hpp"
#include "dsplan/plan/bands.hpp"

#include "duration.hpp"
#include "latency_figures.hpp"
#include "latency_pools.hpp"

namespace dsplan::plan {
namespace {

using estimate::Chunk;
using estimate::StepShare;

std::string reckoning(const StepShare& s) {
  if (s.resource == estimate::Resource::host) return "the engine's own time, beside its kernels";
  std::string text = "starts " + duration(s.start);
  if (s.memory.value > 0.0) text += ", bytes " + duration(s.memory);
  if (s.compute.value > 0.0) text += ", FLOPs " + duration(s.compute);
  return text;
}

void add_terms(LatencyAnswer& a,
               std::string_view phase,
               const std::vector<StepShare>& shares,
               double whole_s) {
  double sum = 0.0;
  for (const StepShare& s : shares) sum += s.time.value;
  if (sum <= 0.0) return;
  // Chunks that follow one another through pipeline stages overlap: all parts alike.
  const double overlap = whole_s / sum;
  for (const StepShare& s : shares) {
    if (s.time.value <= 0.0) continue;
    a.breakdown.push_back({std::string(phase),
                           std::string(s.operation),
                           s.time * overlap,
                           s.time.value / sum,
                           std::string(estimate::name_of(s.resource)),
                           s.count,
                           std::string(s.formula),
                           reckoning(s)});
  }
}

/// The chunks of one prompt, each a step of its own.
std::vector<StepShare> prefill_shares(const Serving& s, const RunLoad& load) {
  const double cached =
      std::min(std::floor(load.input_tokens * load.prefix_hit), load.input_tokens - 1.0);
  const auto budget = static_cast<double>(s.scheduling.step_tokens);
  std::vector<StepShare> all;
  double done = cached;
  while (done < load.input_tokens) {
    const Chunk chunk{done, std::min(budget, load.input_tokens - done)};
    for (const StepShare& part : estimate::step_shares(s.steps, 0.0, 0.0, {chunk}))
      estimate::add_share(all, part);
    done += budget;
  }
  return all;
}

void set_breakdown(LatencyAnswer& a, const LatencyFigures& f, const catalog::Band* tpot) {
  const auto prefill = prefill_shares(f.prompts ? *f.prompts : f.serving, f.load);
  a.prefill_bound = std::string(estimate::name_of(estimate::bound(prefill)));
  a.bound = a.prefill_bound;
  add_terms(a, "prefill", prefill, f.times.prefill_s);
  if (f.load.output_tokens <= 0.0) return;
  const double running = std::max(1.0, f.times.running);
  const double context = running * (f.load.input_tokens + f.load.output_tokens / 2.0);
  const auto decode = estimate::step_shares(f.serving.steps, running, context, {});
  const double step = estimate::decode_step(f.serving.steps, running, context).value;
  a.bound = std::string(estimate::name_of(estimate::bound(decode)));
  a.decode_step_s = predicted(step, tpot);
  a.running_sequences = running;
  a.tokens_per_step = f.serving.scheduling.tokens_per_step;
  add_terms(a, "decode", decode, step);
}

void set_figures(LatencyAnswer& a, const LatencyFigures& f) {
  const RunTimes& t = f.times;
  const auto figure = [&](double value, const catalog::Band* band) {
    return widened(predicted(value, band), f.widening);
  };
  a.ttft_s = f.point.ttft_s;
  a.tpot_s = f.point.tpot_s;
  a.prefill_s = figure(t.prefill_s, f.prefill);
  a.e2e_s = f.e2e_s;
  a.requests_per_s = f.point.requests_per_s;
  a.output_tokens_per_s = f.point.output_tokens_per_s;
  a.output_tokens_per_s_per_gpu = f.point.output_tokens_per_s_per_gpu;
  a.total_tokens_per_s =
      figure(t.requests_per_s * (f.load.input_tokens + f.load.output_tokens), f.throughput);
  a.ttft_p50_s = figure(t.ttft_s.p50, f.ttft);
  a.ttft_p90_s = figure(t.ttft_s.p90, f.ttft);
  a.ttft_p99_s = figure(t.ttft_s.p99, f.ttft);
  if (f.point.tpot_s) a.tpot_p99_s = figure(t.tpot_s.p99, f.tpot);
}

void warn_of_host(LatencyAnswer& a, const catalog::Catalog& catalog, const Deployment& d) {
  const catalog::Gpu* host = host_of(catalog, *d.gpu);
  if (!d.workload.settings.gpu_layers || host == nullptr) return;
  a.warnings.push_back({"host-assumed",
                        "layers left in host memory run as on " + std::string(host->name) +
                            "; this has not been compared with measurements"});
}

void set_warnings(LatencyAnswer& a, const LatencyFigures& f, const Deployment& d) {
  if (!f.serving.fits) {
    a.warnings.push_back({"does-not-fit",
                          "the deployment does not fit in memory; the times are those of a device "
                          "that held it"});
  }
  if (const std::string why = why_wider(f.evidence, d); !why.empty())
    a.warnings.push_back({"not-measured-here", why});
  if (d.shape_assumed)
    a.warnings.push_back(
        {"shape-assumed", "only the size is known: the bands are wider by a factor of 1.25"});
}

void note_bands(LatencyAnswer& a, const LatencyFigures& f) {
  for (const catalog::Band* band : {f.ttft, f.prefill, f.tpot, f.throughput}) {
    const bool known = std::find(a.bands.begin(), a.bands.end(), band) != a.bands.end();
    if (band != nullptr && !known) a.bands.push_back(band);
  }
}

}  // namespace

LatencyAnswer latency_answer(const catalog::Catalog& catalog, const Deployment& d) {
  return latency_answer(catalog, d, latency_figures(catalog, d, usual_arrival(d)));
}

LatencyAnswer latency_answer(const catalog::Catalog& catalog,
                             const Deployment& d,
                             const LatencyFigures& f) {
  LatencyAnswer a;
  a.fits = f.serving.fits;
  a.arrival = std::string(name_of(f.load.arrival));
  a.stack = f.serving.stack;
  a.kernels = f.serving.steps.kernels;
  set_figures(a, f);
  set_breakdown(a, f, f.tpot);
  if (a.decode_step_s) a.decode_step_s = widened(*a.decode_step_s, f.widening);
  set_warnings(a, f, d);
  warn_of_host(a, catalog, d);
  note_bands(a, f);
  if (f.pair) add_pools(a, d, *f.pair);
  return a;
}

LatencyAnswer rule_latency_answer(double parameters,
                                  std::int64_t tokens,
                                  std::int64_t batch,
                                  FlopsPerSecond rate) {
  const Flops work = estimate::rule_flops(parameters, tokens, batch);
  const Seconds time = estimate::rule_seconds(work, rate);
  LatencyAnswer a;
  a.arrival = std::string(name_of(Arrival::batch));
  a.ttft_s = predicted(time.value, nullptr);
  a.prefill_s = a.ttft_s;
  a.breakdown.push_back({"prefill",
                         "matrices",
                         time,
                         1.0,
                         "compute",
                         1.0,
                         "G-LATENCY",
                         "2 x P x L x B / (0.8 x the data sheet's rate)"});
  return a;
}

}  // namespace dsplan::plan
