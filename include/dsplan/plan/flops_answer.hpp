// The answer to "how much work and traffic is one step?".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/format.hpp"
#include "dsplan/plan/deployment.hpp"

namespace dsplan::plan {

struct FlopsTerm {
  std::string term;
  Flops work;
  std::string formula;
  std::string reckoning;
};

struct FlopsAnswer {
  Flops prefill;                               ///< all prompts of the batch
  Flops decode_per_token;                      ///< one generated token at the end of the context
  std::optional<Flops> training_per_step;      ///< training workloads only
  Bytes weight_read;                           ///< of one decode step
  std::optional<double> arithmetic_intensity;  ///< FLOPs over bytes read of one decode step
  std::int64_t parameters = 0;
  std::int64_t active_parameters = 0;
  std::vector<FlopsTerm> breakdown;  ///< terms of prefill; they add up to it
};

[[nodiscard]] FlopsAnswer flops_answer(const Deployment& deployment);

/// By the guides' rule [G-FLOPS].
[[nodiscard]] FlopsAnswer rule_flops_answer(double parameters,
                                            const catalog::Format& format,
                                            std::int64_t tokens,
                                            std::int64_t batch);

}  // namespace dsplan::plan
