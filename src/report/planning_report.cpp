#include "planning_report.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "figures.hpp"

namespace dsplan::report {

using plan::Planning;
using plan::PlanningAnswer;
using plan::PlanningGroup;
using plan::PlanningGrouping;
using plan::PlanningScore;

namespace {

PlanningScore score(const PlanningGroup& g) { return plan::score_of(g.answers); }
const PlanningScore& score(const PlanningGrouping& g) { return g.score; }
const PlanningScore& score(const Planning& p) { return p.any_workload.score; }

template <typename Owner, auto member>
auto of_score(const Owner& owner) {
  return score(owner).*member;
}

template <typename Owner, auto member>
constexpr auto scored(std::string_view key, std::string_view meaning) {
  return computed<Owner, &of_score<Owner, member>>(key, meaning);
}

/// The owner's fields after those of its score.
template <typename Owner, typename... Field>
constexpr auto with_score(Field... own) {
  using S = PlanningScore;
  return std::array{
      scored<Owner, &S::questions>("questions", "limits that a measured run holds, of all groups"),
      scored<Owner, &S::mean_loss>("mean_loss", "share of the best rate lost by the choice"),
      scored<Owner, &S::chose_the_best>("chose_the_best", "questions where nothing was lost"),
      scored<Owner, &S::broke_the_limit>("broke_the_limit", "by over 10 %: all is lost"),
      scored<Owner, &S::missed>("missed", "no prediction under the limit: all is lost"),
      own...};
}

template <auto member>
constexpr auto kind_field(std::string_view key, std::string_view meaning) {
  const auto of = [](const PlanningGroup& g) { return json_of(g.kind.*member); };
  return ResultField<PlanningGroup>{key, meaning, of, &SchemaOf<std::string>::get};
}

std::vector<PlanningGroup> all_groups(const Planning& p) { return p.any_workload.groups; }

}  // namespace

template <>
std::span<const ResultField<PlanningAnswer>> described<PlanningAnswer>() {
  static constexpr std::array kFields{
      field<&PlanningAnswer::limit>("limit_s", "on the time per output token"),
      field<&PlanningAnswer::best>("best", "figure of the run that is best as measured"),
      field<&PlanningAnswer::chosen>("chosen", "of the one best as predicted; null: none holds"),
      field<&PlanningAnswer::chosen_tpot>("chosen_tpot_s", "of the choice, as measured"),
      field<&PlanningAnswer::broke_the_limit>("broke_the_limit", "by over 10 %"),
      field<&PlanningAnswer::loss>("loss", "share of the best rate lost"),
  };
  return kFields;
}

template <>
std::span<const ResultField<PlanningGroup>> described<PlanningGroup>() {
  static constexpr auto kFields = with_score<PlanningGroup>(
      kind_field<&plan::RunKind::model>("model", "of the group's runs"),
      kind_field<&plan::RunKind::gpu>("gpu", "of the group's runs"),
      kind_field<&plan::RunKind::engine>("engine", "of the group's runs"),
      kind_field<&plan::RunKind::workload>("workload", "what else is alike; empty: nothing"),
      field<&PlanningGroup::runs>("runs", "measured runs to choose among"),
      field<&PlanningGroup::answers>("answers", "a question each"));
  return kFields;
}

template <>
std::span<const ResultField<PlanningGrouping>> described<PlanningGrouping>() {
  static constexpr auto kFields = with_score<PlanningGrouping>(
      field<&PlanningGrouping::groups>("groups", "model, GPU, engine and workload"));
  return kFields;
}

template <>
std::span<const ResultField<Planning>> described<Planning>() {
  static constexpr auto kFields = with_score<Planning>(
      field<&Planning::limits>("limits_s", "asked for, on the time per output token"),
      computed<Planning, &all_groups>("groups", "model, GPU and engine"),
      field<&Planning::same_workload>("same_workload",
                                      "asked of runs alike in all but layout and load"));
  return kFields;
}

Grid planning_grid(const Planning& planning) {
  Grid grid{{"most tokens/s per GPU under a TPOT limit",
             "questions",
             "mean loss",
             "nothing lost",
             "limit broken",
             "missed"},
            {false, true, true, true, true, true},
            {}};
  const auto row = [&](const char* title, const PlanningScore& s) {
    grid.rows.push_back({title,
                         grouped(s.questions),
                         s.mean_loss ? fmt::format("{:.1f} %", 100.0 * *s.mean_loss) : "-",
                         grouped(s.chose_the_best),
                         grouped(s.broke_the_limit),
                         grouped(s.missed)});
  };
  row("among runs of one model, GPU, engine", planning.any_workload.score);
  row("and of one workload", planning.same_workload.score);
  return grid;
}

}  // namespace dsplan::report
