// The description of a catalog entry's fields: one table per kind serves the loader, the table
// compiler, `catalog show`, the JSON Schema and the documentation.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

namespace dsplan::catalog {

using TextList = std::span<const std::string_view>;

/// One field of an entry of type `Entry`. An absent optional number is unknown and stays so.
template <typename Entry>
struct Field {
  using Member = std::variant<std::string_view Entry::*,
                              TextList Entry::*,
                              bool Entry::*,
                              std::int64_t Entry::*,
                              double Entry::*,
                              std::optional<double> Entry::*>;

  std::string_view key;      ///< in YAML and JSON; a number's key ends in its unit
  std::string_view meaning;  ///< one line for people
  Member member;
  bool required = false;
  TextList one_of{};  ///< the words allowed, for a text of a closed list
};

/// The fields of a kind, in the order in which they are printed. Specialised beside each entry.
template <typename Entry>
[[nodiscard]] std::span<const Field<Entry>> fields_of();

/// What a kind is called: "gpu" and "gpus" (the YAML key and the word of `catalog list`).
struct KindName {
  std::string_view one;
  std::string_view many;
};
template <typename Entry>
[[nodiscard]] KindName kind_of();

}  // namespace dsplan::catalog
