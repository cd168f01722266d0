// Prompts and decoding on GPUs of their own [P-POOLS].
#pragma once

#include "search_layout.hpp"

namespace dsplan::plan {

/// A gain smaller than any band is no reason for more machines.
inline constexpr double kNearlyAsGood = 1.05;

/// [X-INSTANCES] Of both pools: on one machine where one holds them.
[[nodiscard]] std::optional<double> pools_rent(const FamilySpace& space,
                                               const SearchFamily& family,
                                               const workload::Layout& prompts,
                                               const workload::Layout& decodes);

/// The best pair of pools of a family where the load is free; none where the engine cannot hand a
/// cache over. Pairs whose key must exceed `worst` are left out.
[[nodiscard]] LayoutResult search_pools(const SearchRequest& request,
                                        const SearchFamily& family,
                                        const FamilySpace& space,
                                        double worst);

}  // namespace dsplan::plan
