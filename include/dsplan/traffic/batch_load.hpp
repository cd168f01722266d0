// Loads whose steps are all alike, in closed form: one stream, one batch, everything at once, a
// steady mean.
//
//   [Q-PROMPT]  a prompt runs in chunks of the step's token budget; prompts that fit share a step
//   [Q-BATCH]   waves of n sequences: their prompts, then output - 1 decode steps at the mean
//   context [Q-OFFLINE] a queue that never empties: n sequences run, each output token costs its
//   share of a
//               decode step and each request its prompt
//   [Q-STEADY]  n sequences in the mean: n / output requests end and start in every step, as many
//               as a Poisson count says
//
// Source: the schedulers of the engines; docs/formulas.md.
#pragma once

#include "dsplan/estimate/step_time.hpp"
#include "dsplan/traffic/closed_loop.hpp"

namespace dsplan::traffic {

/// Requests of one length, on one attention replica.
struct BatchLoad {
  double sequences = 1.0;  ///< that want to run
  double input_tokens = 1.0;
  double output_tokens = 0.0;
  double prefix_hit = 0.0;  ///< share of each prompt whose keys and values are there already
  double beams = 1.0;       ///< answers searched for each request, over one cache of its prompt
};

struct BatchTimes {
  double ttft_s = 0.0;      ///< mean over the sequences
  double tpot_s = 0.0;      ///< mean
  double tpot_p50_s = 0.0;  ///< of single gaps between tokens
  double tpot_p99_s = 0.0;
  double e2e_s = 0.0;  ///< from the start to the last token
  double output_tokens_per_s = 0.0;
  double running = 0.0;        ///< sequences that decode together
  double decode_step_s = 0.0;  ///< one step of them without prompts
};

/// [Q-PROMPT] `prompts` prompts on an idle engine, one after the other.
[[nodiscard]] double prompt_seconds(const estimate::StepModel& steps,
                                    const Scheduling& scheduling,
                                    const BatchLoad& load,
                                    double prompts);

/// Prompts that fit a step, at least one.
[[nodiscard]] double prompts_of_step(const Scheduling& scheduling, const BatchLoad& load);

/// What one prompt adds to the decodes beside it: its share of a step that every stage is busy in,
/// less the host time of the step, which decodes have anyway.
[[nodiscard]] double prompt_beside_decodes(const estimate::StepModel& steps,
                                           const Scheduling& scheduling,
                                           const BatchLoad& load);

/// One decode step of `sequences` at the mean context of the load's answers.
[[nodiscard]] double mean_decode_seconds(const estimate::StepModel& steps,
                                         const BatchLoad& load,
                                         double sequences);

/// Sequences that the cache and the engine's limit let run together, at least 1.
[[nodiscard]] double running_limit(const Scheduling& scheduling, const BatchLoad& load);

/// [Q-BATCH]
[[nodiscard]] BatchTimes batch_times(const estimate::StepModel& steps,
                                     const Scheduling& scheduling,
                                     const BatchLoad& load);

/// [Q-OFFLINE] `sequences` bounds what runs together.
[[nodiscard]] BatchTimes offline_times(const estimate::StepModel& steps,
                                       const Scheduling& scheduling,
                                       const BatchLoad& load);

/// [Q-STEADY] `sequences` is the mean number that decode.
[[nodiscard]] BatchTimes steady_times(const estimate::StepModel& steps,
                                      const Scheduling& scheduling,
                                      const BatchLoad& load);

}  // namespace dsplan::traffic
