#include "parser.hpp"

#include <algorithm>
#include <deque>

#include <CLI/CLI.hpp>

#include "dsplan/base/error.hpp"
#include "dsplan/base/suggest.hpp"

namespace dsplan::cli {
namespace {

std::string spelled(const Option& option) {
  std::string names = "--" + std::string(option.name);
  if (option.letter != 0) names += std::string(",-") + option.letter;
  return names;
}

/// The option of the command that an argument spells, "--gpu", "--gpu=h100" or "-g".
const Option* spelled_by(const Command& command, const std::string& argument) {
  for (const Option* option : options_of(command)) {
    const std::string name = "--" + std::string(option->name);
    if (argument == name || argument.starts_with(name + "=")) return option;
    if (option->letter != 0 && argument.size() > 1 && argument[0] == '-' &&
        argument[1] == option->letter)
      return option;
  }
  return nullptr;
}

[[noreturn]] void refuse_unknown(const Command& command, std::string argument) {
  argument = argument.substr(0, argument.find('='));
  std::vector<std::string> spellings;
  for (const Option* option : options_of(command))
    spellings.push_back("--" + std::string(option->name));
  const std::vector<std::string_view> views(spellings.begin(), spellings.end());
  const Option* elsewhere =
      option_named(argument.substr(std::min<std::size_t>(2, argument.size())));
  const std::string what = elsewhere != nullptr && elsewhere->name == argument.substr(2)
                               ? "`" + std::string(command.name) + "` does not take " + argument
                               : "unknown option " + argument;
  throw Error(
      ErrorCode::usage,
      what,
      did_you_mean(
          argument, views, "`dsplan help " + std::string(command.name) + "` lists its options"));
}

[[noreturn]] void refuse_word(const Command& command, const std::string& word) {
  const std::string hint =
      command.name == "memory" || command.name == "flops"
          ? "name a model with --model, a device with --gpu"
          : "`dsplan help " + std::string(command.name) + "` shows what it takes";
  throw Error(
      ErrorCode::usage, "`" + std::string(command.name) + "` does not take '" + word + "'", hint);
}

/// An option's value must not be lost when it looks like another option: "--batch -5".
void check_values_follow(const Command& command, const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Option* option = spelled_by(command, arguments[i]);
    if (option == nullptr || option->kind == Kind::flag ||
        arguments[i].find('=') != std::string::npos)
      continue;
    if (i + 1 == arguments.size()) {
      throw Error(ErrorCode::usage,
                  arguments[i] + " needs a value: " + std::string(option->value),
                  std::string(option->meaning));
    }
    const std::string& value = arguments[i + 1];
    if (value.size() > 1 && value.front() == '-' && spelled_by(command, value) == nullptr &&
        value != "--help") {
      if ((value[1] >= '0' && value[1] <= '9') || value[1] == '.') {
        throw Error(ErrorCode::usage,
                    arguments[i] + " must not be negative, got '" + value + "'",
                    std::string(option->meaning));
      }
    }
    ++i;
  }
}

/// The options that the arguments spell. CLI11 compares each option added with all before it, so
/// only these are added: the rest of the table costs nothing at start-up.
std::vector<const Option*> spelled_options(const Command& command,
                                           const std::vector<std::string>& arguments) {
  std::vector<const Option*> found;
  for (const std::string& argument : arguments) {
    const Option* option = spelled_by(command, argument);
    if (option != nullptr && std::find(found.begin(), found.end(), option) == found.end())
      found.push_back(option);
  }
  return found;
}

struct Slot {
  const Option* option;
  std::vector<std::string> values;
  bool set = false;
};

}  // namespace

Parsed parse_arguments(const Command& command, const std::vector<std::string>& arguments) {
  check_values_follow(command, arguments);
  CLI::App app;
  app.set_help_flag("");
  app.allow_extras();
  Parsed parsed;
  app.add_flag("-h,--help", parsed.help);
  std::deque<Slot> slots;
  for (const Option* option : spelled_options(command, arguments)) {
    Slot& slot = slots.emplace_back(Slot{option, {}});
    if (option->kind == Kind::flag) {
      app.add_flag(spelled(*option), slot.set);
    } else {
      app.add_option(spelled(*option), slot.values)->expected(1)->take_all();
    }
  }
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorCode::usage,
                error.what(),
                "`dsplan help " + std::string(command.name) + "` lists its options");
  }
  if (parsed.help) return parsed;
  for (const std::string& extra : app.remaining()) {
    if (extra.size() > 1 && extra.front() == '-') refuse_unknown(command, extra);
    if (parsed.positionals.size() == command.positionals.size()) refuse_word(command, extra);
    parsed.positionals.push_back(extra);
  }
  for (Slot& slot : slots) {
    if (slot.set) slot.values = {"true"};
    if (!slot.values.empty())
      parsed.inputs.set(*slot.option, std::move(slot.values), Origin::flag, "");
  }
  return parsed;
}

}  // namespace dsplan::cli
