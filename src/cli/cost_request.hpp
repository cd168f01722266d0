// What a user says of prices, as a request of the planner.
#pragma once

#include "dsplan/plan/cost_answer.hpp"

#include "inputs.hpp"

namespace dsplan::cli {

[[nodiscard]] plan::CostRequest cost_request(const Inputs& inputs);

}  // namespace dsplan::cli
