// The inputs that say what is deployed, as a request of the planner.
#pragma once

#include "dsplan/plan/deployment.hpp"
#include "dsplan/plan/latency_answer.hpp"
#include "dsplan/plan/training_deployment.hpp"

#include "command.hpp"
#include "model_source.hpp"

namespace dsplan::cli {

/// The model named by --model or sized by --params. Throws a usage error when neither or both are
/// given.
[[nodiscard]] ModelSource model_of(const CommandContext& context);

/// Devices and layout, which every kind of request has.
void add_hardware(plan::HardwareRequest& request, const Inputs& inputs);

[[nodiscard]] plan::DeploymentRequest deployment_request(const Inputs& inputs,
                                                         const plan::ModelChoice& model);

/// The inputs given, without those that only shape the output.
[[nodiscard]] std::vector<UsedInput> used_inputs(const Inputs& inputs);

/// Adds what the planner filled in, assumed and warned of.
void add_notes(report::Answer& answer, const Notes& notes, const ModelSource& source);

/// Names the catalog entries that the answer rests on, for --explain.
void add_sources(report::Answer& answer,
                 const CommandContext& context,
                 const plan::Deployment& deployment,
                 const ModelSource& source);
void add_sources(report::Answer& answer,
                 const CommandContext& context,
                 const plan::Deployment& deployment,
                 const ModelSource& source,
                 const plan::LatencyAnswer& latency);
void add_sources(report::Answer& answer,
                 const CommandContext& context,
                 const plan::TrainingDeployment& deployment,
                 const ModelSource& source);

/// The parameters of --params or of the model, for the guides' rule.
[[nodiscard]] double rule_parameters(const ModelSource& source);

/// Is --method rule asked for?
[[nodiscard]] bool by_rule(const Inputs& inputs);

/// Says in the answer what the rule leaves out.
void add_left_out(report::Answer& answer, std::span<const std::string_view> left_out);

}  // namespace dsplan::cli
