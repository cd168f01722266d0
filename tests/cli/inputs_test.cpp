#include "../../src/cli/inputs.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "../support/built_in.hpp"
#include "surroundings.hpp"

namespace dsplan::cli {
namespace {

using test::Folder;
using test::run_line;
using test::Variables;

/// The value and origin of the batch, as JSON answers say them.
std::string batch_of(std::vector<std::string> more, const Variables& variables) {
  std::vector<std::string> line{"memory", "--model", "llama-3.1-8b", "--json"};
  line.insert(line.end(), more.begin(), more.end());
  const auto outcome = run_line(line, variables);
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  const auto answer = nlohmann::json::parse(outcome.out);
  const auto& batch = answer.at("inputs").at("batch");
  return batch.at("value").dump() + " " + batch.at("origin").get<std::string>();
}

TEST_CASE("flags come before variables, variables before files, near files first", "[cli]") {
  const Folder folder;
  Variables variables{{"XDG_CONFIG_HOME", folder.path() / "xdg"}};
  CHECK(batch_of({}, variables) == "1 default");
  folder.write("xdg/dsplan/config.yaml", "batch: 2\n");
  CHECK(batch_of({}, variables) == "2 file");
  folder.write(".dsplan.yaml", "batch: 3\n");
  CHECK(batch_of({}, variables) == "3 file");
  variables["DSPLAN_BATCH"] = "4";
  CHECK(batch_of({}, variables) == "4 environment");
  CHECK(batch_of({"-b", "5"}, variables) == "5 flag");
  CHECK(batch_of({"--concurrency", "6"}, variables) == "6 flag");
}

TEST_CASE("an empty variable is none, and HOME stands in for XDG_CONFIG_HOME", "[cli]") {
  const Folder folder;
  folder.write(".config/dsplan/config.yaml", "batch: 2\n");
  CHECK(batch_of({}, {{"HOME", folder.path()}, {"DSPLAN_BATCH", ""}}) == "2 file");
}

TEST_CASE("two settings of one source contradict each other", "[cli]") {
  const Folder folder;
  folder.write(".dsplan.yaml", "batch: 1\ngpu: h100\nconcurrency: 2\n");
  const auto outcome = run_line({"memory", "--model", "llama-3.1-8b"});
  CHECK(outcome.code == 2);
  CHECK(outcome.err == "dsplan: .dsplan.yaml:1: batch is set twice (keep one of them)\n");
}

TEST_CASE("values are named by where they were set", "[cli]") {
  Inputs inputs;
  inputs.set(*option_named("batch"), {"x"}, Origin::flag, "");
  inputs.set(*option_named("gpus"), {"-1"}, Origin::environment, "DSPLAN_GPUS");
  inputs.set(*option_named("reserve"), {"2"}, Origin::file, "a.yaml:3");
  using test::refusal;
  CHECK_THAT(refusal([&] { (void)inputs.count("batch"); }), Catch::StartsWith("--batch must be"));
  CHECK_THAT(refusal([&] { (void)inputs.count("gpus"); }), Catch::StartsWith("DSPLAN_GPUS must"));
  CHECK_THAT(refusal([&] { (void)inputs.share("reserve"); }),
             Catch::StartsWith("a.yaml:3: reserve must be"));
  CHECK_FALSE(inputs.text("gpu"));
}

TEST_CASE("inputs in JSON have the type of their option", "[cli]") {
  const auto outcome = run_line({"memory",
                                 "--params",
                                 "13B",
                                 "--reserve",
                                 "10%",
                                 "--json",
                                 "--engine",
                                 "vllm",
                                 "--engine-version",
                                 "0.20"});
  REQUIRE(outcome.code == 0);
  const auto answer = nlohmann::json::parse(outcome.out);
  const auto& inputs = answer.at("inputs");
  CHECK(inputs.at("params").at("value") == 13000000000);
  CHECK(inputs.at("reserve").at("value") == 0.1);
  CHECK(inputs.at("engine_version").at("value") == "0.20");
}

}  // namespace
}  // namespace dsplan::cli
