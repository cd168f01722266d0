// All loads and chunks of one layout: which hold the limits, and which of them is best [P-BOUND].
#pragma once

#include "search_copy.hpp"
#include "search_rank.hpp"
#include "search_space.hpp"

namespace dsplan::plan {

struct LayoutResult {
  std::vector<SearchPoint> points;  ///< the best; of a frontier all that no other of them beats
  std::vector<SearchMiss> misses;
  std::int64_t evaluated = 0;
  std::int64_t valid = 0;
};

[[nodiscard]] LayoutResult search_layout(const SearchRequest& request,
                                         const SearchFamily& family,
                                         const FamilySpace& space,
                                         const workload::Layout& layout);

}  // namespace dsplan::plan
