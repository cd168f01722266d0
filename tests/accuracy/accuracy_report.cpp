// The project's own table of measurements, judged: makes docs/accuracy.md from its template and the
// tables beside this file, and holds each group's error under a ceiling that only goes down.
//
//   accuracy_report check  SOURCE_DIR   fails where a ceiling is broken, missing, or the page is
//   stale accuracy_report update SOURCE_DIR   writes the page, lowers ceilings, adds those of new
//   groups
#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "dsplan/base/error.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/ingest/csv_table.hpp"
#include "dsplan/ingest/validation_table.hpp"

namespace {

using dsplan::plan::Accuracy;

/// A table, or its rows of one metric, and the columns by which its errors are shown.
struct Table {
  std::string name;
  std::string file;
  std::string metric;  ///< empty: all
  std::vector<std::string> columns;
};

const std::vector<Table> kTables{
    {"serving_tpot", "serving_closed", "tpot_ms", {"engine", "model", "gpu", "lengths"}},
    {"serving_ttft", "serving_closed", "ttft_ms", {"engine", "model", "gpu", "lengths"}},
    {"serving_other", "serving_other", "", {"source", "engine", "gpu", "arrival", "metric"}},
    {"training_speed", "training_speed", "", {"framework", "gpu", "precision", "source"}},
    {"vllm_memory", "vllm_memory", "", {"metric", "engine_version", "model", "gpu"}},
    {"llamacpp_memory", "llamacpp_memory", "", {"metric", "model", "flash_attention"}},
    {"training_memory", "training_memory", "", {"framework", "scope", "method", "model"}},
};

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw dsplan::Error(dsplan::ErrorCode::io, path + ": cannot be read");
  return text.str();
}

void write(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) throw dsplan::Error(dsplan::ErrorCode::io, path + ": cannot be written");
}

/// One group's errors, under the key that its ceiling stands by.
struct Entry {
  std::string table;
  std::string column;
  Accuracy accuracy;

  [[nodiscard]] std::string key() const { return table + "," + column + "," + accuracy.group; }
};

dsplan::ingest::CsvTable of_metric(dsplan::ingest::CsvTable table, const std::string& metric) {
  if (metric.empty()) return table;
  const auto column = static_cast<std::size_t>(table.column("metric"));
  std::erase_if(table.rows, [&](const auto& row) { return row[column] != metric; });
  return table;
}

std::vector<Entry> judge(const dsplan::catalog::Catalog& catalog, const std::string& folder) {
  std::vector<Entry> entries;
  for (const Table& table : kTables) {
    const std::string file = folder + "/" + table.file + ".csv";
    const auto rows = of_metric(dsplan::ingest::read_csv(read(file), file), table.metric);
    for (const std::string& column : table.columns) {
      const auto validation = dsplan::ingest::validate_table(rows, catalog, file, column);
      for (const Accuracy& group : validation.groups)
        entries.push_back({table.name, column, group});
      if (&column == &table.columns.front())
        entries.push_back({table.name, "all", validation.summary});
    }
  }
  return entries;
}

// ---- the page ----

std::string percent(const std::optional<double>& share) {
  if (!share) return "-";
  std::ostringstream out;
  out.setf(std::ios::fixed);
  out.precision(2);
  out << 100.0 * *share << " %";
  return out.str();
}

std::string table_markdown(const std::vector<Entry>& entries, const std::string& table) {
  std::string text =
      "| by | group | figures | skipped | median | mean | p90 | bias |\n"
      "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n";
  for (const Entry& e : entries) {
    if (e.table != table) continue;
    const Accuracy& a = e.accuracy;
    text += "| " + e.column + " | " + (a.group.empty() ? "(not named)" : a.group) + " | " +
            std::to_string(a.rows) + " | " + std::to_string(a.skipped) + " | " +
            percent(a.median_ape) + " | " + percent(a.mape) + " | " + percent(a.p90_ape) + " | " +
            percent(a.bias) + " |\n";
  }
  return text;
}

