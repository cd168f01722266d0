// Prompts and decoding on devices of their own, as one closed system.
//
//   [P-POOLS] N clients, each of whom asks again when it has its answer. At a rate X of requests
//             the pool of prompts is a line of servers [Q-WAIT], the link between the pools another
//             one, and decoding takes what a step of the sequences there takes. N = X x time of a
//             request ties the two ends (Little's law), and is solved for X.
//
// Not modelled: prefixes that the decode pool holds already, layers that are sent while later ones
// are computed, replicas that get more than their share.
// Source: the queueing of Q-WAIT; what engines do at the hand-over: docs/formulas.md.
#pragma once

#include "dsplan/traffic/batch_load.hpp"
#include "dsplan/traffic/waiting.hpp"

namespace dsplan::traffic {

/// Of its rate that a pool of prompts is held at by a plan: beyond it the line grows fast.
inline constexpr double kPromptLoad = 0.8;

/// The pool that runs prompts. A step of k prompts takes first_s + (k - 1) x more_s.
struct PromptPool {
  double first_s = 0.0;   ///< one prompt on an idle replica
  double more_s = 0.0;    ///< each further one in the same step
  double together = 1.0;  ///< that a step may hold: a power of two
  double busy_share =
      1.0;               ///< of a step's time until the next may start: pipelines take them sooner
  double servers = 1.0;  ///< attention replicas
  double front_end_s = 0.0;
};

/// [Q-PROMPT] `steps` and `load` of one attention replica of `servers`.
[[nodiscard]] PromptPool prompt_pool(const estimate::StepModel& steps,
                                     const Scheduling& scheduling,
                                     const BatchLoad& load,
                                     double servers);

/// Prompts a second that the pool can run, at steps as full as they may be.
[[nodiscard]] double prompt_rate(const PromptPool& pool);

/// The caches' way from one pool to the other.
struct HandOver {
  double seconds = 0.0;  ///< of one prompt's cache, alone on its lane
  double lanes = 1.0;    ///< pairs of copies that send at a time
};

/// A decoding replica at a number of sequences.
struct DecodeGap {
  double step_s = 0.0;   ///< with its share of the taking over of requests
  double token_s = 0.0;  ///< step over the tokens that a sequence gains
};

/// [P-POOLS] A request that is taken over holds its step up for the front end's time of a request.
[[nodiscard]] DecodeGap decode_gap(const estimate::StepModel& steps,
                                   const Scheduling& scheduling,
                                   const BatchLoad& load,
                                   double sequences);

/// Decode steps until the first token: what is left of the one that runs, and the request's own.
[[nodiscard]] constexpr double first_steps(double others = 1.0) { return 1.0 + others / 2.0; }

/// The time of a request until its first token; the parts add up.
struct FirstToken {
  double front_end_s = 0.0;  ///< of both engines
  double room_s = 0.0;       ///< mean: until the decode pool can hold it
  double queue_s = 0.0;      ///< mean: for prompts to share a step with, and for a replica
  double prompt_s = 0.0;
  double transfer_s = 0.0;    ///< mean, with the wait for the link
  double first_step_s = 0.0;  ///< rest of the step that runs, and the request's own
  double together = 1.0;      ///< prompts that share a step
  Waiting queue;              ///< for a replica alone
};
[[nodiscard]] double total(const FirstToken& t);

/// At a rate of requests, beside decoding replicas whose steps take `step_s`. `others`: share of
/// the waiting that a request meets: of N clients the N - 1 that are not its own, (N - 1) / N; 1
/// where N is large.
[[nodiscard]] FirstToken first_token(const PromptPool& prompts,
                                     const HandOver& way,
                                     double requests_per_s,
                                     double step_s,
                                     double others = 1.0);

/// Requests a second that `sequences` on each of so many decoding replicas end at.
[[nodiscard]] double answer_rate(const DecodeGap& gap,
                                 double sequences,
                                 double replicas,
                                 double output_tokens,
                                 double others = 1.0);

struct PoolPair {
  PromptPool prompts;
  HandOver way;
  const estimate::StepModel* steps = nullptr;  ///< of a decoding replica
  Scheduling scheduling;
  BatchLoad load;
  double replicas = 1.0;  ///< decoding
};

struct PairTimes {
  FirstToken first;
  Percentiles ttft_s;
  Percentiles tpot_s;
  double e2e_s = 0.0;
  double requests_per_s = 0.0;
  double running = 0.0;        ///< that decode on one replica, mean
  double decode_step_s = 0.0;  ///< one step of them, nothing taken over
  double prompt_load = 0.0;    ///< share of the prompts' rate that is used
  double way_load = 0.0;       ///< share of the link's rate
  double way_s = 0.0;          ///< one prompt's cache, alone on its lane
};

/// [P-POOLS] With so many clients.
[[nodiscard]] PairTimes pair_times(const PoolPair& pair, double clients);

/// The most clients at whom prompts stay at a share of their rate, the link at 80 % of its, and a
/// replica decodes no more than `sequences`; at least 1.
[[nodiscard]] double most_clients(const PoolPair& pair,
                                  double sequences,
                                  double prompt_load = kPromptLoad);

}  // namespace dsplan::traffic
