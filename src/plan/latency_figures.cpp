#include "latency_figures.hpp"

#include <algorithm>

#include "dsplan/base/error.hpp"

#include "pair_figures.hpp"
#include "resolution.hpp"

namespace dsplan::plan {
namespace {

// What a size without an architecture leaves open of times.
constexpr double kShapeWidening = 1.25;
// Clients of one attention replica that are followed one by one, and answers of each.
constexpr double kMostClients = 16384.0;
constexpr double kFollowedRequests = 4096.0;
constexpr std::int64_t kFewestRequests = 3;
constexpr std::int64_t kMostRequests = 12;

RunLoad load_of(const Deployment& d, Arrival arrival, double attention_replicas) {
  const workload::Inference& w = d.workload;
  const auto clients = static_cast<double>(w.batch);
  const double each = std::max(1.0, clients / attention_replicas);
  if (each > kMostClients) {
    refuse("--batch " + text(w.batch) + " is more than 16384 sequences on a copy of the model",
           "give the concurrency that they have at a time");
  }
  RunLoad load;
  load.arrival = arrival;
  load.concurrency = clients;
  load.input_tokens = static_cast<double>(w.input_tokens);
  load.output_tokens = static_cast<double>(w.output_tokens);
  load.prefix_hit = w.settings.prefix_hit;
  load.starts_together = false;
  load.requests_per_client = std::clamp(
      static_cast<std::int64_t>(kFollowedRequests / each), kFewestRequests, kMostRequests);
  return load;
}

/// A loop asks for many steps; the parts of one are told from the exact model.
RunTimes times_of(const Serving& s, const RunLoad& load) {
  if (load.arrival != Arrival::closed) return run_times(s, load);
  Serving quick = s;
  estimate::tabulate(quick.steps);
  RunTimes t = run_times(quick, load);
  RunLoad one = load;
  one.arrival = Arrival::single;
  one.concurrency = 1.0;
  t.prefill_s = run_times(s, one).prefill_s;
  return t;
}

/// The end of a request: its first token and the others, each with its band.
Predicted whole_request(double value, const Predicted& first, const Predicted& each, double more) {
  const double sum = first.value + more * each.value;
  if (!first.low || !each.low || sum <= 0.0) return {value, std::nullopt, std::nullopt};
  return {value,
          value * (*first.low + more * *each.low) / sum,
          value * (*first.high + more * *each.high) / sum};
}

}  // namespace

Arrival usual_arrival(const Deployment& d) {
  if (d.workload.batch == 1) return Arrival::single;
  return d.workload.output_tokens > 0 ? Arrival::closed : Arrival::batch;
}

RunLoad closed_load(const Deployment& d, double attention_replicas) {
  return load_of(d, usual_arrival(d), attention_replicas);
}

void put_bands(LatencyFigures& f,
               const catalog::Catalog& catalog,
               const Deployment& d,
               const Evidence& known) {
  const Arrival arrival = f.load.arrival;
  f.ttft = band_of(catalog, "ttft", arrival, known);
  f.prefill = band_of(catalog, "prefill", Arrival::single, known);
  f.tpot = band_of(catalog, "tpot", arrival, known);
  f.throughput = band_of(catalog, "throughput", arrival, known);
  f.widening = d.shape_assumed ? kShapeWidening : 1.0;
}

void put_point(LatencyFigures& f, double gpus) {
  const RunTimes& t = f.times;
  const auto figure = [&](double value, const catalog::Band* band) {
    return widened(predicted(value, band), f.widening);
  };
  f.point.fits = f.serving.fits;
  f.point.ttft_s = figure(t.ttft_s.mean, f.ttft);
  f.point.requests_per_s = figure(t.requests_per_s, f.throughput);
  f.e2e_s = f.point.ttft_s;
  if (f.load.output_tokens <= 0.0) return;
  f.point.output_tokens_per_s = figure(t.output_tokens_per_s, f.throughput);
  f.point.output_tokens_per_s_per_gpu = figure(t.output_tokens_per_s / gpus, f.throughput);
  f.e2e_s.value = t.e2e_s.mean;
  if (f.load.output_tokens <= 1.0) return;
  f.point.tpot_s = figure(t.tpot_s.mean, f.tpot);
  f.e2e_s =
      whole_request(t.e2e_s.mean, f.point.ttft_s, *f.point.tpot_s, f.load.output_tokens - 1.0);
}

LatencyFigures latency_figures(const catalog::Catalog& catalog,
                               const Deployment& d,
                               Arrival arrival) {
  if (d.gpu == nullptr) {
    throw Error(ErrorCode::usage,
                "a time needs a device",
                "name one with --gpu; `dsplan catalog list gpus` lists them");
  }
  if (d.prefill) return pair_figures(catalog, d);
  LatencyFigures f;
  f.serving = serving(catalog, d);
  f.load = load_of(d, arrival, f.serving.attention_replicas);
  f.times = times_of(f.serving, f.load);
  f.evidence = evidence(catalog, f.serving, *d.gpu);
  put_bands(f, catalog, d, f.evidence);
  put_point(f, static_cast<double>(workload::gpu_count(d.workload.layout)));
  return f;
}

}  // namespace dsplan::plan
