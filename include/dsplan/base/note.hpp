// What an answer says beside its numbers, and where each input came from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dsplan {

/// Something taken for granted that the user could set otherwise.
struct Assumption {
  std::string id;  ///< stable, kebab-case
  std::string text;
  std::string source;  ///< catalog entry, formula id or flag that decides it
};

struct Warning {
  std::string id;
  std::string text;
};

/// Where a value comes from.
enum class Origin { flag, environment, file, catalog, built_in, assumed };

[[nodiscard]] constexpr std::string_view name_of(Origin origin) {
  switch (origin) {
    case Origin::flag:
      return "flag";
    case Origin::environment:
      return "environment";
    case Origin::file:
      return "file";
    case Origin::catalog:
      return "catalog";
    case Origin::built_in:
      return "default";
    case Origin::assumed:
      break;
  }
  return "assumed";
}

/// One input of an answer as it was used, in the words a flag would take.
struct UsedInput {
  std::string name;  ///< the option's name, snake_case
  std::string value;
  Origin origin = Origin::built_in;
  std::string place;     ///< file:line, variable or catalog source, where there is one
  bool is_word = false;  ///< a text, even where it reads as a number ("0.10", "4090")
};

/// What a resolver filled in, took for granted and warns of.
struct Notes {
  std::vector<UsedInput> filled;  ///< inputs that were not given, with their values
  std::vector<Assumption> assumptions;
  std::vector<Warning> warnings;
};

}  // namespace dsplan
