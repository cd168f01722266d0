#include "dsplan/traffic/batch_load.hpp"

#include <algorithm>
#include <cmath>

namespace dsplan::traffic {
namespace {

using estimate::Chunk;
using estimate::StepModel;

double new_tokens(const BatchLoad& load) {
  return std::max(1.0, load.input_tokens - std::floor(load.input_tokens * load.prefix_hit));
}

double budget_of(const Scheduling& s) { return static_cast<double>(s.step_tokens); }

double prompt_step_seconds(const StepModel& steps, const Chunk& chunk) {
  return estimate::mixed_step(steps, 0.0, 0.0, {&chunk, 1}).value;
}

/// One prompt longer than the budget, chunk by chunk, as if the stages waited for each other.
double chunks_seconds(const StepModel& steps, const BatchLoad& load, double budget) {
  double done = load.input_tokens - new_tokens(load);
  double sum = 0.0;
  while (done < load.input_tokens) {
    const double take = std::min(budget, load.input_tokens - done);
    sum += prompt_step_seconds(steps, {done, take});
    done += take;
  }
  return sum;
}

/// Chunks follow one another through pipeline stages.
double long_prompt_seconds(const StepModel& steps, const Scheduling& s, const BatchLoad& load) {
  const double chunks = std::ceil(new_tokens(load) / budget_of(s));
  const double side_by_side = chunks * steps.stages / (chunks + steps.stages - 1.0);
  return chunks_seconds(steps, load, budget_of(s)) / std::pow(side_by_side, s.stage_overlap);
}

double mean_context(const BatchLoad& load) {
  return load.input_tokens / load.beams + load.output_tokens / 2.0;
}

/// The smallest count that a Poisson count of this mean exceeds less often than 1 - share.
double poisson_quantile(double mean, double share) {
  constexpr double kManyEvents = 500.0;
  constexpr double kDeviations = 2.33;
  if (mean > kManyEvents) return std::ceil(mean + kDeviations * std::sqrt(mean));
  double count = 0.0;
  double probability = std::exp(-mean);
  double sum = probability;
  while (sum < share) {
    count += 1.0;
    probability *= mean / count;
    sum += probability;
  }
  return count;
}

}  // namespace

double prompts_of_step(const Scheduling& s, const BatchLoad& load) {
  return std::max(1.0, std::floor(budget_of(s) / new_tokens(load)));
}

double prompt_seconds(const StepModel& steps,
                      const Scheduling& scheduling,
                      const BatchLoad& load,
                      double prompts) {
  const double tokens = new_tokens(load);
  if (tokens > budget_of(scheduling)) return prompts * long_prompt_seconds(steps, scheduling, load);
  const double together = prompts_of_step(scheduling, load);
  const double done = load.input_tokens - tokens;
  const double full = std::floor(prompts / together);
  const double rest = prompts - full * together;
  return (full > 0.0 ? full * prompt_step_seconds(steps, {done, tokens, together}) : 0.0) +
         (rest >= 1.0 ? prompt_step_seconds(steps, {done, tokens, rest}) : 0.0);
}

double prompt_beside_decodes(const StepModel& steps, const Scheduling& s, const BatchLoad& load) {
  const double tokens = new_tokens(load);
  const double host = estimate::host_seconds(steps, 0.0, false);
  if (tokens > budget_of(s)) {
    return std::max(0.0, chunks_seconds(steps, load, budget_of(s)) - host) / steps.stages;
  }
  const double together = prompts_of_step(s, load) * steps.stages;
  const double step = prompt_step_seconds(steps, {load.input_tokens - tokens, tokens, together});
  return std::max(0.0, step - host) / together;
}

double mean_decode_seconds(const StepModel& steps, const BatchLoad& load, double sequences) {
  return estimate::decode_step(steps, sequences, sequences * mean_context(load)).value;
}

double running_limit(const Scheduling& s, const BatchLoad& load) {
  const double room = load.input_tokens + load.beams * load.output_tokens;
  const double held =
      std::max(static_cast<double>(s.least_seqs), std::floor(s.cache_tokens / room));
  return std::max(1.0, std::min(static_cast<double>(s.max_seqs) / load.beams, held));
}

BatchTimes batch_times(const StepModel& steps, const Scheduling& s, const BatchLoad& load) {
  const double limit = running_limit(s, load);
  const double waves = std::ceil(load.sequences / limit);
  BatchTimes t;
  t.running = load.sequences / waves;
  const double prompts = prompt_seconds(steps, s, load, std::ceil(t.running));
  t.ttft_s = waves * prompts;
  t.decode_step_s = mean_decode_seconds(steps, load, t.running);
  t.tpot_s = t.decode_step_s / s.tokens_per_step;
  t.tpot_p50_s = t.tpot_s;
  t.tpot_p99_s = t.tpot_s;
  t.e2e_s = waves * (prompts + std::max(0.0, load.output_tokens - 1.0) * t.tpot_s);
  t.output_tokens_per_s = load.sequences * load.output_tokens / t.e2e_s;
  return t;
}

BatchTimes offline_times(const StepModel& steps, const Scheduling& s, const BatchLoad& load) {
  BatchTimes t;
  t.running = std::max(1.0, std::min(load.sequences, running_limit(s, load)));
  t.decode_step_s = mean_decode_seconds(steps, load, t.running * load.beams);
  const double decode = t.decode_step_s / s.tokens_per_step;
  const double prompt = prompt_beside_decodes(steps, s, load);
  const double output = std::max(1.0, load.output_tokens);
  const double request_s = output * decode / t.running + prompt;
  t.ttft_s = prompt;
  t.tpot_s = decode + prompt * t.running / output;
  t.tpot_p50_s = t.tpot_s;
  t.tpot_p99_s = t.tpot_s;
  t.e2e_s = request_s * load.sequences;
  t.output_tokens_per_s = load.output_tokens / request_s;
  return t;
}

BatchTimes steady_times(const StepModel& steps, const Scheduling& s, const BatchLoad& load) {
  BatchTimes t;
  t.running = load.sequences;
  t.decode_step_s = mean_decode_seconds(steps, load, t.running);
  const double decode = t.decode_step_s / s.tokens_per_step;
  const double prompt = prompt_seconds(steps, s, load, 1.0);
  const double host = estimate::host_seconds(steps, 0.0, false);
  const double beside = std::max(0.0, prompt - host);
  const double starts = t.running / std::max(1.0, load.output_tokens);
  t.tpot_s = decode + starts * beside;
  // The middle gap holds a prompt where most steps have one.
  constexpr double kHalfOfSteps = 0.5;
  const double usual = std::exp(-starts) < kHalfOfSteps ? poisson_quantile(starts, 0.5) : 0.0;
  t.tpot_p50_s = decode + usual * beside;
  const double most = poisson_quantile(starts, 0.99);
  const double once = std::min(beside, steps.host.prompt_s);
  t.tpot_p99_s = decode + (most > 0.0 ? most * (beside - once) + once : 0.0);
  const double output_s = std::max(1.0, load.output_tokens) * decode;
  t.ttft_s = prompt * (1.0 + t.running * beside / (2.0 * output_s)) + decode / 2.0;
  t.e2e_s = t.ttft_s + std::max(0.0, load.output_tokens - 1.0) * t.tpot_s;
  t.output_tokens_per_s = t.running / t.tpot_s;
  return t;
}

}  // namespace dsplan::traffic
