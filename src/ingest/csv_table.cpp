#include "dsplan/ingest/csv_table.hpp"

#include <algorithm>
#include <csv.h>
#include <memory>
#include <set>

#include "dsplan/base/error.hpp"

namespace dsplan::ingest {
namespace {

/// What the parser calls back with: cells, then the end of a line.
struct Collector {
  CsvTable table;
  std::vector<std::string> row;
  std::size_t line = 1;
  std::size_t long_line = 0;  ///< first line with more cells than the header

  void end_row() {
    const bool blank = row.empty() || (row.size() == 1 && row.front().empty());
    if (table.columns.empty()) {
      table.columns = std::move(row);
    } else if (!blank) {
      if (row.size() > table.columns.size() && long_line == 0) long_line = line;
      row.resize(table.columns.size());
      table.rows.push_back(std::move(row));
    }
    row.clear();
    ++line;
  }
};

void on_cell(void* text, std::size_t size, void* collector) {
  static_cast<Collector*>(collector)->row.emplace_back(static_cast<const char*>(text), size);
}

void on_row(int /*terminator*/, void* collector) { static_cast<Collector*>(collector)->end_row(); }

[[noreturn]] void refuse(const std::string& file,
                         std::size_t line,
                         const std::string& what,
                         const std::string& hint) {
  throw Error(ErrorCode::input, file + ":" + std::to_string(line) + ": " + what, hint);
}

void check_header(const CsvTable& table, const std::string& file) {
  if (table.columns.empty() || table.columns.front().empty()) {
    refuse(file, 1, "no header line", "the first line names the columns");
  }
  std::set<std::string> seen;
  for (const std::string& name : table.columns) {
    if (!seen.insert(name).second)
      refuse(file, 1, "column '" + name + "' appears twice", "keep one of them");
  }
}

}  // namespace

std::ptrdiff_t CsvTable::column(std::string_view name) const {
  const auto found = std::find(columns.begin(), columns.end(), name);
  return found == columns.end() ? -1 : found - columns.begin();
}

std::string_view CsvTable::cell(std::size_t row, std::string_view column_name) const {
  const std::ptrdiff_t at = column(column_name);
  return at < 0 ? std::string_view{} : std::string_view(rows[row][static_cast<std::size_t>(at)]);
}

CsvTable read_csv(std::string_view text, const std::string& file) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark
  csv_parser parser{};
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
    throw Error(ErrorCode::internal, "the CSV parser does not start");
  const std::unique_ptr<csv_parser, decltype(&csv_free)> guard(&parser, &csv_free);
  Collector collector;
  const std::size_t read =
      csv_parse(&parser, text.data(), text.size(), &on_cell, &on_row, &collector);
  if (read != text.size() || csv_fini(&parser, &on_cell, &on_row, &collector) != 0) {
    refuse(file,
           collector.line,
           "quotes that do not match",
           "double a quote within quotes, and close each");
  }
  check_header(collector.table, file);
  if (collector.long_line != 0) {
    refuse(file,
           collector.long_line,
           "more cells than the header has columns",
           "quote cells that hold commas");
  }
  return std::move(collector.table);
}

}  // namespace dsplan::ingest
