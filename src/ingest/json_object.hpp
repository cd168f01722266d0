// Strict reading of a JSON object that somebody else wrote. Private to the ingest floor.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "dsplan/base/error.hpp"

namespace dsplan::ingest {

/// Names under which one fact is written; the first one present wins.
using Keys = std::span<const std::string_view>;

/// `text` in quotes, on one line and shortened: fit for a message.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// An input error: "<file>: <what>", with its mend.
[[nodiscard]] Error input_error(std::string_view file,
                                const std::string& what,
                                std::string mend = {});

/// Parses `text`. Python's Infinity and NaN, which JSON lacks, become null. Error: not JSON, with
/// the byte where it stops being so, or not an object.
[[nodiscard]] nlohmann::json parse_json_object(std::string_view text, std::string_view file);

/// A view of an object (which must outlive it) that knows its place for messages. A null counts as
/// absent everywhere, as in Hugging Face configs.
class JsonObject {
 public:
  JsonObject(const nlohmann::json& object, std::string_view file, std::string path = {})
      : object_(&object), file_(file), path_(std::move(path)) {}

  [[nodiscard]] const nlohmann::json* find(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }

  /// The member object, or nothing when absent. Error: not an object.
  [[nodiscard]] std::optional<JsonObject> object(std::string_view key) const;
  /// A whole number of 0 to `most`; 3.0 passes, 3.5, true and "3" do not.
  [[nodiscard]] std::optional<std::int64_t> count(std::string_view key, std::int64_t most) const;
  [[nodiscard]] std::optional<std::int64_t> count(Keys keys, std::int64_t most) const;
  [[nodiscard]] std::optional<bool> flag(std::string_view key) const;
  [[nodiscard]] std::optional<bool> flag(Keys keys) const;
  [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
  /// The array, or null when absent. Error: not an array.
  [[nodiscard]] const nlohmann::json* list(std::string_view key) const;

  [[nodiscard]] const nlohmann::json& raw() const { return *object_; }
  [[nodiscard]] std::string_view file() const { return file_; }
  /// "<file>: '<path>.<key>' <what>".
  [[nodiscard]] Error error(std::string_view key,
                            const std::string& what,
                            std::string mend = {}) const;

 private:
  const nlohmann::json* object_;
  std::string_view file_;
  std::string path_;
};

/// `value` as a whole number of 0 to `most`, or nothing.
[[nodiscard]] std::optional<std::int64_t> as_count(const nlohmann::json& value, std::int64_t most);

}  // namespace dsplan::ingest
