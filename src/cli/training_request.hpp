// The inputs that say what is trained, as a request of the planner.
#pragma once

#include <optional>

#include "dsplan/plan/training_deployment.hpp"

#include "inputs.hpp"

namespace dsplan::cli {

/// The kind of training that --workload asks for; nothing for inference. Throws a usage error for a
/// flag that the workload has no use for.
[[nodiscard]] std::optional<workload::Method> training_method(const Inputs& inputs);

[[nodiscard]] plan::TrainingRequest training_request(const Inputs& inputs,
                                                     const plan::ModelChoice& model,
                                                     workload::Method method);

}  // namespace dsplan::cli
