// What a recommendation says of two pools.
#pragma once

#include <string>
#include <vector>

#include "dsplan/plan/recommendation.hpp"
#include "dsplan/traffic/pool_pair.hpp"

namespace dsplan::plan {

/// `pool` is one of the two, `flags` those of `latency` for it alone.
[[nodiscard]] RecommendedPool recommended_pool(const Deployment& pool, std::string flags);

[[nodiscard]] std::vector<std::string> pool_reasons(const Deployment& deployment,
                                                    const traffic::PairTimes& times);

}  // namespace dsplan::plan
