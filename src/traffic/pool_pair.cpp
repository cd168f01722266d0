#include "dsplan/traffic/pool_pair.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace dsplan::traffic {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

double step_seconds(const PromptPool& p, double together) {
  return p.first_s + (together - 1.0) * p.more_s;
}

double output_of(const BatchLoad& load) { return std::max(1.0, load.output_tokens); }

/// Prompts line up, and leave by steps of `together`.
FirstToken at_steps_of(const PromptPool& p, double rate, double together, double others) {
  FirstToken t;
  t.together = together;
  t.prompt_s = step_seconds(p, together);
  // Those that fill a step come one after the other, which evens out what comes to a replica.
  t.queue = waiting({.servers = p.servers,
                     .service_s = p.busy_share * t.prompt_s,
                     .arrivals_per_s = rate / together,
                     .arrival_variation = 1.0 / together});
  t.queue.mean_s *= others;
  t.queue.chance *= others;
  const double filling = rate > 0.0 ? (together - 1.0) / (2.0 * rate) : 0.0;
  t.queue_s = t.queue.mean_s + others * filling;
  return t;
}

/// A pair at a number of sequences on each decoding replica.
struct State {
  DecodeGap gap;
  FirstToken first;
  double rate = 0.0;
  double clients = 0.0;  ///< that this takes
};

State state_at(const PoolPair& pair, double sequences, double others) {
  State s;
  // A replica that works has at least one sequence.
  s.gap = decode_gap(*pair.steps, pair.scheduling, pair.load, std::max(1.0, sequences));
  const double output = output_of(pair.load);
  s.rate = answer_rate(s.gap, sequences, pair.replicas, output, others);
  s.first = first_token(pair.prompts, pair.way, s.rate, s.gap.step_s, others);
  s.clients = s.rate * (total(s.first) + (output - 1.0) * s.gap.token_s);
  return s;
}

/// Sequences on each replica at which `enough` first holds; it holds at `most`.
template <typename Enough>
double bisected(double most, Enough enough) {
  double low = 0.0;
  double high = most;
  constexpr int kHalvings = 45;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2.0;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

/// Fixed parts, and the quantiles of the wait for a replica.
Percentiles ttft_of(const FirstToken& t) {
  const double fixed = total(t) - t.queue.mean_s;
  return {total(t),
          fixed + wait_quantile(t.queue, 0.5),
          fixed + wait_quantile(t.queue, 0.9),
          fixed + wait_quantile(t.queue, 0.99)};
}

/// Requests that do not decode are a Poisson count; when few of them wait, more decode.
Percentiles tpot_of(const PoolPair& pair, const State& s, double sequences) {
  const double elsewhere = s.rate * (total(s.first) - s.first.first_step_s);
  const auto at = [&](double deviations) {
    const double fewer = std::min(elsewhere, deviations * std::sqrt(elsewhere));
    const double most = running_limit(pair.scheduling, pair.load);
    const double n = std::clamp(sequences + fewer / pair.replicas, 1.0, most);
    return decode_gap(*pair.steps, pair.scheduling, pair.load, n).token_s;
  };
  constexpr double kOf90 = 1.282;  // deviations of a normal variable
  constexpr double kOf99 = 2.326;
  return {s.gap.token_s, s.gap.token_s, at(kOf90), at(kOf99)};
}

}  // namespace

PromptPool prompt_pool(const estimate::StepModel& steps,
                       const Scheduling& scheduling,
                       const BatchLoad& load,
                       double servers) {
  PromptPool p;
  p.servers = servers;
  constexpr double kEngines = 2.0;  // each reads the request
  p.front_end_s = kEngines * (scheduling.request_s + scheduling.prompt_token_s * load.input_tokens);
  p.first_s = prompt_seconds(steps, scheduling, load, 1.0);
  const double fit = prompts_of_step(scheduling, load);
  p.together = std::exp2(std::floor(std::log2(fit)));
  const double full_s = prompt_seconds(steps, scheduling, load, p.together);
  if (p.together > 1.0) p.more_s = std::max(0.0, (full_s - p.first_s) / (p.together - 1.0));
  const double every_s = p.together * prompt_beside_decodes(steps, scheduling, load) +
                         estimate::host_seconds(steps, 0.0, false);
  p.busy_share = std::min(1.0, every_s / full_s);
  return p;
}

