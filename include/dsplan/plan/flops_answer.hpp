// The answer to "how much work and traffic is one step?".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/format.hpp"
#include "dsplan/plan/deployment.hpp"
#include "dsplan/plan/training_deployment.hpp"

namespace dsplan::plan {

struct FlopsTerm {
  std::string term;
  Flops work;
  std::string formula;
  std::string reckoning;
};

/// What a workload does not do is absent.
struct FlopsAnswer {
  std::optional<Flops> prefill;                ///< all prompts of the batch
  std::optional<Flops> decode_per_token;       ///< one generated token at the end of the context
  std::optional<Flops> training_per_step;      ///< all sequences of a step, forward and backward
  std::optional<Bytes> weight_read;            ///< of one decode step
  std::optional<double> arithmetic_intensity;  ///< FLOPs over bytes read of one decode step
  std::int64_t parameters = 0;
  std::int64_t active_parameters = 0;
  std::vector<FlopsTerm> breakdown;  ///< terms of the prefill or of the training step
};

[[nodiscard]] FlopsAnswer flops_answer(const Deployment& deployment);

/// [F-TRAINING] Model FLOPs of one step: what is computed again does not count.
[[nodiscard]] FlopsAnswer training_flops_answer(const TrainingDeployment& deployment);

/// By the guides' rule [G-FLOPS].
[[nodiscard]] FlopsAnswer rule_flops_answer(double parameters,
                                            const catalog::Format& format,
                                            std::int64_t tokens,
                                            std::int64_t batch);

}  // namespace dsplan::plan
