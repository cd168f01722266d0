// A checked point as people and programs read it: memory, performance, cost, and why it stands
// where it does.
#pragma once

#include "dsplan/plan/recommendation.hpp"

#include "checked_point.hpp"

namespace dsplan::plan {

/// But for its rank and reasons.
[[nodiscard]] Recommended recommended(const catalog::Catalog& catalog,
                                      const RecommendRequest& request,
                                      const PointChecker& checker,
                                      const Checked& checked);

/// Is what deployments are ranked by within the band that the first one's has?
[[nodiscard]] bool tied(const SearchRequest& request, const Checked& first, const Checked& other);

[[nodiscard]] std::vector<std::string> reasons(const SearchRequest& request,
                                               const Checked& checked,
                                               const Recommended& deployment);

}  // namespace dsplan::plan
