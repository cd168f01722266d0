// One attention replica under load, by closed forms [P-COPY].
#pragma once

#include "dsplan/traffic/batch_load.hpp"

namespace dsplan::plan {

struct CopyTimes {
  double ttft_s = 0.0;
  double tpot_s = 0.0;
  double e2e_s = 0.0;
  double output_tokens_per_s = 0.0;  ///< of the replica
};

/// What does not depend on the number of requests, at one chunk size.
struct CopyModel {
  const estimate::StepModel* steps = nullptr;
  traffic::Scheduling scheduling;
  traffic::BatchLoad load;
  double prompt_s = 0.0;  ///< one prompt on an idle engine
  double beside_s = 0.0;  ///< what it adds to the decodes beside it
};

[[nodiscard]] CopyModel copy_model(const estimate::StepModel& steps,
                                   const traffic::Scheduling& scheduling,
                                   const traffic::BatchLoad& load);

/// [P-COPY] `sequences` of at least 1 at a time. All but the rate over `sequences` grow with them.
[[nodiscard]] CopyTimes copy_times(const CopyModel& copy, double sequences);

/// Decoding alone.
[[nodiscard]] CopyTimes decode_times(const CopyModel& copy, double sequences);

}  // namespace dsplan::plan
