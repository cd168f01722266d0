#include "dsplan/ingest/option_file.hpp"

#include <set>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "dsplan/base/error.hpp"

namespace dsplan::ingest {
namespace {

std::string place(const std::string& file, const YAML::Mark& mark) {
  return mark.is_null() ? file : file + ":" + std::to_string(mark.line + 1);
}

[[noreturn]] void refuse(const std::string& where, const std::string& what, std::string hint) {
  throw Error(ErrorCode::input, where + ": " + what, std::move(hint));
}

YAML::Node parsed(std::string_view yaml, const std::string& file) {
  try {
    return YAML::Load(std::string(yaml));
  } catch (const YAML::Exception& problem) {
    refuse(place(file, problem.mark), problem.msg, "the file is not well-formed YAML");
  }
}

OptionSetting setting(const YAML::Node& key, const YAML::Node& value, const std::string& file) {
  const std::string where = place(file, key.Mark());
  if (!key.IsScalar()) refuse(where, "a key must be a text", "keys are long option names");
  OptionSetting out{key.Scalar(), {}, value.IsSequence(), where};
  if (value.IsScalar()) out.values.push_back(value.Scalar());
  if (value.IsSequence()) {
    for (const auto& item : value) {
      if (!item.IsScalar()) refuse(where, "'" + out.key + "' must list texts", "write [a, b]");
      out.values.push_back(item.Scalar());
    }
  }
  if (out.values.empty()) {
    refuse(where, "'" + out.key + "' needs a value", "give it one, or remove the key");
  }
  return out;
}

}  // namespace

std::vector<OptionSetting> read_option_file(std::string_view yaml, const std::string& file) {
  const YAML::Node root = parsed(yaml, file);
  std::vector<OptionSetting> settings;
  if (root.IsNull()) return settings;
  if (!root.IsMap()) refuse(file, "must be a map of options", "write `gpu: h100` and the like");
  std::set<std::string> seen;
  for (const auto& pair : root) {
    settings.push_back(setting(pair.first, pair.second, file));
    if (!seen.insert(settings.back().key).second) {
      refuse(settings.back().place,
             "key '" + settings.back().key + "' appears twice",
             "keep one of them");
    }
  }
  return settings;
}

}  // namespace dsplan::ingest
