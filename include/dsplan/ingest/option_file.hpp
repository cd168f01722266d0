// A configuration file: a flat YAML map of option names to values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dsplan::ingest {

/// One key with its value, or values where a list stands.
struct OptionSetting {
  std::string key;
  std::vector<std::string> values;
  bool is_list = false;
  std::string place;  ///< file:line of the key
};

/// The settings in file order; an empty file has none. Throws an input error at file:line for text
/// that is not such a map, for a key that appears twice and for a key without a value.
[[nodiscard]] std::vector<OptionSetting> read_option_file(std::string_view yaml,
                                                          const std::string& file);

}  // namespace dsplan::ingest
