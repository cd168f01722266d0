#include "dsplan/report/schema.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "dsplan/base/error.hpp"
#include "dsplan/base/suggest.hpp"
#include "dsplan/report/calibration_report.hpp"
#include "dsplan/report/cards_report.hpp"
#include "dsplan/report/catalog_report.hpp"
#include "dsplan/report/cost_report.hpp"
#include "dsplan/report/flops_report.hpp"
#include "dsplan/report/host_report.hpp"
#include "dsplan/report/latency_report.hpp"
#include "dsplan/report/memory_report.hpp"
#include "dsplan/report/quantize_report.hpp"
#include "dsplan/report/recommend_report.hpp"
#include "dsplan/report/validation_report.hpp"
#include "dsplan/report/version.hpp"

namespace dsplan::report {
namespace {

struct CommandSchema {
  std::string_view command;
  Json (*result)();
};

constexpr std::array kCommands{CommandSchema{"memory", &memory_schema},
                               CommandSchema{"flops", &flops_schema},
                               CommandSchema{"latency", &latency_schema},
                               CommandSchema{"cards", &cards_schema},
                               CommandSchema{"quantize", &quantize_schema},
                               CommandSchema{"host", &host_schema},
                               CommandSchema{"cost", &cost_schema},
                               CommandSchema{"recommend", &recommend_schema},
                               CommandSchema{"catalog", &catalog_schema},
                               CommandSchema{"validate", &validation_schema},
                               CommandSchema{"calibrate", &calibration_schema}};

Json text_object(std::initializer_list<const char*> keys) {
  Json schema = Json::object();
  schema["type"] = "object";
  schema["properties"] = Json::object();
  schema["required"] = Json::array();
  for (const char* key : keys) {
    schema["properties"][key] = Json::object();
    schema["properties"][key]["type"] = "string";
    schema["required"].push_back(key);
  }
  schema["additionalProperties"] = false;
  return schema;
}

Json list_of(Json item) {
  Json schema = Json::object();
  schema["type"] = "array";
  schema["items"] = std::move(item);
  return schema;
}

Json inputs_schema() {
  Json input = Json::object();
  input["type"] = "object";
  input["properties"] = Json::object();
  input["properties"]["value"] = Json::object();
  input["properties"]["origin"] = Json::object();
  Json origins = Json::array();
  for (const Origin origin : {Origin::flag,
                              Origin::environment,
                              Origin::file,
                              Origin::catalog,
                              Origin::built_in,
                              Origin::assumed}) {
    origins.push_back(name_of(origin));
  }
  input["properties"]["origin"]["enum"] = std::move(origins);
  input["required"] = Json::array();
  input["required"].push_back("value");
  input["required"].push_back("origin");
  input["additionalProperties"] = false;
  Json schema = Json::object();
  schema["type"] = "object";
  schema["additionalProperties"] = std::move(input);
  return schema;
}

Json constant(std::string_view value) {
  Json schema = Json::object();
  schema["const"] = value;
  return schema;
}

Json envelope_schema(const CommandSchema& command) {
  Json properties = Json::object();
  properties["schema_version"] = constant(kSchemaVersion);
  properties["command"] = constant(command.command);
  properties["tool"] = text_object({"name", "version"});
  properties["inputs"] = inputs_schema();
  properties["result"] = command.result();
  properties["assumptions"] = list_of(text_object({"id", "text", "source"}));
  properties["warnings"] = list_of(text_object({"id", "text"}));
  Json schema = Json::object();
  schema["title"] = "dsplan " + std::string(command.command);
  schema["type"] = "object";
  schema["required"] = Json::array();
  for (const auto& [key, value] : properties.items()) schema["required"].push_back(key);
  schema["properties"] = std::move(properties);
  schema["additionalProperties"] = false;
  return schema;
}

const CommandSchema& named(std::string_view command) {
  for (const CommandSchema& c : kCommands) {
    if (c.command == command) return c;
  }
  const auto known = commands_with_schema();
  throw Error(ErrorCode::usage,
              "no schema for '" + std::string(command) + "'",
              did_you_mean(command, known, "`dsplan schema` without a command prints all"));
}

/// The schema at a path, through lists and alternatives; null where there is none.
const Json* schema_at(const Json& schema, std::string_view path) {
  if (schema.contains("anyOf")) {
    for (const Json& one : schema.at("anyOf")) {
      if (const Json* found = schema_at(one, path)) return found;
    }
    return nullptr;
  }
  if (schema.contains("items")) return schema_at(schema.at("items"), path);
  if (path.empty()) return &schema;
  const auto dot = path.find('.');
  const std::string_view step = path.substr(0, dot);
  const std::string key(step.substr(0, step.find('[')));
  if (!schema.contains("properties") || !schema.at("properties").contains(key)) return nullptr;
  const std::string_view rest = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  const Json& next = schema.at("properties").at(key);
  return rest.empty() && !next.contains("items") ? &next : schema_at(next, rest);
}

}  // namespace

std::string meaning_of(std::string_view command, std::string_view path) {
  const auto found = std::find_if(kCommands.begin(), kCommands.end(), [&](const CommandSchema& c) {
    return c.command == command;
  });
  if (found == kCommands.end()) return {};
  const Json schema = found->result();
  const Json* at = schema_at(schema, path);
  return at != nullptr ? at->value("description", "") : std::string();
}

std::vector<std::string_view> commands_with_schema() {
  std::vector<std::string_view> names;
  names.reserve(kCommands.size());
  for (const CommandSchema& c : kCommands) names.push_back(c.command);
  return names;
}

std::string schema_text(std::string_view command) {
  Json schema = Json::object();
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  if (command.empty()) {
    schema["title"] = "an answer of dsplan";
    schema["oneOf"] = Json::array();
    for (const CommandSchema& c : kCommands) schema["oneOf"].push_back(envelope_schema(c));
  } else {
    schema.update(envelope_schema(named(command)));
  }
  return schema.dump(2) + "\n";
}

}  // namespace dsplan::report
