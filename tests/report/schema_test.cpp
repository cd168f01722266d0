// Every answer is valid against the schema that the program prints.
#include "dsplan/report/schema.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "../support/built_in.hpp"
#include "../support/program.hpp"

namespace dsplan::report {
namespace {

bool is_of_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "integer") return value.is_number_integer();
  return type == "number" && value.is_number();
}

bool type_matches(const Json& value, const Json& types) {
  if (types.is_string()) return is_of_type(value, types.get<std::string>());
  return std::any_of(types.begin(), types.end(), [&](const Json& type) {
    return is_of_type(value, type.get<std::string>());
  });
}

/// The part of JSON Schema that the program uses; another keyword is a fault of the test.
class Validator {
 public:
  std::vector<std::string> faults;

  void check(const Json& value, const Json& schema, const std::string& path) {
    static const std::set<std::string> kKnown{"$schema",
                                              "title",
                                              "description",
                                              "type",
                                              "properties",
                                              "required",
                                              "additionalProperties",
                                              "items",
                                              "enum",
                                              "const",
                                              "oneOf",
                                              "anyOf"};
    for (const auto& [keyword, unused] : schema.items()) {
      if (!kKnown.contains(keyword)) faults.push_back(path + ": keyword " + keyword);
    }
    if (schema.contains("type") && !type_matches(value, schema["type"])) {
      faults.push_back(path + ": " + value.dump() + " is not of type " + schema["type"].dump());
      return;
    }
    if (schema.contains("const") && value != schema["const"]) faults.push_back(path + ": const");
    if (schema.contains("enum") && !contains(schema["enum"], value)) {
      faults.push_back(path + ": " + value.dump() + " is not in the enum");
    }
    for (const char* choice : {"oneOf", "anyOf"}) {
      if (schema.contains(choice)) check_choice(value, schema[choice], choice, path);
    }
    if (value.is_object()) check_object(value, schema, path);
    if (value.is_array() && schema.contains("items")) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        check(value[i], schema["items"], path + "[" + std::to_string(i) + "]");
      }
    }
  }

 private:
  static bool contains(const Json& list, const Json& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  }

  void check_choice(const Json& value,
                    const Json& choices,
                    const std::string& keyword,
                    const std::string& path) {
    std::ptrdiff_t valid = 0;
    for (const Json& choice : choices) {
      Validator one;
      one.check(value, choice, path);
      if (one.faults.empty()) ++valid;
    }
    if (valid == 0 || (keyword == "oneOf" && valid > 1)) {
      faults.push_back(path + ": " + std::to_string(valid) + " of " + keyword + " hold");
    }
  }

  void check_object(const Json& value, const Json& schema, const std::string& path) {
    const Json none = Json::object();
    const Json& properties = schema.contains("properties") ? schema["properties"] : none;
    if (schema.contains("required")) {
      for (const Json& key : schema["required"]) {
        if (!value.contains(key.get<std::string>()))
          faults.push_back(path + ": no " + key.get<std::string>());
      }
    }
    for (const auto& [key, member] : value.items()) {
      const std::string at = path + "." + key;
      if (properties.contains(key)) {
        check(member, properties[key], at);
      } else if (schema.contains("additionalProperties")) {
        const Json& more = schema["additionalProperties"];
        if (more.is_boolean()) {
          if (!more.get<bool>()) faults.push_back(at + " is not in the schema");
        } else {
          check(member, more, at);
        }
      }
    }
  }
};

std::string faults_of(const Json& value, const Json& schema) {
  Validator validator;
  validator.check(value, schema, "$");
  std::string text;
  for (const auto& fault : validator.faults) text += fault + "\n";
  return text;
}

