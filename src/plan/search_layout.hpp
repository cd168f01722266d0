// All loads and chunks of one layout: which hold the limits, and which of them is best [P-BOUND].
#pragma once

#include "search_copy.hpp"
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

/// What deployments are ranked by: dollars, seconds, or joules; GPUs where no price is known, which
/// then come after all that have one.
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

}  // namespace dsplan::plan
