// Clients that each wait for an answer before they ask again, simulated step by step.
//
//   [Q-LOOP] every engine step is one event: arrivals are admitted while the cache has room,
//   prompts
//            take the step's token budget in order, each running sequence gains a token; runs of
//            steps without prompts are jumped over, since their time is linear in the step
//
// Source: the schedulers of vLLM, TensorRT-LLM and SGLang; docs/formulas.md.
#pragma once

#include <cstdint>
#include <vector>

#include "dsplan/estimate/step_time.hpp"

namespace dsplan::traffic {

/// What the clients do.
struct ClosedLoop {
  std::int64_t clients = 1;
  std::int64_t requests_per_client = 10;
  std::int64_t input_tokens = 1;   ///< of the longest request
  std::int64_t output_tokens = 1;  ///< of the longest request, at least 1
  double shortest_share = 1.0;     ///< lengths are uniform from this share of the longest
  /// All clients ask at once and every request counts. Otherwise the first request of each client
  /// is cut so that they end spread over one answer, and does not count.
  bool starts_together = true;
  double prefix_hit = 0.0;  ///< share of each prompt whose keys and values are there already
  std::uint64_t seed = 1;
};

/// What the engine allows, on one attention replica.
struct Scheduling {
  double cache_tokens = 0.0;
  std::int64_t step_tokens = 8192;  ///< of one step
  std::int64_t max_seqs = 1024;
  std::int64_t least_seqs = 1;       ///< run whatever the cache
  bool prompts_first = false;        ///< steps hold prompts or decodes, not both
  bool reserves_output = false;      ///< a request is admitted with room for all its output
  std::int64_t poll_interval = 1;    ///< decode steps between two looks at new requests
  std::int64_t stream_interval = 1;  ///< steps between two chunks that a client sees
  double request_s = 0.0;            ///< front end, one request after the other
  double prompt_token_s = 0.0;       ///< front end, requests beside one another
  double tokens_per_step = 1.0;      ///< that each running sequence gains
  double stage_overlap = 1.0;        ///< exponent on how much pipeline stages speed up a prompt
};

/// Times of the requests in seconds.
struct Percentiles {
  double mean = 0.0;
  double p50 = 0.0;
  double p90 = 0.0;
  double p99 = 0.0;
};

struct LoopTimes {
  Percentiles ttft_s;
  Percentiles tpot_s;
  Percentiles e2e_s;
  double output_tokens_per_s = 0.0;  ///< of the replica, from the first request to the last answer
  double requests_per_s = 0.0;
  double mean_running = 0.0;  ///< sequences that decode, over time
};

/// [Q-LOOP] `steps` should be tabulated. Deterministic for a seed.
[[nodiscard]] LoopTimes simulate(const estimate::StepModel& steps,
                                 const ClosedLoop& clients,
                                 const Scheduling& scheduling);

}  // namespace dsplan::traffic
