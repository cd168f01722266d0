#include "dsplan/plan/planning_question.hpp"

#include <algorithm>
#include <map>

namespace dsplan::plan {
namespace {

using Runs = std::vector<const MeasuredRun*>;

/// The run with the highest rate under the limit, by what `speed` says of a run; else null.
template <typename Speed>
const MeasuredRun* fastest_under(const Runs& runs, Seconds limit, Speed speed) {
  const MeasuredRun* fastest = nullptr;
  double highest = 0.0;
  for (const MeasuredRun* run : runs) {
    const RunSpeed* s = speed(*run);
    if (s == nullptr || s->tpot > limit || s->output_tokens_per_s_per_gpu <= highest) continue;
    fastest = run;
    highest = s->output_tokens_per_s_per_gpu;
  }
  return fastest;
}

const RunSpeed* measured(const MeasuredRun& run) { return &run.measured; }
const RunSpeed* predicted(const MeasuredRun& run) {
  return run.predicted ? &*run.predicted : nullptr;
}

std::optional<PlanningAnswer> ask(const Runs& runs, Seconds limit) {
  const MeasuredRun* best = fastest_under(runs, limit, &measured);
  if (best == nullptr) return std::nullopt;
  PlanningAnswer answer{limit, best->id, std::nullopt, std::nullopt, false, 1.0};
  const MeasuredRun* chosen = fastest_under(runs, limit, &predicted);
  if (chosen == nullptr) return answer;
  answer.chosen = chosen->id;
  answer.chosen_tpot = chosen->measured.tpot;
  answer.broke_the_limit = chosen->measured.tpot > limit * (1.0 + kLimitTolerance);
  if (answer.broke_the_limit) return answer;
  const double share =
      chosen->measured.output_tokens_per_s_per_gpu / best->measured.output_tokens_per_s_per_gpu;
  answer.loss = std::max(0.0, 1.0 - share);
  return answer;
}

PlanningGroup asked(RunKind kind, const Runs& runs, std::span<const Seconds> limits) {
  PlanningGroup group{std::move(kind), static_cast<std::int64_t>(runs.size()), {}};
  if (runs.size() < 2) return group;
  for (const Seconds limit : limits) {
    if (auto answer = ask(runs, limit)) group.answers.push_back(std::move(*answer));
  }
  return group;
}

RunKind of_any_workload(RunKind kind) {
  kind.workload.clear();
  return kind;
}

template <typename Kind>
PlanningGrouping grouped(std::span<const MeasuredRun> runs,
                         std::span<const Seconds> limits,
                         Kind kind_of) {
  std::map<RunKind, std::size_t> places;
  std::vector<std::pair<RunKind, Runs>> kinds;
  for (const MeasuredRun& run : runs) {
    const auto [place, is_new] = places.try_emplace(kind_of(run.kind), kinds.size());
    if (is_new) kinds.push_back({place->first, {}});
    kinds[place->second].second.push_back(&run);
  }
  PlanningGrouping grouping;
  std::vector<PlanningAnswer> all;
  for (auto& [kind, members] : kinds) {
    PlanningGroup group = asked(std::move(kind), members, limits);
    if (group.answers.empty()) continue;
    all.insert(all.end(), group.answers.begin(), group.answers.end());
    grouping.groups.push_back(std::move(group));
  }
  grouping.score = score_of(all);
  return grouping;
}

}  // namespace

PlanningScore score_of(std::span<const PlanningAnswer> answers) {
  PlanningScore score;
  score.questions = static_cast<std::int64_t>(answers.size());
  double lost = 0.0;
  for (const PlanningAnswer& a : answers) {
    lost += a.loss;
    score.chose_the_best += a.loss == 0.0 ? 1 : 0;
    score.broke_the_limit += a.broke_the_limit ? 1 : 0;
    score.missed += a.chosen ? 0 : 1;
  }
  if (!answers.empty()) score.mean_loss = lost / static_cast<double>(answers.size());
  return score;
}

std::optional<Planning> planning(std::span<const MeasuredRun> runs,
                                 std::span<const Seconds> limits) {
  Planning p;
  p.any_workload = grouped(runs, limits, &of_any_workload);
  if (p.any_workload.groups.empty()) return std::nullopt;
  p.same_workload = grouped(runs, limits, [](const RunKind& kind) { return kind; });
  p.limits.assign(limits.begin(), limits.end());
  return p;
}

}  // namespace dsplan::plan
