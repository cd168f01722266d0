// What the points of a search are ranked by.
#pragma once

#include "dsplan/plan/search.hpp"

namespace dsplan::plan {

/// What deployments are ranked by: dollars, seconds, or joules an output token at the wall; GPUs
/// where no price is known, which then come after all that have one. Joules are at least, by the
/// devices alone, of a point whose power has not been reckoned.
[[nodiscard]] double search_key(const SearchRequest& request,
                                const SearchFamily& family,
                                const SearchPoint& point);

/// Less in key, then fewer GPUs, then faster.
[[nodiscard]] bool better(const SearchPoint& a, const SearchPoint& b);

/// Is `a` no worse than `b` in time and in output per GPU or dollar, and better in one of them?
[[nodiscard]] bool dominates(const SearchPoint& a, const SearchPoint& b);

/// Leaves out points that another one dominates.
void keep_frontier(std::vector<SearchPoint>& points);

/// [X-OWN] Of the devices with their servers; nothing where the price is not known.
[[nodiscard]] std::optional<double> purchase_of(const SearchFamily& family, std::int64_t gpus);

/// [H-POWER] At least: what the devices and their fans draw from the wall.
[[nodiscard]] std::optional<double> least_power(const SearchFamily& family, std::int64_t gpus);

/// [H-POWER] Of the machines of a family's deployment; nothing where the device's is not known.
[[nodiscard]] std::optional<double> wall_power(const SearchFamily& family,
                                               const workload::Inference& w);

}  // namespace dsplan::plan
