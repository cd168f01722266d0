// An answer of a command: one value behind its table, JSON, CSV, Markdown, YAML and explanation.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dsplan/base/note.hpp"
#include "dsplan/report/document.hpp"

namespace dsplan::report {

using Json = nlohmann::ordered_json;

/// The views are functions, so that only the one asked for is made.
struct Answer {
  std::string command;
  std::vector<UsedInput> inputs;
  std::vector<Assumption> assumptions;
  std::vector<Warning> warnings;
  std::function<Json()> result;           ///< the JSON of the result
  std::string main_list;                  ///< key of the list that CSV prints
  std::function<Document()> document;     ///< for people
  std::function<Document()> explanation;  ///< each number as formula and values; may be empty
  std::function<Document()> sources;      ///< where the catalog's figures come from; may be empty
  std::string stats;                      ///< what --stats adds to the time; may be empty
  bool negative = false;                  ///< "does not fit", "no feasible plan"
};

enum class Form { table, json, csv, markdown, yaml };

/// The answer in one form, ending with a newline. `explain` adds the explanation to tables.
[[nodiscard]] std::string render(const Answer& answer, Form form, const Style& style, bool explain);

/// The one error object of `-o json`.
[[nodiscard]] std::string render_error(std::string_view code,
                                       std::string_view message,
                                       std::string_view hint);

}  // namespace dsplan::report
