// The inputs that say what is trained, as a request of the planner.
#pragma once

#include <optional>

#include "dsplan/plan/training_deployment.hpp"

#include "command.hpp"
#include "inputs.hpp"
#include "model_source.hpp"

namespace dsplan::cli {

/// The kind of training that --workload, or else `usual`, asks for; nothing for inference. Throws a
/// usage error for a flag that the workload has no use for; of --method only where there is a rule.
[[nodiscard]] std::optional<workload::Method> training_method(const Inputs& inputs,
                                                              std::string_view usual = "inference",
                                                              bool has_rule = false);

[[nodiscard]] plan::TrainingRequest training_request(const Inputs& inputs,
                                                     const plan::ModelChoice& model,
                                                     workload::Method method);

/// The run that the inputs ask for; what they and the planner said of it goes into the answer.
[[nodiscard]] plan::TrainingDeployment trained(report::Answer& answer,
                                               const CommandContext& context,
                                               const ModelSource& source,
                                               workload::Method method);

}  // namespace dsplan::cli