std::string page(const std::vector<Entry>& entries, std::string text) {
  for (const Table& table : kTables) {
    const std::string mark = "@" + table.name + "@\n";
    const auto at = text.find(mark);
    if (at == std::string::npos)
      throw dsplan::Error(dsplan::ErrorCode::input, "the template lacks " + mark);
    text.replace(at, mark.size(), table_markdown(entries, table.name));
  }
  return text;
}

// ---- ceilings: "table,column,group,median,mean" as shares ----

struct Ceiling {
  double median = 0.0;
  double mean = 0.0;
};
using Ceilings = std::map<std::string, Ceiling>;

constexpr const char* kHeader = "table,column,group,median,mean\n";

Ceilings read_ceilings(const std::string& file) {
  Ceilings ceilings;
  const auto table = dsplan::ingest::read_csv(read(file), file);
  for (const auto& row : table.rows) {
    ceilings[row[0] + "," + row[1] + "," + row[2]] = {std::stod(row[3]), std::stod(row[4])};
  }
  return ceilings;
}

/// The next thousandth above, so that a ceiling is no tighter than the figures it is printed with.
double raised(double error) { return std::ceil(error * 1000.0) / 1000.0; }

void lower(Ceilings& ceilings, const std::vector<Entry>& entries) {
  for (const Entry& e : entries) {
    if (!e.accuracy.median_ape) continue;
    const Ceiling now{raised(*e.accuracy.median_ape), raised(*e.accuracy.mape)};
    const auto [slot, is_new] = ceilings.try_emplace(e.key(), now);
    if (!is_new)
      slot->second = {std::min(slot->second.median, now.median),
                      std::min(slot->second.mean, now.mean)};
  }
}

std::string text_of(const Ceilings& ceilings) {
  std::ostringstream out;
  out << kHeader;
  for (const auto& [key, ceiling] : ceilings)
    out << key << "," << ceiling.median << "," << ceiling.mean << "\n";
  return out.str();
}

int broken(const Ceilings& ceilings, const std::vector<Entry>& entries) {
  int count = 0;
  for (const Entry& e : entries) {
    if (!e.accuracy.median_ape) continue;
    const auto ceiling = ceilings.find(e.key());
    if (ceiling == ceilings.end()) {
      std::cerr << e.key() << ": no ceiling yet: run accuracy_report update\n";
      ++count;
    } else if (*e.accuracy.median_ape > ceiling->second.median ||
               *e.accuracy.mape > ceiling->second.mean) {
      std::cerr << e.key() << ": median " << *e.accuracy.median_ape << ", mean " << *e.accuracy.mape
                << " above the ceilings " << ceiling->second.median << ", " << ceiling->second.mean
                << "\n";
      ++count;
    }
  }
  return count;
}

int run(const std::string& action, const std::string& source) {
  const std::string folder = source + "/tests/accuracy";
  const std::string ceilings_file = folder + "/ceilings.csv";
  const std::string page_file = source + "/docs/accuracy.md";
  const dsplan::catalog::Catalog catalog(dsplan::catalog::builtin_tables());
  const auto entries = judge(catalog, folder);
  const std::string text = page(entries, read(folder + "/accuracy.md.in"));
  Ceilings ceilings = read_ceilings(ceilings_file);
  if (action == "update") {
    lower(ceilings, entries);
    write(ceilings_file, text_of(ceilings));
    write(page_file, text);
    return broken(ceilings, entries) == 0 ? 0 : 1;
  }
  int faults = broken(ceilings, entries);
  if (read(page_file) != text) {
    std::cerr << "docs/accuracy.md is not what the tables give: run accuracy_report update\n";
    ++faults;
  }
  return faults == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: accuracy_report check|update SOURCE_DIR\n";
    return 2;
  }
  try {
    return run(argv[1], argv[2]);
  } catch (const std::exception& problem) {
    std::cerr << "accuracy_report: " << problem.what() << "\n";
    return 1;
  }
}
