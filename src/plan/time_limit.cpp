#include "dsplan/plan/time_limit.hpp"

#include <algorithm>
#include <array>

#include "dsplan/base/parse.hpp"

namespace dsplan::plan {
namespace {

constexpr std::array<std::string_view, 4> kNames{"mean", "p50", "p90", "p99"};

}  // namespace

std::string_view name_of(Statistic s) { return kNames[static_cast<std::size_t>(s)]; }

std::optional<Statistic> statistic_of(std::string_view word) {
  const auto found = std::find(kNames.begin(), kNames.end(), word);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Statistic>(found - kNames.begin());
}

std::optional<TimeLimit> parse_time_limit(std::string_view text) {
  const auto mark = text.find('@');
  const auto time = parse_seconds(text.substr(0, mark));
  const auto at = mark == std::string_view::npos ? std::optional(Statistic::mean)
                                                 : statistic_of(text.substr(mark + 1));
  if (!time || !at || time->value <= 0.0) return std::nullopt;
  return TimeLimit{time->value, *at};
}

double figure_at(const traffic::Percentiles& times, Statistic at) {
  switch (at) {
    case Statistic::p50:
      return times.p50;
    case Statistic::p90:
      return times.p90;
    case Statistic::p99:
      return times.p99;
    case Statistic::mean:
      break;
  }
  return times.mean;
}

}  // namespace dsplan::plan
