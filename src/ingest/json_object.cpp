#include "json_object.hpp"

#include <array>
#include <cmath>
#include <utility>

namespace dsplan::ingest {
namespace {

using nlohmann::json;

constexpr std::size_t kQuoteLimit = 60;

/// The value as a message shows it. Arrays and objects are only named: they can be huge or deep.
std::string shown(const json& value) {
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  if (value.is_string()) return in_quotes(value.get_ref<const std::string&>());
  return value.dump();
}

/// The length of a number word of Python's JSON at the start of `text`, or 0.
std::size_t python_number_length(std::string_view text) {
  static constexpr std::array<std::string_view, 3> kWords{"-Infinity", "Infinity", "NaN"};
  for (const std::string_view word : kWords) {
    if (text.substr(0, word.size()) == word) return word.size();
  }
  return 0;
}

/// Python writes Infinity and NaN bare; replaced by null, padded so that byte offsets stay true.
std::string without_python_numbers(std::string_view text) {
  std::string out(text);
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_string && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      in_string = !in_string;
    } else if (!in_string && (text[i] == 'I' || text[i] == 'N' || text[i] == '-')) {
      const std::size_t n = python_number_length(text.substr(i));
      if (n == 0) continue;
      // "NaN" is shorter than "null", but 0 reads as well where no reader wants the number.
      out.replace(i, n, n < 4 ? "0  " : "null" + std::string(n - 4, ' '));
      i += n - 1;
    }
  }
  return out;
}

json parsed(std::string_view text, std::string_view file) {
  try {
    return json::parse(without_python_numbers(text));
  } catch (const json::parse_error& e) {
    throw input_error(file,
                      "not JSON from byte " + std::to_string(e.byte) + " on",
                      "check that the whole file was saved");
  } catch (const json::exception&) {
    // Numbers beyond the range of a double.
    throw input_error(file, "a number in the JSON does not fit a double", "mend the number");
  }
}

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, kQuoteLimit)) {
    const auto code = static_cast<unsigned char>(c);
    out += code < 0x20 || code >= 0x7f ? '?' : c;
  }
  return out + (text.size() > kQuoteLimit ? "...'" : "'");
}

Error input_error(std::string_view file, const std::string& what, std::string mend) {
  return Error(ErrorCode::input, std::string(file) + ": " + what, std::move(mend));
}

json parse_json_object(std::string_view text, std::string_view file) {
  json document = parsed(text, file);
  if (!document.is_object()) {
    throw input_error(file, "must be a JSON object, got " + shown(document));
  }
  return document;
}

std::optional<std::int64_t> as_count(const json& value, std::int64_t most) {
  if (!value.is_number()) return std::nullopt;
  const double number = value.get<double>();
  if (!(number >= 0.0) || number != std::floor(number)) return std::nullopt;
  if (number > static_cast<double>(most)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

const json* JsonObject::find(std::string_view key) const {
  const auto found = object_->find(key);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

std::optional<JsonObject> JsonObject::object(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) throw error(key, "must be an object, got " + shown(*value));
  return JsonObject(*value, file_, path_ + std::string(key) + ".");
}

std::optional<std::int64_t> JsonObject::count(std::string_view key, std::int64_t most) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto number = as_count(*value, most);
  if (number) return number;
  const bool big = value->is_number() && value->get<double>() > static_cast<double>(most);
  throw error(key,
              (big ? "must be at most " + std::to_string(most)
                   : std::string("must be a whole number, 0 or more")) +
                  ", got " + shown(*value),
              "compare the file with the published one");
}

std::optional<std::int64_t> JsonObject::count(Keys keys, std::int64_t most) const {
  for (const std::string_view key : keys) {
    if (const auto value = count(key, most)) return value;
  }
  return std::nullopt;
}

std::optional<bool> JsonObject::flag(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) throw error(key, "must be true or false, got " + shown(*value));
  return value->get<bool>();
}

std::optional<bool> JsonObject::flag(Keys keys) const {
  for (const std::string_view key : keys) {
    if (const auto value = flag(key)) return value;
  }
  return std::nullopt;
}

std::optional<std::string> JsonObject::text(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) throw error(key, "must be a text, got " + shown(*value));
  return value->get<std::string>();
}

const json* JsonObject::list(std::string_view key) const {
  const json* value = find(key);
  if (value != nullptr && !value->is_array()) {
    throw error(key, "must be a list, got " + shown(*value));
  }
  return value;
}

Error JsonObject::error(std::string_view key, const std::string& what, std::string mend) const {
  return input_error(file_, in_quotes(path_ + std::string(key)) + " " + what, std::move(mend));
}

}  // namespace dsplan::ingest
