// What keeps a plan of training from its limits, and what it is ranked by [TS-RANK, TS-LIMIT].
#pragma once

#include <string>
#include <vector>

#include "dsplan/plan/training_recommendation.hpp"

#include "search_texts.hpp"

namespace dsplan::plan {

/// A limit that a plan breaks, and the flag under which it would not.
struct MissedLimit {
  const char* name;
  double needed;
  double limit;
  std::string flag;  ///< empty: the amount is not known
};

[[nodiscard]] std::vector<MissedLimit> broken_limits(const TrainingLimits& limits,
                                                     const TrainingPlan& plan);

/// How far the limits are missed: 1 and up; unknown amounts are furthest.
[[nodiscard]] double excess(const std::vector<MissedLimit>& broken);

/// Dollars a million tokens trained; kUnknownPrice where nobody rents the devices out.
[[nodiscard]] double per_token(const TrainingPlan& plan);

/// Less is better.
[[nodiscard]] double key_of(Objective objective, const TrainingPlan& plan);

/// What the plan is ranked by, in words.
[[nodiscard]] std::string rank_reason(Objective objective, const TrainingPlan& plan);

}  // namespace dsplan::plan
