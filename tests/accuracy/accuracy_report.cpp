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
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "dsplan/base/error.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/ingest/csv_table.hpp"
#include "dsplan/ingest/validation_table.hpp"

namespace {

using dsplan::plan::Accuracy;
using dsplan::plan::PlanningAnswer;
using dsplan::plan::PlanningGroup;
using dsplan::plan::PlanningGrouping;

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

/// Tables that the planning question is put to.
const std::vector<std::pair<std::string, std::string>> kPlanningTables{
    {"planning_closed", "serving_closed"}, {"planning_other", "serving_other"}};

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

/// A line of the page: one group's errors, or its losses, under the key that its ceiling stands by.
struct Entry {
  std::string table;
  std::string column;
  std::string group;
  std::optional<double> median;
  std::optional<double> mean;
  std::string cells;  ///< what the page says of it, from the third column on

  [[nodiscard]] std::string key() const { return table + "," + column + "," + group; }
};

std::string percent(const std::optional<double>& share) {
  if (!share) return "-";
  std::ostringstream out;
  out.setf(std::ios::fixed);
  out.precision(2);
  out << 100.0 * *share << " %";
  return out.str();
}

Entry entry(const std::string& table, const std::string& column, const Accuracy& a) {
  return {table,
          column,
          a.group,
          a.median_ape,
          a.mape,
          std::to_string(a.rows) + " | " + std::to_string(a.skipped) + " | " +
              percent(a.median_ape) + " | " + percent(a.mape) + " | " + percent(a.p90_ape) + " | " +
              percent(a.bias)};
}

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
        entries.push_back(entry(table.name, column, group));
      if (&column == &table.columns.front())
        entries.push_back(entry(table.name, "all", validation.summary));
    }
  }
  return entries;
}

// ---- the planning question ----

/// The loss and its three parts: limits broken, none found, and worse runs chosen.
Entry entry(const std::string& table,
            const std::string& column,
            const std::string& group,
            std::vector<PlanningAnswer> answers) {
  const auto score = dsplan::plan::score_of(answers);
  const auto questions = static_cast<double>(score.questions);
  const double broke = static_cast<double>(score.broke_the_limit) / questions;
  const double missed = static_cast<double>(score.missed) / questions;
  const double best = static_cast<double>(score.chose_the_best) / questions;
  const auto middle = answers.begin() + static_cast<std::ptrdiff_t>(answers.size() / 2);
  std::nth_element(answers.begin(), middle, answers.end(), [](const auto& a, const auto& b) {
    return a.loss < b.loss;
  });
  return {table,
          column,
          group,
          middle->loss,
          score.mean_loss,
          std::to_string(score.questions) + " | " + percent(score.mean_loss) + " | " +
              percent(broke) + " | " + percent(missed) + " | " +
              percent(*score.mean_loss - broke - missed) + " | " + percent(best)};
}

void judge_choices(std::vector<Entry>& entries,
                   const std::string& table,
                   const std::string& column,
                   const PlanningGrouping& grouping) {
  std::map<std::string, std::vector<PlanningAnswer>> by_engine;
  for (const PlanningGroup& group : grouping.groups) {
    for (const std::string& name : {std::string("all"), group.kind.engine}) {
      auto& answers = by_engine[name];
      answers.insert(answers.end(), group.answers.begin(), group.answers.end());
    }
  }
  for (const auto& [engine, answers] : by_engine)
    entries.push_back(entry(table, column, engine, answers));
}

std::vector<Entry> choices(const dsplan::catalog::Catalog& catalog, const std::string& folder) {
  std::vector<Entry> entries;
  for (const auto& [name, file_name] : kPlanningTables) {
    const std::string file = folder + "/" + file_name + ".csv";
    const auto rows = dsplan::ingest::read_csv(read(file), file);
    const auto planning = dsplan::ingest::validate_table(rows, catalog, file, "").planning;
    if (!planning) throw dsplan::Error(dsplan::ErrorCode::input, file + ": nothing to choose");
    judge_choices(entries, name, "any workload", planning->any_workload);
    judge_choices(entries, name, "same workload", planning->same_workload);
  }
  return entries;
}

// ---- the page ----

constexpr const char* kErrorColumns =
    "| by | group | figures | skipped | median | mean | p90 | bias |\n"
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n";
constexpr const char* kLossColumns =
    "| among runs of | engine | questions | mean loss | limit broken | none found | worse chosen "
    "| nothing lost |\n"
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n";

void put_table(std::string& text,
               const std::string& table,
               const std::string& columns,
               const std::vector<Entry>& entries) {
  const std::string mark = "@" + table + "@\n";
  const auto at = text.find(mark);
  if (at == std::string::npos)
    throw dsplan::Error(dsplan::ErrorCode::input, "the template lacks " + mark);
  std::string lines = columns;
  for (const Entry& e : entries) {
    if (e.table != table) continue;
    lines += "| " + e.column + " | " + (e.group.empty() ? "(not named)" : e.group) + " | " +
             e.cells + " |\n";
  }
  text.replace(at, mark.size(), lines);
}

std::string page(const std::vector<Entry>& entries, std::string text) {
  for (const Table& table : kTables) put_table(text, table.name, kErrorColumns, entries);
  for (const auto& table : kPlanningTables) put_table(text, table.first, kLossColumns, entries);
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
    if (!e.median) continue;
    const Ceiling now{raised(*e.median), raised(*e.mean)};
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
    if (!e.median) continue;
    const auto ceiling = ceilings.find(e.key());
    if (ceiling == ceilings.end()) {
      std::cerr << e.key() << ": no ceiling yet: run accuracy_report update\n";
      ++count;
    } else if (*e.median > ceiling->second.median || *e.mean > ceiling->second.mean) {
      std::cerr << e.key() << ": median " << *e.median << ", mean " << *e.mean
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
  auto entries = judge(catalog, folder);
  for (Entry& e : choices(catalog, folder)) entries.push_back(std::move(e));
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
