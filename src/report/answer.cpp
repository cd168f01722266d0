#include "dsplan/report/answer.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "dsplan/base/error.hpp"
#include "dsplan/base/parse.hpp"
#include "dsplan/report/version.hpp"

#include "yaml_output.hpp"

namespace dsplan::report {
namespace {

/// "13B" is 13000000000, "90%" is 0.9, true and false are truths; everything else is a text.
Json input_value(const UsedInput& input) {
  const std::string& text = input.value;
  if (text == "true" || text == "false") return text == "true";
  if (input.is_word) return text;
  if (const auto count = parse_count(text)) return *count;
  if (const auto share = parse_fraction(text)) return *share;
  return text;
}

Json inputs_json(const std::vector<UsedInput>& inputs) {
  Json out = Json::object();
  for (const UsedInput& input : inputs) {
    Json entry = Json::object();
    entry["value"] = input_value(input);
    entry["origin"] = name_of(input.origin);
    out[input.name] = std::move(entry);
  }
  return out;
}

Json assumptions_json(const std::vector<Assumption>& assumptions) {
  Json out = Json::array();
  for (const Assumption& a : assumptions) {
    Json entry = Json::object();
    entry["id"] = a.id;
    entry["text"] = a.text;
    entry["source"] = a.source;
    out.push_back(std::move(entry));
  }
  return out;
}

Json warnings_json(const std::vector<Warning>& warnings) {
  Json out = Json::array();
  for (const Warning& w : warnings) {
    Json entry = Json::object();
    entry["id"] = w.id;
    entry["text"] = w.text;
    out.push_back(std::move(entry));
  }
  return out;
}

Json envelope(const Answer& answer) {
  Json out = Json::object();
  out["schema_version"] = kSchemaVersion;
  out["command"] = answer.command;
  out["tool"] = Json::object();
  out["tool"]["name"] = "dsplan";
  out["tool"]["version"] = kVersion;
  out["inputs"] = inputs_json(answer.inputs);
  out["result"] = answer.result();
  out["assumptions"] = assumptions_json(answer.assumptions);
  out["warnings"] = warnings_json(answer.warnings);
  return out;
}

// ---- CSV, as RFC 4180 has it but with plain line feeds ----

std::string csv_cell(const Json& value) {
  if (value.is_null()) return {};
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

/// Calls `take(name, value)` for each cell; nested objects become columns of their own: layout.tp.
template <typename Take>
void visit_cells(const Json& node, const std::string& prefix, const Take& take) {
  for (const auto& [key, value] : node.items()) {
    if (value.is_object()) {
      visit_cells(value, prefix + key + ".", take);
    } else if (prefix.empty()) {
      take(key, value);
    } else {
      take(prefix + key, value);
    }
  }
}

/// The columns of all rows in order of first appearance; rows mostly have those of the first.
std::vector<std::string> csv_columns(const Json& list) {
  std::vector<std::string> columns;
  for (const Json& item : list) {
    std::size_t at = 0;
    visit_cells(item, "", [&](const std::string& name, const Json&) {
      const bool as_before = at < columns.size() && columns[at] == name;
      ++at;
      if (!as_before && std::find(columns.begin(), columns.end(), name) == columns.end())
        columns.push_back(name);
    });
  }
  return columns;
}

void add_csv_row(std::string& out, const Json& item, const std::vector<std::string>& columns) {
  std::vector<const Json*> cells(columns.size());
  std::size_t at = 0;
  visit_cells(item, "", [&](const std::string& name, const Json& value) {
    if (at >= columns.size() || columns[at] != name) {
      const auto found = std::find(columns.begin(), columns.end(), name);
      at = static_cast<std::size_t>(found - columns.begin());
    }
    cells[at++] = &value;
  });
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out.push_back(',');
    if (cells[i] != nullptr) out += csv_cell(*cells[i]);
  }
  out.push_back('\n');
}

std::string csv_of(const Answer& answer) {
  const Json result = answer.result();
  const Json& list = result.at(answer.main_list);
  const std::vector<std::string> columns = csv_columns(list);
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) out += (i == 0 ? "" : ",") + columns[i];
  out += "\n";
  for (const Json& item : list) add_csv_row(out, item, columns);
  return out;
}

Document origins_of(const std::vector<UsedInput>& inputs) {
  Grid grid{{"input", "value", "origin", "place"}, {}, {}};
  for (const UsedInput& input : inputs)
    grid.rows.push_back({input.name, input.value, std::string(name_of(input.origin)), input.place});
  return {Text{"Where the inputs come from", Tone::strong}, grid};
}

Document document_of(const Answer& answer, bool explain) {
  Document document = answer.document();
  if (!explain) return document;
  const auto add = [&](const Document& more) {
    document.insert(document.end(), more.begin(), more.end());
  };
  if (answer.explanation) add(answer.explanation());
  add(origins_of(answer.inputs));
  if (answer.sources) add(answer.sources());
  return document;
}

/// Our own texts are UTF-8; a name from the user's shell may not be, and is then replaced.
std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string render(const Answer& answer, Form form, const Style& style, bool explain) {
  switch (form) {
    case Form::json:
      return dumped(envelope(answer));
    case Form::yaml:
      return yaml_of(envelope(answer));
    case Form::csv:
      return csv_of(answer);
    case Form::markdown:
      return render_markdown(document_of(answer, explain));
    case Form::table:
      break;
  }
  return render_terminal(document_of(answer, explain), style);
}

std::string render_error(std::string_view code, std::string_view message, std::string_view hint) {
  Json error = Json::object();
  error["code"] = code;
  error["message"] = message;
  error["hint"] = hint;
  Json out = Json::object();
  out["error"] = std::move(error);
  return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace dsplan::report
