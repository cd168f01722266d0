// The nearest deployments that break one limit, and the change that would admit each.
#pragma once

#include "dsplan/plan/recommendation.hpp"

namespace dsplan::plan {

/// Of what the search hands on, recomputed; `best` is the answer, if there is one. Those that would
/// then be better than it come first, of each kind of device and limit the nearest. Without an
/// answer and any that breaks one limit alone: those that break several, with all changes.
[[nodiscard]] std::vector<RejectedDeployment> near_misses(const catalog::Catalog& catalog,
                                                          const SearchRequest& request,
                                                          const SearchResult& found,
                                                          const std::optional<SearchPoint>& best);

}  // namespace dsplan::plan
