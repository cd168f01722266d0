// The inputs of `recommend` and what its scenario adds, as a question for the planner.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dsplan/plan/recommendation.hpp"

#include "command.hpp"

namespace dsplan::cli {

struct RecommendQuestion {
  plan::RecommendRequest request;
  const catalog::Scenario* entry = nullptr;  ///< never null: `general` without --scenario
  std::optional<std::string> scenario;       ///< the one named
  std::vector<plan::HeldLimit> limits;
  std::vector<Assumption> assumptions;
  bool names_model = true;  ///< else the models of each device are asked for
  std::string subject;
};

/// Throws usage errors: unknown names, values that cannot be read, no model.
[[nodiscard]] RecommendQuestion recommend_question(const CommandContext& context);

/// Of --vendor; throws a usage error for one that makes no device of the catalog.
[[nodiscard]] std::vector<std::string> asked_vendors(const CommandContext& context);

/// What --max-power says; nothing where it is not there. Throws a usage error.
[[nodiscard]] std::optional<double> max_power_w(const Inputs& inputs);

/// The scenario named, or `general`.
[[nodiscard]] const catalog::Scenario& scenario_of(const CommandContext& context);

}  // namespace dsplan::cli
