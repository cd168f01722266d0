#include "dsplan/report/expression.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "dsplan/base/error.hpp"
#include "dsplan/base/parse.hpp"
#include "dsplan/base/suggest.hpp"
#include "dsplan/report/schema.hpp"

namespace dsplan::report {
namespace {

constexpr std::array<std::string_view, 6> kComparisons{"<=", ">=", "==", "!=", "<", ">"};
constexpr const char* kForm = "write it like 'per_gpu.headroom_fraction < 10%'";

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

[[noreturn]] void refuse(const Expression& e, const std::string& what, const std::string& hint) {
  throw Error(ErrorCode::usage, "--fail-if '" + e.text + "': " + what, hint);
}

/// All paths of a result; of a list, those of its first entry.
void collect_paths(const Json& node, const std::string& prefix, std::vector<std::string>& paths) {
  if (node.is_object()) {
    for (const auto& [key, value] : node.items()) {
      collect_paths(value, prefix.empty() ? key : prefix + "." + key, paths);
    }
  } else if (node.is_array()) {
    if (!node.empty()) collect_paths(node.front(), prefix + "[0]", paths);
  } else {
    paths.push_back(prefix);
  }
}

/// "'fixes' is empty here" says more than that fixes[0].gpus is unknown.
void refuse_empty_list(const Expression& e, const Json& result) {
  const std::string list = e.path.substr(0, e.path.find('['));
  if (list == e.path || !result.contains(list) || result.at(list) != Json::array()) return;
  refuse(e, "'" + list + "' is empty here", "compare a figure that this answer has");
}

[[noreturn]] void refuse_path(const Expression& e, const Json& result) {
  refuse_empty_list(e, result);
  std::vector<std::string> paths;
  collect_paths(result, "", paths);
  const std::vector<std::string_view> views(paths.begin(), paths.end());
  refuse(e,
         "the result has no '" + e.path + "'",
         did_you_mean(e.path, views, "`-o json` shows the paths of the result"));
}

struct Step {
  std::string key;
  std::vector<std::size_t> indices;
};

/// "breakdown[0]": a key and any number of indices, and nothing else.
std::optional<Step> parse_step(std::string_view text) {
  const auto bracket = std::min(text.find('['), text.size());
  Step step{std::string(text.substr(0, bracket)), {}};
  text.remove_prefix(bracket);
  while (!text.empty()) {
    const auto close = text.find(']');
    if (text.front() != '[' || close == std::string_view::npos) return std::nullopt;
    const auto index = parse_count(text.substr(1, close - 1));
    if (!index) return std::nullopt;
    step.indices.push_back(static_cast<std::size_t>(*index));
    text.remove_prefix(close + 1);
  }
  return step;
}

const Json* descend(const Json& node, const Step& step) {
  if (!node.is_object() || !node.contains(step.key)) return nullptr;
  const Json* at = &node.at(step.key);
  for (const std::size_t index : step.indices) {
    if (!at->is_array() || index >= at->size()) return nullptr;
    at = &at->at(index);
  }
  return at;
}

const Json& find(const Expression& e, const Json& result) {
  const Json* at = &result;
  std::string_view rest = e.path;
  while (!rest.empty()) {
    const auto dot = rest.find('.');
    const auto step = parse_step(rest.substr(0, dot));
    at = step ? descend(*at, *step) : nullptr;
    if (at == nullptr) refuse_path(e, result);
    if (at->is_null()) return *at;  // what is unknown has no keys to go on to
    rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
  }
  // A predicted figure stands for its value.
  return at->is_object() && at->contains("value") ? at->at("value") : *at;
}

bool key_has(std::string_view path, std::string_view part) {
  const auto dot = path.rfind('.');
  const std::string_view key = dot == std::string_view::npos ? path : path.substr(dot + 1);
  const std::string_view bare = key.substr(0, key.find('['));
  return part.front() == '_' && part.back() != '_'
             ? bare.ends_with(part) || bare.ends_with(std::string(part) + "s")
             : bare.find(part) != std::string_view::npos;
}

/// "ttft_s" of "ttft_s.high": the parts of a predicted figure have its unit.
std::string_view without_part(std::string_view path) {
  for (const std::string_view part : {".value", ".low", ".high"}) {
    if (path.ends_with(part)) return path.substr(0, path.size() - part.size());
  }
  return path;
}

std::optional<double> plain_or_count(std::string_view text) {
  if (const auto number = parse_number(text)) return number;
  const auto count = parse_count(text);
  return count ? std::optional(static_cast<double>(*count)) : std::nullopt;
}

/// The value in the unit of the key it is compared with.
std::optional<double> value_for(std::string_view full_path, std::string_view text) {
  const std::string_view path = without_part(full_path);
  if (key_has(path, "_bytes") || key_has(path, "bytes_per")) {
    const auto size = parse_bytes(text);
    return size ? std::optional(size->value) : std::nullopt;
  }
  if (key_has(path, "_usd") || key_has(path, "usd_")) {
    const auto amount = parse_dollars(text);
    return amount ? std::optional(amount->value) : std::nullopt;
  }
  if (key_has(path, "_w")) return parse_watts(text);
  if (key_has(path, "_s") && !key_has(path, "_per_s")) {
    const auto time = parse_seconds(text);
    return time ? std::optional(time->value) : plain_or_count(text);
  }
  if (text.ends_with('%')) {
    const auto percent = parse_number(text.substr(0, text.size() - 1));
    return percent ? std::optional(*percent / 100.0) : std::nullopt;
  }
  if (key_has(path, "_fraction") || key_has(path, "utilization")) return parse_fraction(text);
  return plain_or_count(text);
}

template <typename T>
bool compare(const T& a, const T& b, std::string_view op) {
  if (op == "<") return a < b;
  if (op == "<=") return a <= b;
  if (op == ">") return a > b;
  if (op == ">=") return a >= b;
  if (op == "==") return a == b;
  return a != b;
}

bool compare_words(const Expression& e, const std::string& actual) {
  if (e.comparison != "==" && e.comparison != "!=") {
    refuse(e, "'" + e.path + "' is a word and has no order", "compare it with == or !=");
  }
  return compare(actual, e.value, e.comparison);
}

bool compare_truth(const Expression& e, bool actual) {
  if (e.value != "true" && e.value != "false")
    refuse(e, "'" + e.path + "' is true or false, not '" + e.value + "'", "compare it with true");
  return compare_words(e, actual ? "true" : "false");
}

bool compare_number(const Expression& e, double actual) {
  // A shortfall is a negative headroom, the one negative number of a result.
  const bool negative = e.value.size() > 1 && e.value.front() == '-';
  const auto wanted = value_for(e.path, std::string_view(e.value).substr(negative ? 1 : 0));
  if (!wanted) {
    refuse(e,
           "'" + e.value + "' is not a value that '" + e.path + "' can be compared with",
           "give it in the key's unit: 80GiB, 200ms, 10%, $5000, 3kW or a plain number");
  }
  return compare(actual, negative ? -*wanted : *wanted, e.comparison);
}

/// The schema knows why some keys may be null.
[[noreturn]] void refuse_null(const Expression& e, std::string_view command) {
  const std::string meaning = meaning_of(command, without_part(e.path));
  const auto why = meaning.find("null: ");
  refuse(e,
         "'" + e.path + "' is unknown here",
         why != std::string::npos ? "null means: " + meaning.substr(why + 6)
                                  : "it needs an input that was not given, such as --gpu, or a "
                                    "figure that the catalog lacks");
}

}  // namespace

Expression parse_expression(std::string_view text) {
  for (const std::string_view op : kComparisons) {
    const auto at = text.find(op);
    if (at == std::string_view::npos) continue;
    Expression e{std::string(text),
                 trimmed(text.substr(0, at)),
                 std::string(op),
                 trimmed(text.substr(at + op.size()))};
    if (e.value.size() >= 2 && e.value.front() == '"' && e.value.back() == '"') {
      e.value = e.value.substr(1, e.value.size() - 2);
    }
    if (e.path.empty() || e.value.empty()) break;
    return e;
  }
  throw Error(ErrorCode::usage, "--fail-if '" + std::string(text) + "' is not a comparison", kForm);
}

bool holds(const Expression& e, const Json& result, std::string_view command) {
  const Json& actual = find(e, result);
  if (actual.is_null()) refuse_null(e, command);
  if (actual.is_boolean()) return compare_truth(e, actual.get<bool>());
  if (actual.is_string()) return compare_words(e, actual.get<std::string>());
  if (actual.is_number()) return compare_number(e, actual.get<double>());
  refuse(e, "'" + e.path + "' is not a single value", "go on to one of its keys or entries");
}

bool any_holds(const std::vector<Expression>& expressions, const Answer& answer) {
  if (expressions.empty()) return false;
  const Json result = answer.result();
  return std::count_if(expressions.begin(), expressions.end(), [&](const Expression& e) {
           return holds(e, result, answer.command);
         }) > 0;
}

}  // namespace dsplan::report
