#include "dsplan/plan/serving_times.hpp"

#include <algorithm>
#include <cmath>

namespace dsplan::plan {
namespace {

constexpr double kNoLimit = 1e9;

traffic::Percentiles alike(double seconds) { return {seconds, seconds, seconds, seconds}; }

traffic::BatchLoad batch_load(const Serving& s, const RunLoad& load) {
  const double asked = load.concurrency.value_or(kNoLimit);
  return {.sequences = std::max(1.0, asked / s.attention_replicas),
          .input_tokens = load.input_tokens,
          .output_tokens = load.output_tokens,
          .prefix_hit = load.prefix_hit,
          .beams = load.beams};
}

RunTimes closed_loop(const Serving& s, const RunLoad& load) {
  const double clients = load.concurrency.value_or(1.0) / s.attention_replicas;
  const auto loop = traffic::simulate(
      s.steps,
      {.clients = std::max<std::int64_t>(1, std::llround(clients)),
       .requests_per_client = load.requests_per_client,
       .input_tokens = std::max<std::int64_t>(1, std::llround(load.input_tokens)),
       .output_tokens = std::max<std::int64_t>(1, std::llround(load.output_tokens)),
       .shortest_share = load.shortest_share,
       .starts_together = load.starts_together,
       .prefix_hit = load.prefix_hit},
      s.scheduling);
  // Fewer clients than replicas leave some of these idle.
  const double busy = std::min(s.attention_replicas, load.concurrency.value_or(1.0));
  RunTimes t;
  t.ttft_s = loop.ttft_s;
  t.tpot_s = loop.tpot_s;
  t.e2e_s = loop.e2e_s;
  t.output_tokens_per_s = loop.output_tokens_per_s * busy;
  t.requests_per_s = loop.requests_per_s * busy;
  t.running = loop.mean_running;
  return t;
}

traffic::BatchTimes batch_of(const Serving& s, const RunLoad& load) {
  switch (load.arrival) {
    case Arrival::offline:
      return traffic::offline_times(s.steps, s.scheduling, batch_load(s, load));
    case Arrival::steady:
      return traffic::steady_times(s.steps, s.scheduling, batch_load(s, load));
    default:
      return traffic::batch_times(s.steps, s.scheduling, batch_load(s, load));
  }
}

RunTimes closed_form(const Serving& s, const RunLoad& load) {
  const traffic::BatchTimes b = batch_of(s, load);
  const double asked = load.concurrency.value_or(kNoLimit);
  const double busy = std::min(s.attention_replicas, asked);
  RunTimes t;
  t.ttft_s = alike(b.ttft_s);
  t.tpot_s = {b.tpot_s, b.tpot_p50_s, b.tpot_p99_s, b.tpot_p99_s};
  const double further = std::max(0.0, load.output_tokens - 1.0);
  const auto longer = [&](double tpot_s) { return b.e2e_s + further * (tpot_s - b.tpot_s); };
  t.e2e_s = {b.e2e_s, longer(b.tpot_p50_s), longer(b.tpot_p99_s), longer(b.tpot_p99_s)};
  t.output_tokens_per_s = b.output_tokens_per_s * busy;
  t.requests_per_s = load.output_tokens > 0.0 ? t.output_tokens_per_s / load.output_tokens
                                              : asked / std::max(b.e2e_s, 1e-12);
  t.decode_tokens_per_s = b.running * s.scheduling.tokens_per_step / b.decode_step_s * busy;
  t.running = b.running;
  return t;
}

}  // namespace

std::string_view name_of(Arrival arrival) {
  switch (arrival) {
    case Arrival::single:
      return "single";
    case Arrival::batch:
      return "static";
    case Arrival::offline:
      return "all_at_once";
    case Arrival::steady:
      return "steady";
    case Arrival::closed:
      break;
  }
  return "closed";
}

RunTimes run_times(const Serving& s, const RunLoad& load) {
  RunTimes t = load.arrival == Arrival::closed ? closed_loop(s, load) : closed_form(s, load);
  t.prefill_s = traffic::prompt_seconds(s.steps, s.scheduling, batch_load(s, load), 1.0);
  return t;
}

}  // namespace dsplan::plan
