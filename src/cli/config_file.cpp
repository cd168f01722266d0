#include "config_file.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include <yaml-cpp/yaml.h>

#include "dsplan/base/error.hpp"
#include "dsplan/base/suggest.hpp"

namespace dsplan::cli {
namespace {

std::string place(const std::string& file, const YAML::Mark& mark) {
  return mark.is_null() ? file : file + ":" + std::to_string(mark.line + 1);
}

[[noreturn]] void refuse(const std::string& where, const std::string& what, std::string hint) {
  throw Error(ErrorCode::input, where + ": " + what, std::move(hint));
}

const Option& known_option(const std::string& key, const std::string& where) {
  if (const Option* option = option_named(key)) return *option;
  std::vector<std::string_view> names;
  for (const Option& option : all_options()) names.push_back(option.name);
  refuse(where,
         "unknown key '" + key + "'",
         did_you_mean(key, names, "keys are the long option names without dashes"));
}

std::string in_folder_of(const std::string& file, const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  return std::filesystem::path(path).is_absolute() || folder.empty() ? path
                                                                     : (folder / path).string();
}

std::vector<std::string> values_of(const Option& option,
                                   const YAML::Node& node,
                                   const std::string& file) {
  const std::string where = place(file, node.Mark());
  std::vector<std::string> values;
  if (node.IsScalar()) values.push_back(node.Scalar());
  if (node.IsSequence() && option.repeatable) {
    for (const auto& item : node) {
      if (!item.IsScalar())
        refuse(where, "'" + std::string(option.name) + "' must be a list of texts", "write [a, b]");
      values.push_back(item.Scalar());
    }
  }
  if (values.empty())
    refuse(where,
           "'" + std::string(option.name) + "' needs a value",
           "give it one, or remove the key");
  if (option.words == Words::files) {
    for (std::string& value : values) value = in_folder_of(file, value);
  }
  return values;
}

YAML::Node parsed(std::string_view yaml, const std::string& file) {
  try {
    return YAML::Load(std::string(yaml));
  } catch (const YAML::Exception& problem) {
    refuse(place(file, problem.mark), problem.msg, "the file is not well-formed YAML");
  }
}

}  // namespace

void apply_config(Inputs& inputs,
                  const Command& command,
                  std::string_view yaml,
                  const std::string& file) {
  const YAML::Node root = parsed(yaml, file);
  if (root.IsNull()) return;
  if (!root.IsMap()) refuse(file, "must be a map of options", "write `gpu: h100` and the like");
  std::set<std::string> seen;
  const auto taken = options_of(command);
  for (const auto& pair : root) {
    const std::string where = place(file, pair.first.Mark());
    if (!pair.first.IsScalar())
      refuse(where, "a key must be a text", "keys are the long option names without dashes");
    const std::string& key = pair.first.Scalar();
    if (!seen.insert(key).second)
      refuse(where, "key '" + key + "' appears twice", "keep one of them");
    const Option& option = known_option(key, where);
    auto values = values_of(option, pair.second, file);
    if (std::find(taken.begin(), taken.end(), &option) == taken.end()) continue;
    inputs.set(option, std::move(values), Origin::file, where);
  }
}

}  // namespace dsplan::cli
