// Predicted against measured, and what the differences amount to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dsplan/plan/planning_question.hpp"

namespace dsplan::plan {

/// One measured figure. Either a prediction or the reason why there is none.
struct Figure {
  std::string id;
  std::string metric;
  std::string unit;
  double measured = 0.0;
  std::optional<double> predicted;
  std::optional<double> low;  ///< of the 80 % band, where the prediction has one
  std::optional<double> high;
  std::optional<double> error;  ///< (predicted - measured) / measured
  std::optional<std::string> skipped;
  std::string group;  ///< value of the column that groups are made by
  std::string entry;  ///< id of the catalog entry whose constants timed it, where one did
  std::string note;   ///< what was assumed to answer it, or empty
};

/// Sets `error` from the two figures. A measured zero has no relative error.
void set_error(Figure& figure);

/// Absolute errors as shares of the measured figures: mean, median and 90th percentile; bias is the
/// mean signed error; the rank correlation is Spearman's, ties sharing their mean rank. Absent
/// where no figure was predicted (for the correlation: fewer than two, or all alike).
struct Accuracy {
  std::string group;
  std::int64_t rows = 0;  ///< figures, skipped ones included
  std::int64_t skipped = 0;
  std::optional<double> mape;
  std::optional<double> median_ape;
  std::optional<double> p90_ape;
  std::optional<double> bias;
  std::optional<double> rank_correlation;
};
[[nodiscard]] Accuracy accuracy_of(std::string group, std::span<const Figure> figures);

struct Validation {
  std::string table;  ///< which kind of table was recognised
  std::vector<Figure> rows;
  Accuracy summary;
  std::vector<Accuracy> groups;
  std::vector<std::string> notes;    ///< those of the figures, each once
  std::optional<Planning> planning;  ///< of tables whose lines make runs to choose among
};

/// Summary and groups of the figures, groups in order of first appearance.
[[nodiscard]] Validation summarised(std::string table, std::vector<Figure> figures);

}  // namespace dsplan::plan