constexpr const char* kCommands[] = {
    "memory --model llama-3.1-8b",
    "memory --model llama-3.1-8b --gpu h100-sxm",
    "memory --model llama-3.1-70b --gpu h100-sxm",
    "memory --model deepseek-v3 --gpu h100-sxm --gpus 16 --engine sglang",
    "memory --model mixtral-8x7b --gpu h100-sxm --tp 8 --ep 8 --batch 256 --context 4096",
    "memory --model gpt-oss-120b --gpu rtx-4090 --engine llamacpp --gpus 4",
    "memory --model gemma-3-27b --gpu l40s --engine trtllm --precision fp8",
    "memory --params 13B",
    "memory --params 13B --gpu a100-sxm-80 --precision int4",
    "memory --params 30B --active-params 3B",
    "memory --params 1B --precision fp16 --batch 32 --method rule",
    "memory --params 1B --precision fp16 --batch 32 --method rule --gpu h100-sxm --gpus 3",
    "memory --model llama-3.1-8b --gpu h100-sxm --adjust-batch 16 --utilization 95%",
    "memory --params 1B --method rule --adjust-batch 16 --utilization 20%",
    "memory --model bert-base --gpu t4 --engine transformers",
    "memory --model qwen3-32b --gpu rtx-4090 --engine llamacpp --gpu-layers 20 --precision q4_k_m",
    "flops --model llama-3.1-8b",
    "flops --model deepseek-v3 --batch 64",
    "flops --params 1B --seq-len 1024 --batch 32 --method rule",
    "flops --params 13B",
    "cards --model llama-3.1-70b --gpu h100-sxm",
    "cards --model llama-3.1-70b --gpu h100-sxm --latency 2ms",
    "cards --model llama-3.1-8b --gpu h100-sxm --latency 10ms --throughput 5000 --gpus 2",
    "cards --model llama-3.1-8b --engine mlx",
    "cards --gpu h100-sxm --gpus 2",
    "cards --params 1B --batch 32 --gpu a100-sxm-40 --latency 16ms --method rule",
    "quantize --model llama-3.1-8b",
    "quantize --model llama-3.1-70b --gpu h100-sxm --engine trtllm",
    "latency --model llama-3.1-8b --gpu h100-sxm",
    "latency --model llama-3.1-70b --gpu h100-sxm",
    "latency --model deepseek-v3 --gpu h200-sxm --gpus 8 --concurrency 64 --engine sglang",
    "latency --model qwen3-32b --gpu h100-sxm --curve concurrency",
    "latency --model qwen3-32b --gpu h100-sxm --curve context",
    "latency --model qwen3-32b --gpu h100-sxm --curve gpus",
    "latency --params 13B --gpu a100-sxm-80 --batch 4",
    "latency --params 1B --seq-len 1024 --batch 32 --gpu a100-sxm-80 --method rule",
    "latency --model bert-base --gpu t4 --engine transformers --batch 8",
    "latency --model llama-3.1-8b --gpu h100-sxm --gpus 8 --workload training",
    "latency --model llama-3.1-8b --gpu h100-sxm --workload lora --tokens 1B",
    "cost --model llama-3.1-8b --gpu h100-sxm",
    "cost --model llama-3.1-8b --gpu mi300x --term reserved-1y",
    "cost --model bert-base --gpu t4 --engine transformers --batch 8 --output-tokens 0 --as-of 2026-08-31",
    "cost --model llama-3.1-8b --gpu h100-sxm --gpus 16 --workload training --tokens 1T",
    "host --model llama-3.1-405b --gpu h100-sxm --gpus 16 --tp 8 --pp 2",
    "host --model llama-3.1-8b --gpu apple-m4-max --engine llamacpp",
    "host --model llama-3.1-8b --gpu h100-sxm --workload lora",
    "recommend --model llama-3.1-8b --gpu l40s --gpus 2",
    "recommend --model llama-3.1-8b --gpu l40s --gpus 1 --max-tpot 1ms",
    "recommend --model qwen3-32b --gpu h200-sxm --gpus 8 --pareto",
    "recommend --scenario edge --gpu raspberry-pi-5-8",
    "recommend --scenario fine-tuning --model llama-3.1-8b --vendor amd",
    "recommend --scenario research-training --gpu h100-sxm",
    "recommend --workload training --model llama-3.1-405b --gpu l4 --max-gpus 2",
    "recommend --workload training --model llama-3.1-8b --gpu h100-sxm --gpus 8 --max-power 1kW",
    "recommend --model llama-3.1-8b --gpu a100-sxm-80 --scenario production --method rule",
    "catalog list scenarios",
    "catalog list bands",
    "catalog list gpus",
    "catalog list models",
    "catalog list formats",
    "catalog list engines",
    "catalog list links",
    "catalog list prices",
    "catalog show gpus a100",
    "catalog show models deepseek-v3",
    "catalog show formats q4_k_m",
    "catalog show engines vllm",
    "catalog show links nvlink4",
    "catalog show h100",
    "validate " DSPLAN_TEST_DATA_DIR "/vllm_memory.csv",
    "validate " DSPLAN_SOURCE_DIR "/tests/golden/validate-planning/runs.csv"};

