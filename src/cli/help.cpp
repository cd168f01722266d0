#include "help.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "dsplan/report/document.hpp"

namespace dsplan::cli {
namespace {

struct ExitCode {
  int code;
  std::string_view meaning;
};

constexpr std::array kExitCodes{ExitCode{0, "answered"},
                                ExitCode{1, "internal or I/O error"},
                                ExitCode{2, "bad usage or input"},
                                ExitCode{3, "a valid question whose answer is no: does not fit"},
                                ExitCode{4, "a --fail-if comparison holds"}};

std::string spelling(const Option& option) {
  std::string text = option.letter != 0 ? fmt::format("-{}, ", option.letter) : std::string("    ");
  text += fmt::format("--{}", option.name);
  if (!option.value.empty()) text += fmt::format(" {}", option.value);
  return text;
}

std::string meaning(const Option& option) {
  std::string text(option.meaning);
  if (option.words == Words::listed && option.value.find('|') == std::string_view::npos) {
    std::string words(option.listed);
    for (auto bar = words.find('|'); bar != std::string::npos; bar = words.find('|'))
      words.replace(bar, 1, ", ");
    text += fmt::format(": {}", words);
  }
  if (option.repeatable) text += "; repeatable";
  if (!option.otherwise.empty()) text += fmt::format(" [{}]", option.otherwise);
  return text;
}

std::string usage(const Command& command) {
  std::string line = fmt::format("dsplan {}", command.name);
  for (const Positional& p : command.positionals)
    line += p.required ? fmt::format(" {}", p.name) : fmt::format(" [{}]", p.name);
  if (!options_of(command).empty()) line += " [options]";
  return line;
}

std::vector<std::string_view> groups_of(const std::vector<const Option*>& options) {
  std::vector<std::string_view> groups;
  for (const Option* option : options) {
    if (std::find(groups.begin(), groups.end(), option->group) == groups.end())
      groups.push_back(option->group);
  }
  return groups;
}

report::Grid exit_grid() {
  report::Grid grid;
  for (const auto& [code, text] : kExitCodes)
    grid.rows.push_back({fmt::format("  {}", code), std::string(text)});
  return grid;
}

constexpr report::Style kHelpStyle{100, false};

}  // namespace

std::string program_help() {
  report::Grid commands;
  for (const Command& c : all_commands())
    commands.rows.push_back({fmt::format("  {}", c.name), std::string(c.summary)});
  std::string text =
      "dsplan: will this model fit, on how many cards of which kind? Offline, from one binary.\n\n"
      "usage: dsplan COMMAND [options]\n\n";
  text += report::render_terminal({commands}, kHelpStyle);
  text +=
      "\n  dsplan memory --params 13B --precision fp16 --batch 4\n"
      "  dsplan memory --model llama-3.1-70b --gpu h100 --gpus 4\n"
      "  dsplan catalog list gpus\n\n"
      "`dsplan help COMMAND` shows a command's options. Options can also be set in "
      "./.dsplan.yaml,\n"
      "in $XDG_CONFIG_HOME/dsplan/config.yaml or by variables such as DSPLAN_GPU.\n";
  return text;
}

std::string command_help(const Command& command) {
  std::string text = fmt::format("{}\n\nusage: {}\n", command.summary, usage(command));
  report::Grid words;
  for (const Positional& p : command.positionals)
    words.rows.push_back({fmt::format("  {}", p.name), std::string(p.meaning)});
  if (!words.rows.empty()) text += "\n" + report::render_terminal({words}, kHelpStyle);
  const auto options = options_of(command);
  for (const auto group : groups_of(options)) {
    report::Grid grid;
    for (const Option* option : options) {
      if (option->group == group) grid.rows.push_back({"  " + spelling(*option), meaning(*option)});
    }
    text += fmt::format("\n{}\n", group) + report::render_terminal({grid}, kHelpStyle);
  }
  text += fmt::format("\nExample\n  {}\n", command.example);
  text += "\nExit codes\n" + report::render_terminal({exit_grid()}, kHelpStyle);
  return text;
}

std::string reference_markdown() {
  std::string text =
      "# Command line\n\nMade from the program's own table of options: `dsplan help all > "
      "docs/cli.md`.\n"
      "Every option can also be set by a variable (`DSPLAN_GPU` for `--gpu`) or a key of "
      "`./.dsplan.yaml` or\n"
      "`$XDG_CONFIG_HOME/dsplan/config.yaml` (`gpu: h100`); flags come before variables, variables "
      "before files.\n";
  for (const Command& command : all_commands()) {
    text += fmt::format(
        "\n## {}\n\n{}.\n\n```sh\n{}\n```\n", command.name, command.summary, command.example);
    report::Grid words{{"argument", "meaning"}, {}, {}};
    for (const Positional& p : command.positionals)
      words.rows.push_back({fmt::format("`{}`", p.name), std::string(p.meaning)});
    if (!words.rows.empty()) text += "\n" + report::render_markdown({words});
    report::Grid grid{{"option", "meaning", "default"}, {}, {}};
    for (const Option* option : options_of(command)) {
      Option without_default = *option;
      without_default.otherwise = {};
      std::string name = spelling(*option);
      name.erase(0, name.find_first_not_of(' '));
      grid.rows.push_back(
          {fmt::format("`{}`", name), meaning(without_default), std::string(option->otherwise)});
    }
    if (!grid.rows.empty()) text += "\n" + report::render_markdown({grid});
  }
  report::Grid codes{{"exit code", "meaning"}, {}, {}};
  for (const auto& [code, what] : kExitCodes)
    codes.rows.push_back({std::to_string(code), std::string(what)});
  return text + "\n## Exit codes\n\nWhere several apply: 2, then 4, then 3.\n\n" +
         report::render_markdown({codes});
}

}  // namespace dsplan::cli
