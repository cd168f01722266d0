#include "config_file.hpp"

#include <algorithm>
#include <filesystem>

#include "dsplan/base/error.hpp"
#include "dsplan/base/suggest.hpp"
#include "dsplan/ingest/option_file.hpp"

namespace dsplan::cli {
namespace {

using ingest::OptionSetting;

const Option& known_option(const OptionSetting& setting) {
  if (const Option* option = option_named(setting.key)) return *option;
  std::vector<std::string_view> names;
  for (const Option& option : all_options()) names.push_back(option.name);
  throw Error(ErrorCode::input,
              setting.place + ": unknown key '" + setting.key + "'",
              did_you_mean(setting.key, names, "keys are the long option names without dashes"));
}

/// A file named in a configuration file stands in its folder.
std::string in_folder_of(const std::string& file, const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  const bool complete = std::filesystem::path(path).is_absolute() || folder.empty();
  return complete ? path : (folder / path).string();
}

std::vector<std::string> values_of(const Option& option,
                                   const OptionSetting& setting,
                                   const std::string& file) {
  if (setting.is_list && !option.repeatable) {
    throw Error(ErrorCode::input,
                setting.place + ": '" + setting.key + "' takes one value, not a list",
                "write `" + setting.key + ": value`");
  }
  std::vector<std::string> values = setting.values;
  if (option.words == Words::files) {
    for (std::string& value : values) value = in_folder_of(file, value);
  }
  return values;
}

}  // namespace

void apply_config(Inputs& inputs,
                  const Command& command,
                  std::string_view yaml,
                  const std::string& file) {
  const auto taken = options_of(command);
  for (const OptionSetting& setting : ingest::read_option_file(yaml, file)) {
    const Option& option = known_option(setting);
    auto values = values_of(option, setting, file);
    if (std::find(taken.begin(), taken.end(), &option) == taken.end()) continue;
    inputs.set(option, std::move(values), Origin::file, setting.place);
  }
}

}  // namespace dsplan::cli
