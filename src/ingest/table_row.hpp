// One line of a table of measurements, and how a figure gets its prediction or its reason.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dsplan/base/error.hpp"
#include "dsplan/base/parse.hpp"
#include "dsplan/ingest/csv_table.hpp"
#include "dsplan/plan/validation.hpp"

namespace dsplan::ingest {

/// Why a row has no prediction. It never leaves the reading of tables: it becomes the figure's
/// reason.
struct Unanswerable {
  std::string reason;
};

/// One line of the table, by column.
class Row {
 public:
  Row(const CsvTable& table, std::size_t index) : table_(table), index_(index) {}

  [[nodiscard]] const std::vector<std::string>& columns() const { return table_.columns; }
  [[nodiscard]] std::string text(std::string_view column) const {
    return std::string(table_.cell(index_, column));
  }
  [[nodiscard]] std::optional<std::string> said(std::string_view column) const {
    const std::string_view cell = table_.cell(index_, column);
    return cell.empty() ? std::nullopt : std::optional(std::string(cell));
  }
  [[nodiscard]] std::optional<double> number(std::string_view column) const {
    const auto cell = said(column);
    if (!cell) return std::nullopt;
    const auto value = parse_number(*cell);
    if (!value)
      throw Unanswerable{"'" + std::string(column) + "' is not a number: '" + *cell + "'"};
    return value;
  }
  [[nodiscard]] std::optional<std::int64_t> count(std::string_view column) const {
    const auto value = number(column);
    if (!value) return std::nullopt;
    if (*value != std::floor(*value) || *value < 0.0 || *value > 9e15) {
      throw Unanswerable{"'" + std::string(column) + "' is not a whole number: '" + text(column) +
                         "'"};
    }
    return static_cast<std::int64_t>(*value);
  }

  [[nodiscard]] std::size_t index() const { return index_; }

 private:
  const CsvTable& table_;
  std::size_t index_;
};

/// Fills the prediction of a figure, or the reason why there is none.
template <typename Predict>
void answer(plan::Figure& figure, const Predict& predict) {
  try {
    figure.predicted = predict();
    plan::set_error(figure);
  } catch (const Unanswerable& why) {
    figure.skipped = why.reason;
  } catch (const Error& error) {
    figure.skipped = error.what();
  }
}

}  // namespace dsplan::ingest
