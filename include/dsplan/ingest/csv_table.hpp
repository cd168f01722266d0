// A CSV file with a header line, as RFC 4180 describes it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dsplan::ingest {

/// Rows in file order; each has as many cells as there are columns, missing ones empty.
struct CsvTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;

  /// Index of a column, or -1.
  [[nodiscard]] std::ptrdiff_t column(std::string_view name) const;
  /// The cell of a row in a column; empty when there is no such column.
  [[nodiscard]] std::string_view cell(std::size_t row, std::string_view column_name) const;
};

/// Throws an input error with file and line for a file without a header, a column named twice, a
/// row longer than the header and quotes that do not close.
[[nodiscard]] CsvTable read_csv(std::string_view text, const std::string& file);

}  // namespace dsplan::ingest
