#include "yaml_output.hpp"

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

namespace dsplan::report {
namespace {

void emit(YAML::Emitter& out, const Json& node) {
  if (node.is_object()) {
    out << YAML::BeginMap;
    for (const auto& [key, value] : node.items()) {
      out << YAML::Key << key << YAML::Value;
      emit(out, value);
    }
    out << YAML::EndMap;
  } else if (node.is_array()) {
    if (node.empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const Json& item : node) emit(out, item);
    out << YAML::EndSeq;
  } else if (node.is_string()) {
    out << YAML::DoubleQuoted << node.get<std::string>();
  } else if (node.is_null()) {
    out << YAML::Null;
  } else {
    out << node.dump();  // numbers and booleans read the same in YAML
  }
}

}  // namespace

std::string yaml_of(const Json& json) {
  YAML::Emitter out;
  emit(out, json);
  return std::string(out.c_str()) + "\n";
}

}  // namespace dsplan::report
