// What an answer says of two pools, beside the figures that every deployment has.
#pragma once

#include "dsplan/plan/latency_answer.hpp"
#include "dsplan/traffic/pool_pair.hpp"

namespace dsplan::plan {

/// Pools, the parts of the first token, and warnings.
void add_pools(LatencyAnswer& answer,
               const Deployment& deployment,
               const traffic::PairTimes& times);

}  // namespace dsplan::plan
