#include "../../src/cli/parser.hpp"

#include <catch2/catch.hpp>

#include "../support/built_in.hpp"

namespace dsplan::cli {
namespace {

using Arguments = std::vector<std::string>;

Parsed parse(const Arguments& arguments, const char* command = "memory") {
  return parse_arguments(*command_named(command), arguments);
}

std::string refused(const Arguments& arguments, const char* command = "memory") {
  return test::refusal([&] { (void)parse(arguments, command); });
}

TEST_CASE("an option's value follows it, or stands behind = or its letter", "[cli]") {
  for (const Arguments& line : {Arguments{"--gpu", "h100"},
                                Arguments{"--gpu=h100"},
                                Arguments{"-g", "h100"},
                                Arguments{"-gh100"},
                                Arguments{"-g=h100"}}) {
    INFO(line.front());
    CHECK(parse(line).inputs.text("gpu") == "h100");
  }
  CHECK(parse({"--fail-if", "gpus >= 1"}).inputs.list("fail-if") == Arguments{"gpus >= 1"});
  CHECK(parse({"--fail-if=gpus=1"}).inputs.list("fail-if") == Arguments{"gpus=1"});
  CHECK(parse({"--out", "-"}).inputs.text("out") == "-");
}

TEST_CASE("a value that looks like an option is a value forgotten", "[cli]") {
  CHECK_THAT(refused({"--model"}), Catch::StartsWith("--model needs a value"));
  CHECK_THAT(refused({"--model", "--gpu", "h100"}), Catch::StartsWith("--model needs a value"));
  CHECK_THAT(refused({"-m", "-g", "h100"}), Catch::StartsWith("--model needs a value"));
  CHECK_THAT(refused({"--model", "--modle"}), Catch::StartsWith("--model needs a value"));
  CHECK(parse({"--batch", "-5"}).inputs.find("batch")->values == Arguments{"-5"});
}

TEST_CASE("unknown options name the nearest", "[cli]") {
  CHECK(refused({"--modle", "x"}) == "unknown option --modle | did you mean '--model'?");
  CHECK(refused({"-gpu", "h100"}) == "unknown option -gpu | did you mean '--gpu'?");
  CHECK(refused({"-gpus=4"}) == "unknown option -gpus | did you mean '--gpus'?");
  CHECK(refused({"--hlep"}) == "unknown option --hlep | did you mean '--help'?");
  CHECK_THAT(refused({"--adjust-batch", "3"}, "flops"),
             Catch::StartsWith("`flops` does not take --adjust-batch"));
}

TEST_CASE("flags may be repeated, values may not", "[cli]") {
  CHECK(parse({"--json", "--json"}).inputs.text("output") == "json");
  CHECK_FALSE(parse({"--json=false"}).inputs.has("output"));
  CHECK_FALSE(parse({"--explain=false"}).inputs.flag("explain"));
  CHECK(refused({"--model", "a", "--model", "b"}) == "--model is given 2 times | keep one of them");
  CHECK(refused({"--json", "-o", "csv"}) == "--output is set twice | keep one of them");
  CHECK(refused({"--batch", "1", "--concurrency", "2"}) ==
        "--batch is set twice | keep one of them");
  CHECK(parse({"--catalog", "a", "--catalog", "b"}).inputs.list("catalog") == Arguments{"a", "b"});
}

TEST_CASE("words are counted by the command's table", "[cli]") {
  CHECK(parse({"list", "gpus"}, "catalog").positionals == Arguments{"list", "gpus"});
  CHECK(parse({"show", "--json", "h100"}, "catalog").positionals == Arguments{"show", "h100"});
  CHECK(parse({"--", "--json"}, "catalog").positionals == Arguments{"--json"});
  CHECK_THAT(refused({"a", "b", "c", "d"}, "catalog"), Catch::StartsWith("`catalog` does not"));
  CHECK_THAT(refused({"extra"}), Catch::StartsWith("`memory` does not take 'extra'"));
}

TEST_CASE("help wins over what is wrong beside it", "[cli]") {
  for (const Arguments& line :
       {Arguments{"--help"}, Arguments{"--gpu", "-h"}, Arguments{"--bogus", "--help"}}) {
    CHECK(parse(line).help);
  }
  CHECK_FALSE(parse({"--", "--help"}, "catalog").help);
}

TEST_CASE("every option of the table is taken by its commands and by no other way", "[cli]") {
  for (const Command& command : all_commands()) {
    for (const Option* option : options_of(command)) {
      REQUIRE(option != nullptr);
      INFO(command.name << " --" << option->name);
      const std::string name = "--" + std::string(option->name);
      const Arguments line = option->kind == Kind::flag ? Arguments{name} : Arguments{name, "1"};
      const std::string_view target = option->same_as.empty() ? option->name : option->same_as;
      CHECK(parse_arguments(command, line).inputs.has(target));
    }
  }
}

}  // namespace
}  // namespace dsplan::cli
