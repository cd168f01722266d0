// How long a load takes on a deployment, by the way its requests arrive.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dsplan/plan/serving.hpp"

namespace dsplan::plan {

/// single: one stream; batch: one batch at once, its prompts included; offline: everything queued
/// at the start, the engine takes what it can hold; steady: a mean number decodes; closed: each
/// client asks again when it has its answer.
enum class Arrival { single, batch, offline, steady, closed };

[[nodiscard]] std::string_view name_of(Arrival arrival);

/// Requests over the whole system.
struct RunLoad {
  Arrival arrival = Arrival::single;
  std::optional<double> concurrency;  ///< absent: as many as the engine holds
  double input_tokens = 1.0;
  double output_tokens = 0.0;
  double prefix_hit = 0.0;
  double beams = 1.0;
  // Of closed loops.
  std::int64_t requests_per_client = 10;
  double shortest_share = 1.0;
  bool starts_together = true;
};

/// Seconds of a request, tokens of the whole system.
struct RunTimes {
  traffic::Percentiles ttft_s;
  traffic::Percentiles tpot_s;
  double prefill_s = 0.0;      ///< one prompt on an idle engine
  traffic::Percentiles e2e_s;  ///< of a batch, until its last token
  double output_tokens_per_s = 0.0;
  double decode_tokens_per_s = 0.0;  ///< while nothing but decoding runs; of closed forms
  double requests_per_s = 0.0;
  double running = 0.0;  ///< sequences that decode at a time, on one attention replica
};

/// [Q-LOOP, Q-BATCH, Q-OFFLINE, Q-STEADY] by the arrival.
[[nodiscard]] RunTimes run_times(const Serving& serving, const RunLoad& load);

}  // namespace dsplan::plan
