#include "dsplan/cli/run.hpp"

#include <array>
#include <iterator>
#include <random>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "../../src/cli/options.hpp"
#include "surroundings.hpp"

namespace dsplan::cli {
namespace {

using test::Outcome;
using test::run_line;

TEST_CASE("exit codes come in the order 2, 4, 3", "[cli]") {
  std::vector<std::string> line{"memory", "--model", "llama-3.1-70b", "--gpu", "h100"};
  CHECK(run_line(line).code == 3);
  line.insert(line.end(), {"--fail-if", "fits == false"});
  const Outcome broken = run_line(line);
  CHECK(broken.code == 4);
  CHECK_THAT(broken.out, Catch::Contains("Does not fit"));
  line.insert(line.end(), {"--fail-if", "nothing > 1"});
  const Outcome wrong = run_line(line);
  CHECK(wrong.code == 2);
  CHECK(wrong.out.empty());
}

TEST_CASE("with JSON standard error holds nothing but an error", "[cli]") {
  const Outcome fine = run_line({"memory", "--params", "7B", "--json", "--stats"});
  CHECK(fine.code == 0);
  CHECK(fine.err.empty());
  const Outcome wrong = run_line({"memory", "--json"});
  CHECK(wrong.code == 2);
  CHECK(wrong.out.empty());
  const auto error = nlohmann::json::parse(wrong.err).at("error");
  CHECK(error.at("code") == "usage");
  CHECK(error.at("message") == "no model given");
}

TEST_CASE("an output that fails is exit 1", "[cli]") {
  std::string out;
  std::string err;
  auto around = test::surroundings({}, out, err);
  around.out = [](const std::string&) { throw std::runtime_error("gone"); };
  CHECK(run({"memory", "--params", "7B"}, around) == 1);
  CHECK_THAT(err, Catch::Contains("gone"));
}

TEST_CASE("colour is for terminals that want it", "[cli]") {
  const auto colored = [](test::Variables variables, std::vector<std::string> more) {
    std::string out;
    std::string err;
    auto around = test::surroundings(std::move(variables), out, err);
    around.out_is_terminal = true;
    std::vector<std::string> line{"memory", "--params", "7B", "--gpu", "h100"};
    line.insert(line.end(), more.begin(), more.end());
    REQUIRE(run(line, around) == 0);
    return out.find('\x1b') != std::string::npos;
  };
  CHECK(colored({}, {}));
  CHECK(colored({{"NO_COLOR", ""}}, {}));
  CHECK_FALSE(colored({{"NO_COLOR", "1"}}, {}));
  CHECK_FALSE(colored({{"TERM", "dumb"}}, {}));
  CHECK_FALSE(colored({}, {"--no-color"}));
  CHECK_FALSE(colored({}, {"-o", "markdown"}));
  CHECK_FALSE(colored({}, {"--json"}));
}

TEST_CASE("an answer is written to a file whole, through a link, and to a device as it is",
          "[cli]") {
  const test::Folder folder;
  folder.write("answer", "old");
  std::filesystem::create_symlink("answer", "link");
  CHECK(run_line({"memory", "--params", "7B", "--out", "link"}).code == 0);
  CHECK(std::filesystem::is_symlink("link"));
  CHECK(std::filesystem::file_size("answer") > 100);
  CHECK(run_line({"memory", "--params", "7B", "--out", "/dev/null"}).code == 0);
  CHECK(std::filesystem::is_character_file("/dev/null"));
  CHECK(run_line({"memory", "--params", "7B", "--out", "none/answer"}).code == 1);
  CHECK(run_line({"memory", "--params", "7B", "--out", "."}).code == 1);
  const auto entries = std::filesystem::directory_iterator(".");
  CHECK(std::distance(begin(entries), end(entries)) == 2);
}

/// Words that lines of the command line are made of, right and wrong.
std::vector<std::string> vocabulary() {
  std::vector<std::string> words{"llama-3.1-8b",
                                 "deepseek-r1",
                                 "h100",
                                 "rtx-4090",
                                 "b200-sxm",
                                 "fp8",
                                 "q4_k_m",
                                 "awq",
                                 "vllm",
                                 "llamacpp",
                                 "transformers",
                                 "mlx",
                                 "list",
                                 "show",
                                 "gpus",
                                 "rule",
                                 "json",
                                 "csv",
                                 "markdown",
                                 "yaml",
                                 "0",
                                 "1",
                                 "2",
                                 "8",
                                 "3000",
                                 "13B",
                                 "1T",
                                 "90%",
                                 "0.5",
                                 "-1",
                                 "nan",
                                 "on",
                                 "off",
                                 "",
                                 "--",
                                 "-",
                                 "\xff",
                                 "-m",
                                 "-g",
                                 "-o",
                                 "fits == true",
                                 "gpus > 1"};
  for (const Command& command : all_commands()) {
    const bool reads = !command.positionals.empty() && command.positionals.front().name == "FILE";
    if (!reads) words.emplace_back(command.name);  // a word is no file: exit 1
  }
  for (const Option& option : all_options()) {
    if (option.words != Words::files) words.push_back("--" + std::string(option.name));
  }
  return words;
}

TEST_CASE("no line of words makes anything escape", "[cli]") {
  const test::Folder folder;
  const auto words = vocabulary();
  std::minstd_rand random(7);
  for (int i = 0; i < 1500; ++i) {
    std::vector<std::string> line{i % 3 == 0 ? "flops" : "memory", "--model", "llama-3.1-8b"};
    if (i % 5 == 0) line.clear();
    const std::size_t more = random() % 8;
    for (std::size_t n = 0; n < more; ++n) line.push_back(words[random() % words.size()]);
    std::string shown;
    for (const auto& word : line) shown += word + " ";
    INFO(shown);
    const Outcome outcome = run_line(line);
    CHECK((outcome.code == 0 || outcome.code == 2 || outcome.code == 3 || outcome.code == 4));
    CHECK((outcome.code != 2 || outcome.out.empty()));
    CHECK((outcome.code != 2 || !outcome.err.empty()));
  }
}

std::vector<std::string> split(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

TEST_CASE("flags that `recommend` prints give the same figures to `latency` and `cost`", "[cli]") {
  using nlohmann::json;
  const Outcome asked =
      run_line(split("recommend --model qwen3-32b --gpu h200 --max-gpus 8 --input-tokens 4000 "
                     "--output-tokens 1000 "
                     "--max-ttft 2s --max-tpot 30ms --json"));
  REQUIRE(asked.code == 0);
  const json deployments = json::parse(asked.out).at("result").at("deployments");
  bool pools = false;
  for (const json& d : deployments) {
    INFO(d.at("flags"));
    pools = pools || !d.at("pools").is_null();
    const Outcome timed = run_line(split("latency --json " + d.at("flags").get<std::string>()));
    REQUIRE(timed.code == 0);
    const json l = json::parse(timed.out).at("result");
    for (const char* key : {"ttft_s",
                            "tpot_s",
                            "e2e_s",
                            "ttft_p99_s",
                            "tpot_p99_s",
                            "output_tokens_per_s",
                            "output_tokens_per_s_per_gpu",
                            "requests_per_s"})
      CHECK(l.at(key) == d.at("performance").at(key));
    const Outcome paid = run_line(split("cost --json " + d.at("flags").get<std::string>()));
    REQUIRE(paid.code == 0);
    const json c = json::parse(paid.out).at("result");
    for (const char* key : {"usd_per_hour", "usd_per_month", "capex_usd"})
      CHECK(c.at(key) == d.at("cost").at(key));
  }
  CHECK(pools);
}

}  // namespace
}  // namespace dsplan::cli
