// `--explain` of a deployment that a command found rather than took.
#pragma once

#include "dsplan/plan/cost_answer.hpp"
#include "dsplan/plan/deployment.hpp"

#include "command.hpp"

namespace dsplan::cli {

/// Adds to the explanation of `answer` how the memory and the times of the deployment are reckoned;
/// nothing of the times where the device has no rates.
void explain_deployment(report::Answer& answer,
                        const catalog::Catalog& catalog,
                        const plan::Deployment& deployment);

/// The same of its prices.
void explain_cost(report::Answer& answer,
                  const catalog::Catalog& catalog,
                  const plan::Deployment& deployment,
                  const plan::CostRequest& request);

}  // namespace dsplan::cli
