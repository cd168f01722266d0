// A deployment or run and its times, for commands that judge them further.
#pragma once

#include "dsplan/plan/deployment.hpp"
#include "dsplan/plan/latency_answer.hpp"
#include "dsplan/plan/training_deployment.hpp"
#include "dsplan/plan/training_speed.hpp"

#include "command.hpp"

namespace dsplan::cli {

/// `answer` holds the inputs, assumptions, warnings and sources so far.
struct TimedDeployment {
  report::Answer answer;
  plan::Deployment deployment;
  plan::LatencyAnswer latency;
};
/// With `curve`, what `--curve` asks for as well.
[[nodiscard]] TimedDeployment timed_deployment(const CommandContext& context, bool curve = false);

struct TimedTraining {
  report::Answer answer;
  plan::TrainingDeployment deployment;
  plan::TrainingSpeedAnswer speed;
};
[[nodiscard]] TimedTraining timed_training(const CommandContext& context, workload::Method method);

/// Devices for which no model was named.
struct BareDevices {
  report::Answer answer;
  const catalog::Gpu* gpu = nullptr;
  std::int64_t gpus = 1;
  std::int64_t node_gpus = 1;
  std::string subject;
};
/// Nothing where a model is named. Throws a usage error where no device is either, or options of a
/// model are given without one.
[[nodiscard]] std::optional<BareDevices> bare_devices(const CommandContext& context);

/// Adds what a further step of the plan filled in, assumed and warned of.
void add_notes(report::Answer& answer, const Notes& notes);

}  // namespace dsplan::cli
