// Tables of measurements, recognised by their columns and answered figure by figure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dsplan/catalog/catalog.hpp"
#include "dsplan/ingest/csv_table.hpp"
#include "dsplan/plan/validation.hpp"

namespace dsplan::ingest {

/// A kind of table and the columns that tell it, in any order; other columns are used where known.
struct TableKind {
  std::string_view name;
  std::vector<std::string_view> required;
  bool wide = false;  ///< several figures a line: a figure's id is the line's id + "/" + the column
};
[[nodiscard]] const std::vector<TableKind>& table_kinds();

/// Predicts each figure of the table. A row that cannot be answered is skipped with its reason.
/// `group_by` names a column, or is empty for the metric. Throws an input error for a table of no
/// known kind (with the columns of each) and a usage error for an unknown group column.
[[nodiscard]] plan::Validation validate_table(const CsvTable& table,
                                              const catalog::Catalog& catalog,
                                              const std::string& file,
                                              std::string_view group_by);

}  // namespace dsplan::ingest
