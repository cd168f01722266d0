// A point of the search recomputed as `latency`, `memory` and `cost` would, and held against the
// limits: the screen ranks, this decides.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dsplan/plan/search.hpp"

#include "latency_figures.hpp"

namespace dsplan::plan {

/// A point recomputed.
struct Checked {
  SearchPoint point;  ///< with the recomputed figures
  Deployment deployment;
  LatencyFigures figures;
  std::string binding;  ///< the limit that is used most
  double use = 0.0;     ///< of it
};

/// A point recomputed, and the limits that do not hold. What does not fit in memory is not timed:
/// its times would be those of a cache that it does not have.
struct Judged {
  Checked checked;
  std::vector<BrokenLimit> broken;

  /// Notes the limit if it is used most so far, and that it is broken if it is.
  void hold(Constraint constraint, double share, double needed, double limit);
  [[nodiscard]] bool breaks(Constraint constraint) const;
};

/// The figure that a limit on ttft, tpot or latency speaks of.
[[nodiscard]] double limited_time(Constraint constraint, const RunTimes& times, Statistic at);

/// The arguments must outlive it.
class PointChecker {
 public:
  PointChecker(const catalog::Catalog& catalog,
               const SearchRequest& request,
               const std::vector<SearchFamily>& families)
      : c_(catalog), r_(request), families_(families) {}

  /// The request of a point's deployment, both pools of it where there are two.
  [[nodiscard]] DeploymentRequest request_of(const SearchPoint& point) const;

  [[nodiscard]] Judged judge(const SearchPoint& point) const;

  /// [H-POWER] At the wall, of the machines of both pools where there are two.
  [[nodiscard]] static std::optional<double> power(const Checked& checked);

 private:
  void hold_demands(Judged& judged) const;
  void fill_pools(Checked& checked) const;
  void hold_memory(Judged& judged, const Deployment& d) const;
  void hold_times(Judged& judged, const RunTimes& times) const;
  void hold_money(Judged& judged) const;
  void take_figures(Checked& checked) const;

  const catalog::Catalog& c_;
  const SearchRequest& r_;
  const std::vector<SearchFamily>& families_;
};

}  // namespace dsplan::plan