double prompt_rate(const PromptPool& p) {
  return p.servers * p.together / (p.busy_share * step_seconds(p, p.together));
}

DecodeGap decode_gap(const estimate::StepModel& steps,
                     const Scheduling& scheduling,
                     const BatchLoad& load,
                     double sequences) {
  const double starts = sequences * scheduling.tokens_per_step / output_of(load);
  // Replicas that share experts step together: each step waits for the one that takes most.
  const double any = -std::expm1(-starts * steps.routed_per_token);
  const double taking_over = scheduling.request_s * std::max(starts, any);
  DecodeGap g;
  g.step_s = mean_decode_seconds(steps, load, sequences) + taking_over;
  g.token_s = g.step_s / scheduling.tokens_per_step;
  return g;
}

double total(const FirstToken& t) {
  return t.front_end_s + t.room_s + t.queue_s + t.prompt_s + t.transfer_s + t.first_step_s;
}

FirstToken first_token(
    const PromptPool& p, const HandOver& way, double rate, double step_s, double others) {
  FirstToken best = at_steps_of(p, rate, 1.0, others);
  // A replica that is behind takes more prompts a step: those that end soonest so.
  for (std::int64_t k = 2; static_cast<double>(k) <= p.together; k *= 2) {
    const FirstToken other = at_steps_of(p, rate, static_cast<double>(k), others);
    if (other.queue_s + other.prompt_s < best.queue_s + best.prompt_s) best = other;
  }
  best.front_end_s = p.front_end_s;
  const WaitingLine link{.servers = way.lanes, .service_s = way.seconds, .arrivals_per_s = rate};
  best.transfer_s = way.seconds + others * waiting(link).mean_s;
  best.first_step_s = first_steps(others) * step_s;
  return best;
}

double answer_rate(
    const DecodeGap& gap, double sequences, double replicas, double output, double others) {
  return replicas * sequences / (first_steps(others) * gap.step_s + (output - 1.0) * gap.token_s);
}

PairTimes pair_times(const PoolPair& pair, double clients) {
  const double most = std::min(clients / pair.replicas, running_limit(pair.scheduling, pair.load));
  const double others = (clients - 1.0) / clients;
  const double n = bisected(
      most, [&](double sequences) { return state_at(pair, sequences, others).clients >= clients; });
  State s = state_at(pair, n, others);
  s.first.room_s = std::max(0.0, (clients - s.clients) / s.rate);
  PairTimes t;
  t.first = s.first;
  t.ttft_s = ttft_of(s.first);
  t.tpot_s = tpot_of(pair, s, n);
  t.e2e_s = t.ttft_s.mean + (output_of(pair.load) - 1.0) * t.tpot_s.mean;
  t.requests_per_s = s.rate;
  t.running = n;
  t.decode_step_s = mean_decode_seconds(*pair.steps, pair.load, std::max(1.0, n));
  t.prompt_load = s.rate / prompt_rate(pair.prompts);
  t.way_s = pair.way.seconds;
  t.way_load = s.rate * t.way_s / pair.way.lanes;
  return t;
}

double most_clients(const PoolPair& pair, double sequences, double prompt_load) {
  const double way = pair.way.seconds > 0.0 ? pair.way.lanes / pair.way.seconds : kNever;
  const double most = std::min(prompt_load * prompt_rate(pair.prompts), kPromptLoad * way);
  double clients = sequences * pair.replicas;
  // A request meets fewer others where there are few clients.
  constexpr int kRounds = 4;
  for (int i = 0; i < kRounds; ++i) {
    const double others = std::max(0.0, clients - 1.0) / clients;
    double n = sequences;
    if (state_at(pair, n, others).rate > most)
      n = bisected(n, [&](double x) { return state_at(pair, x, others).rate >= most; });
    clients = std::max(1.0, state_at(pair, n, others).clients);
  }
  return std::floor(clients);
}

}  // namespace dsplan::traffic
