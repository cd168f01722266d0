#include "../../src/cli/config_file.hpp"

#include <catch2/catch.hpp>

#include "../support/built_in.hpp"
#include "surroundings.hpp"

namespace dsplan::cli {
namespace {

Inputs applied(std::string_view yaml, const std::string& file = "c.yaml") {
  Inputs inputs;
  apply_config(inputs, *command_named("memory"), yaml, file);
  return inputs;
}

TEST_CASE("a configuration file that is wrong is told with file and line", "[cli]") {
  struct Row {
    const char* yaml;
    const char* refusal;
  };
  const Row rows[] = {
      {"gpu: h100\nbach: 8\n", "c.yaml:2: unknown key 'bach' | did you mean 'batch'?"},
      {"model: [a, b]\n", "c.yaml:1: 'model' takes one value, not a list | write `model: value`"},
      {"\ngpu:\n", "c.yaml:2: 'gpu' needs a value | give it one, or remove the key"},
      {"gpu: a\ngpu: b\n", "c.yaml:2: key 'gpu' appears twice | keep one of them"},
      {"- a\n", "c.yaml: must be a map of options | write `gpu: h100` and the like"},
      {"json: maybe\n",
       "c.yaml:1: json must be true or false, got 'maybe' | write true, or leave it out"},
  };
  for (const Row& row : rows) {
    INFO(row.yaml);
    CHECK(test::refusal([&] { (void)applied(row.yaml); }) == row.refusal);
  }
  CHECK_THAT(test::refusal([] { (void)applied("gpu: {\n"); }), Catch::StartsWith("c.yaml:2: "));
}

TEST_CASE("keys of other commands are left to them", "[cli]") {
  CHECK(applied("").all().empty());
  CHECK(applied("gpu: h100\n").text("gpu") == "h100");
  Inputs inputs;
  apply_config(inputs, *command_named("flops"), "adjust-batch: 4\nbatch: 2\n", "c.yaml");
  CHECK(inputs.all().size() == 1);
}

TEST_CASE("a file named in a configuration file stands in its folder", "[cli]") {
  CHECK(applied("catalog: own.yaml\n", "/etc/dsplan/c.yaml").list("catalog") ==
        std::vector<std::string>{"/etc/dsplan/own.yaml"});
  CHECK(applied("catalog: [/a.yaml, b.yaml]\n").list("catalog") ==
        std::vector<std::string>{"/a.yaml", "b.yaml"});
}

TEST_CASE("a folder in a configuration file's place is told", "[cli]") {
  const test::Folder folder;
  std::filesystem::create_directory(".dsplan.yaml");
  const auto outcome = test::run_line({"memory", "--params", "7B"});
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.err, Catch::StartsWith("dsplan: .dsplan.yaml: is a directory"));
}

}  // namespace
}  // namespace dsplan::cli
