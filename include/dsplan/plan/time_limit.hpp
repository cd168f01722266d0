// A limit on a time, and which of the requests it speaks of.
#pragma once

#include <optional>
#include <string_view>

#include "dsplan/traffic/closed_loop.hpp"

namespace dsplan::plan {

enum class Statistic { mean, p50, p90, p99 };
[[nodiscard]] std::string_view name_of(Statistic statistic);
[[nodiscard]] std::optional<Statistic> statistic_of(std::string_view word);

struct TimeLimit {
  double most_s = 0.0;
  Statistic at = Statistic::mean;
};

/// "2s" or "2s@p99"; nothing where it is neither or the time is 0.
[[nodiscard]] std::optional<TimeLimit> parse_time_limit(std::string_view text);

/// The figure that a limit speaks of, seconds.
[[nodiscard]] double figure_at(const traffic::Percentiles& times, Statistic at);

}  // namespace dsplan::plan