TEST_CASE("every answer is valid against its command's schema and against that of all",
          "[report]") {
  const Json any = Json::parse(schema_text(""));
  for (const char* line : kCommands) {
    auto arguments = test::words(line);
    const Json schema = Json::parse(schema_text(arguments.front()));
    arguments.insert(arguments.end(), {"-o", "json"});
    const test::Run run = test::run(arguments);
    INFO(line);
    CHECK((run.code == 0 || run.code == 3));
    CHECK(run.err.empty());
    REQUIRE(Json::accept(run.out));
    const Json answer = Json::parse(run.out);
    CHECK(faults_of(answer, schema) == "");
    CHECK(faults_of(answer, any) == "");
    CHECK(answer["command"] == arguments.front());
  }
}

TEST_CASE("one shape of the memory answer, whatever the flags", "[report]") {
  std::set<std::string> keys;
  for (const char* line : kCommands) {
    auto arguments = test::words(line);
    if (arguments.front() != "memory") continue;
    arguments.insert(arguments.end(), {"-o", "json"});
    std::string names;
    const Json result = Json::parse(test::run(arguments).out)["result"];
    for (const auto& [key, unused] : result.items()) {
      names += key + " ";
    }
    keys.insert(names);
  }
  CHECK(keys.size() == 1);
}

/// The figures that have a band are objects of value, low and high, whatever the workload.
void check_predicted(const Json& value) {
  if (!value.is_structured()) return;
  if (value.is_object() && value.contains("low")) {
    if (value["low"].is_null()) return;
    CHECK(value["low"].get<double>() <= value["value"].get<double>());
    CHECK(value["value"].get<double>() <= value["high"].get<double>());
  }
  for (const Json& member : value) check_predicted(member);
}

TEST_CASE("two shapes of the latency answer, one a workload, and bands hold their figures",
          "[report]") {
  std::set<std::string> keys;
  for (const char* line : kCommands) {
    auto arguments = test::words(line);
    if (arguments.front() != "latency") continue;
    arguments.insert(arguments.end(), {"-o", "json"});
    const Json result = Json::parse(test::run(arguments).out)["result"];
    std::string names;
    for (const auto& [key, unused] : result.items()) names += key + " ";
    keys.insert(names);
    INFO(line);
    check_predicted(result);
  }
  CHECK(keys.size() == 2);
}

void check_numbers(const Json& value, const std::string& path) {
  if (value.is_object() || value.is_array()) {
    for (const auto& [key, member] : value.items()) check_numbers(member, path + "." + key);
  } else if (path.ends_with("_bytes") && !value.is_null()) {
    INFO(path);
    CHECK(value.is_number_integer());
  }
}

TEST_CASE("byte counts are integers, and an answer is the same each time", "[report]") {
  for (const char* line : kCommands) {
    auto arguments = test::words(line);
    arguments.insert(arguments.end(), {"-o", "json"});
    const std::string first = test::run(arguments).out;
    INFO(line);
    CHECK(first == test::run(arguments).out);
    if (arguments.front() != "catalog") check_numbers(Json::parse(first)["result"], "");
  }
}

TEST_CASE("the validator finds what is wrong", "[report]") {
  const Json schema = Json::parse(schema_text("memory"));
  Json answer = Json::parse(test::run(test::words("memory --model llama-3.1-8b -o json")).out);
  CHECK(faults_of(answer, schema) == "");
  answer["result"]["per_gpu"]["total_bytes"] = 1.5;
  CHECK(faults_of(answer, schema) ==
        "$.result.per_gpu.total_bytes: 1.5 is not of type "
        "\"integer\"\n");
  answer["result"]["per_gpu"].erase("total_bytes");
  CHECK(faults_of(answer, schema) == "$.result.per_gpu: no total_bytes\n");
  answer["result"]["per_gpu"]["total_bytes"] = 1;
  answer["result"]["extra"] = 1;
  CHECK(faults_of(answer, schema) == "$.result.extra is not in the schema\n");
}

TEST_CASE("a command without a schema is refused", "[report]") {
  CHECK(test::refusal([] { (void)schema_text("memroy"); }) ==
        "no schema for 'memroy' | did you mean 'memory'?");
  for (const auto command : commands_with_schema()) CHECK_NOTHROW(schema_text(command));
}

}  // namespace
}  // namespace dsplan::report
