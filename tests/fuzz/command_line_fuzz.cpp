// Fuzzes what users type: the first byte picks a command line, a --fail-if, a configuration file or
// numbers. A line's arguments are the lines of the input. Nothing may escape but dsplan::Error, and
// a fault of the program (exit 1) is one of ours: the lines name no files.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "dsplan/base/error.hpp"
#include "dsplan/base/parse.hpp"
#include "dsplan/base/suggest.hpp"
#include "dsplan/cli/run.hpp"
#include "dsplan/report/expression.hpp"

#include "../../src/cli/config_file.hpp"

namespace {

using namespace dsplan;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < 16) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

/// Lines that would read or write files, or call the hub.
bool touches_outside(const std::vector<std::string>& line) {
  constexpr std::string_view kMarks[] = {
      "/", ".", "hf:", "--out", "--catalog", "--mod", "-m", "--calib", "file", "valid"};
  for (const std::string& argument : line) {
    if (argument.starts_with("--model=") || argument == "--model" || argument == "--output")
      continue;
    for (const auto mark : kMarks) {
      if (argument.find(mark) != std::string::npos) return true;
    }
  }
  return false;
}

void run_line(std::string_view text) {
  std::vector<std::string> line = lines_of(text);
  if (touches_outside(line)) return;
  if (!line.empty() && (line[0] == "memory" || line[0] == "flops"))
    line.insert(line.end(), {"--model", "llama-2-13b"});
  std::string out;
  std::string err;
  cli::Surroundings around;
  around.variable = [](const std::string&) { return std::nullopt; };
  around.out = [&](const std::string& part) { out += part; };
  around.err = [&](const std::string& part) { err += part; };
  const int code = cli::run(line, around);
  if (code < 0 || code == 1 || code > 4) __builtin_trap();
  if (code == 2 && (!out.empty() || err.empty())) __builtin_trap();
}

void compare(std::string_view text) {
  static const report::Json result = report::Json::parse(
      R"({"per_gpu": {"total_bytes": 5, "headroom_fraction": 0.5, "rank": "the GPU"}, "fits": true,
          "list": [{"gpus": 1}], "none": [], "unknown": null, "ttft_s": {"value": 1.5}})");
  (void)report::holds(report::parse_expression(text), result);
}

void configure(std::string_view text) {
  cli::Inputs inputs;
  cli::apply_config(inputs, *cli::command_named("memory"), text, "fuzz.yaml");
  cli::check_values(inputs);
}

void read_numbers(std::string_view text) {
  const auto count = parse_count(text);
  const auto share = parse_fraction(text);
  const auto size = parse_bytes(text);
  const auto time = parse_seconds(text);
  const auto money = parse_dollars(text);
  const auto number = parse_number(text);
  const bool negative = (count && *count < 0) || (share && !(*share >= 0.0 && *share <= 1.0)) ||
                        (size && !(size->value >= 0.0)) || (time && !(time->value >= 0.0)) ||
                        (money && !(money->value >= 0.0)) || (number && !(*number >= 0.0));
  if (negative) __builtin_trap();
  (void)nearest(text.substr(0, 64), std::vector<std::string_view>{"model", "gpu", "kv-precision"});
}

void read_any(std::uint8_t which, std::string_view rest) {
  switch (which % 4) {
    case 0:
      return run_line(rest);
    case 1:
      return compare(rest);
    case 2:
      return configure(rest);
    default:
      return read_numbers(rest);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    read_any(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  } catch (const dsplan::Error&) {
    // A wrong input, said as such.
  }
  return 0;
}
