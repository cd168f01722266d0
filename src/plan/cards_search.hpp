// The search behind `cards` on one kind of device: each number of GPUs in turn, each layout of it.
#pragma once

#include <optional>

#include "dsplan/plan/cards_answer.hpp"
#include "dsplan/solve/cards.hpp"

#include "latency_figures.hpp"

namespace dsplan::plan {

/// One layout at one load, timed.
struct TimedCards {
  Deployment deployment;
  LatencyFigures figures;
};

class CardsSearch {
 public:
  /// The deployment names a device; all must outlive the search.
  CardsSearch(const catalog::Catalog& catalog, const Deployment& d, const CardsRequest& request);

  [[nodiscard]] std::optional<solve::Cards> for_memory() const;

  /// The fewest from `first` on whose times hold the limits, in the layout with the shortest.
  [[nodiscard]] std::optional<TimedCards> for_latency(std::int64_t first) const;

  /// The fewest that give the throughput within the limits of time.
  [[nodiscard]] std::optional<TimedCards> for_throughput(std::int64_t first) const;

  /// What comes nearest to the limits of time over all counts tried.
  [[nodiscard]] std::optional<TimedCards> nearest_latency(std::int64_t first) const;

  /// The best throughput within the limits, with the sequences given; nothing where none holds.
  [[nodiscard]] std::optional<TimedCards> best_throughput(std::int64_t first) const;

  /// Most sequences that the layout runs at a time within the limits; 0 if not even one.
  [[nodiscard]] std::int64_t most_concurrency(const workload::Layout& layout) const;

  [[nodiscard]] bool can_time() const;
  [[nodiscard]] TimedCards timed(const workload::Layout& layout, std::int64_t batch) const;
  [[nodiscard]] bool within(const LatencyFigures& figures) const;
  [[nodiscard]] const solve::LayoutSpace& space() const { return space_; }
  [[nodiscard]] std::int64_t most_gpus() const;

 private:
  [[nodiscard]] bool fits(const workload::Layout& layout, std::int64_t batch) const;
  /// How far the times are from the limits: 1 at the nearer of them, less within.
  [[nodiscard]] double strain(const LatencyFigures& figures) const;
  /// [N-BOUND] No load of this layout has less strain.
  [[nodiscard]] double least_strain(const workload::Layout& layout) const;
  /// [N-BOUND] No load of `batch` sequences gives more output tokens a second.
  [[nodiscard]] double most_rate(const workload::Layout& layout, std::int64_t batch) const;
  [[nodiscard]] std::optional<TimedCards> quickest_on(std::int64_t gpus) const;
  [[nodiscard]] std::optional<TimedCards> with_batch(std::int64_t gpus, double least_rate) const;
  [[nodiscard]] std::optional<TimedCards> with_copies() const;
  [[nodiscard]] std::optional<TimedCards> copies_of(const workload::Layout& replica,
                                                    std::int64_t most) const;

  const catalog::Catalog& catalog_;
  const Deployment& base_;
  const CardsRequest& request_;
  solve::LayoutSpace space_;
};

}  // namespace dsplan::plan
