#include "dsplan/report/validation_report.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "describe.hpp"
#include "figures.hpp"
#include "planning_report.hpp"

namespace dsplan::report {

using plan::Accuracy;
using plan::Figure;
using plan::Validation;

template <>
std::span<const ResultField<Figure>> described<Figure>() {
  static constexpr std::array kFields{
      field<&Figure::id>("id", "of the figure: the line's, in a wide table with the column"),
      field<&Figure::metric>("metric", "what was measured"),
      field<&Figure::unit>("unit", "of measured and predicted"),
      field<&Figure::measured>("measured", "the table's figure"),
      field<&Figure::predicted>("predicted", "ours; null when skipped"),
      field<&Figure::low>("low", "end of the 80 % band, where there is one"),
      field<&Figure::high>("high", "end of the 80 % band, where there is one"),
      field<&Figure::error>("error", "predicted less measured, over measured"),
      field<&Figure::skipped>("skipped", "why there is no prediction; else null"),
      field<&Figure::group>("group", "value of the column that groups are made by"),
  };
  return kFields;
}

template <>
std::span<const ResultField<Accuracy>> described<Accuracy>() {
  static constexpr std::array kFields{
      field<&Accuracy::group>("group", "which figures"),
      field<&Accuracy::rows>("rows", "figures, skipped ones included"),
      field<&Accuracy::skipped>("skipped", "figures without a prediction"),
      field<&Accuracy::mape>("mape", "mean absolute error over measured"),
      field<&Accuracy::median_ape>("median_ape", "median absolute error over measured"),
      field<&Accuracy::p90_ape>("p90_ape", "90th percentile of the absolute error over measured"),
      field<&Accuracy::bias>("bias", "mean signed error over measured"),
      field<&Accuracy::rank_correlation>("rank_correlation", "Spearman's, predicted with measured"),
  };
  return kFields;
}

template <>
std::span<const ResultField<Validation>> described<Validation>() {
  static constexpr std::array kFields{
      field<&Validation::table>("table", "kind of table, told by its columns"),
      field<&Validation::rows>("rows", "one entry a measured figure"),
      field<&Validation::summary>("summary", "over all figures"),
      field<&Validation::groups>("groups", "by --group-by, else by metric"),
      field<&Validation::planning>(
          "planning",
          "most output tokens per second and GPU with the time per output token under a limit, "
          "chosen among the table's runs; null where there are none to choose among"),
  };
  return kFields;
}

namespace {

std::string percent(const std::optional<double>& share) {
  return share ? fmt::format("{:.2f} %", 100.0 * *share) : "-";
}

std::vector<std::string> accuracy_row(const Accuracy& a) {
  return {a.group.empty() ? "(empty)" : a.group,
          grouped(a.rows),
          grouped(a.skipped),
          percent(a.median_ape),
          percent(a.mape),
          percent(a.p90_ape),
          percent(a.bias),
          a.rank_correlation ? fmt::format("{:.3f}", *a.rank_correlation) : "-"};
}

Grid accuracy_grid(const Validation& v) {
  Grid grid{{"group", "figures", "skipped", "median", "mean", "p90", "bias", "rank corr."},
            {false, true, true, true, true, true, true, true},
            {}};
  for (const Accuracy& a : v.groups) grid.rows.push_back(accuracy_row(a));
  grid.rows.push_back(accuracy_row(v.summary));
  return grid;
}

Grid skipped_grid(const Validation& v) {
  std::map<std::string, std::int64_t> reasons;
  for (const Figure& f : v.rows) {
    if (f.skipped) ++reasons[*f.skipped];
  }
  Grid grid{{"skipped", "why"}, {true}, {}};
  for (const auto& [reason, count] : reasons) grid.rows.push_back({grouped(count), reason});
  return grid;
}

constexpr std::size_t kWorstShown = 8;

Grid worst_grid(const Validation& v) {
  std::vector<const Figure*> figures;
  for (const Figure& f : v.rows) {
    if (f.error) figures.push_back(&f);
  }
  std::stable_sort(figures.begin(), figures.end(), [](const Figure* a, const Figure* b) {
    return std::abs(*a->error) > std::abs(*b->error);
  });
  figures.resize(std::min(figures.size(), kWorstShown));
  Grid grid{{"worst", "metric", "measured", "predicted", "unit", "error"},
            {false, false, true, true, false, true},
            {}};
  for (const Figure* f : figures) {
    grid.rows.push_back({f->id,
                         f->metric,
                         fmt::format("{:.6g}", f->measured),
                         fmt::format("{:.6g}", *f->predicted),
                         f->unit,
                         percent(f->error)});
  }
  return grid;
}

Document validation_document(const Validation& v, const std::string& subject) {
  Document document{Text{subject, Tone::strong}, accuracy_grid(v)};
  if (v.summary.skipped > 0) document.emplace_back(skipped_grid(v));
  if (v.planning) document.emplace_back(planning_grid(*v.planning));
  document.emplace_back(worst_grid(v));
  return document;
}

}  // namespace

void report_validation(Answer& answer, Validation validation, std::string subject) {
  answer.command = "validate";
  answer.main_list = "rows";
  const auto shared = std::make_shared<const Validation>(std::move(validation));
  answer.result = [shared] { return json_of(*shared); };
  answer.document = [shared, subject = std::move(subject)] {
    return validation_document(*shared, subject);
  };
}

Json validation_schema() { return SchemaOf<Validation>::get(); }

}  // namespace dsplan::report
