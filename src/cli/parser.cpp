#include "parser.hpp"

#include <algorithm>
#include <deque>

#include <CLI/CLI.hpp>

#include "dsplan/base/error.hpp"
#include "dsplan/base/suggest.hpp"

namespace dsplan::cli {
namespace {

using Arguments = std::vector<std::string>;

std::string help_hint(const Command& command) {
  return "`dsplan help " + std::string(command.name) + "` lists its options";
}

/// The option of that name, if the command takes it.
const Option* taken(const Command& command, std::string_view name) {
  const auto options = options_of(command);
  const auto found = std::find_if(
      options.begin(), options.end(), [&](const Option* o) { return o->name == name; });
  return found == options.end() ? nullptr : *found;
}

/// The option that an argument spells: "--gpu", "--gpu=h100", "-g", "-gh100".
const Option* spelled_by(const Command& command, std::string_view argument) {
  if (argument.starts_with("--")) return taken(command, argument.substr(2, argument.find('=') - 2));
  if (argument.size() < 2 || argument[0] != '-') return nullptr;
  const auto options = options_of(command);
  const auto found = std::find_if(
      options.begin(), options.end(), [&](const Option* o) { return o->letter == argument[1]; });
  return found == options.end() ? nullptr : *found;
}

[[noreturn]] void refuse_unknown(const Command& command, std::string_view argument) {
  const std::string name(argument.substr(0, argument.find('=')));
  std::vector<std::string> spellings{"--help"};
  for (const Option* option : options_of(command))
    spellings.push_back("--" + std::string(option->name));
  const std::vector<std::string_view> views(spellings.begin(), spellings.end());
  const bool elsewhere =
      name.starts_with("--") && option_named(std::string_view(name).substr(2)) != nullptr;
  const std::string what = elsewhere ? "`" + std::string(command.name) + "` does not take " + name
                                     : "unknown option " + name;
  throw Error(ErrorCode::usage, what, did_you_mean(name, views, help_hint(command)));
}

[[noreturn]] void refuse_word(const Command& command, const std::string& word) {
  const std::string hint = command.positionals.empty()
                               ? "name a model with --model, a device with --gpu"
                               : "`dsplan help " + std::string(command.name) + "` shows its words";
  throw Error(
      ErrorCode::usage, "`" + std::string(command.name) + "` does not take '" + word + "'", hint);
}

[[noreturn]] void refuse_without_value(const Option& option) {
  throw Error(ErrorCode::usage,
              "--" + std::string(option.name) + " needs a value " + std::string(option.value),
              std::string(option.meaning));
}

/// What CLI11 would read as something else: "-gpu" is --gpu with a dash lost, not -g with the value
/// "pu"; "-o=json" is -ojson; "--model=" must not take the next argument as its value.
std::string readable(const Command& command, std::string argument) {
  if (argument.size() < 2 || argument[0] != '-') return argument;
  const auto equals = argument.find('=');
  const bool is_long = argument[1] == '-';
  const std::string_view bare = std::string_view(argument).substr(1, equals - 1);
  if (!is_long && bare.size() > 1 && taken(command, bare) != nullptr) {
    refuse_unknown(command, argument);
  }
  const Option* option = spelled_by(command, argument);
  if (option == nullptr || equals == std::string::npos) return argument;
  if (equals + 1 == argument.size()) refuse_without_value(*option);
  if (!is_long && equals == 2) argument.erase(equals, 1);
  return argument;
}

/// Does an argument hold its option's value ("--gpu=h100", "-gh100"), or need none?
bool is_complete(const Option& option, const std::string& argument) {
  const bool is_long = argument[1] == '-';
  return option.kind == Kind::flag ||
         (is_long ? argument.find('=') != std::string::npos : argument.size() > 2);
}

/// CLI11 takes an option whose value was forgotten as set to nothing.
void check_value_follows(const Command& command, const Arguments& arguments, std::size_t at) {
  const Option* option = spelled_by(command, arguments[at]);
  if (option == nullptr || is_complete(*option, arguments[at])) return;
  const bool last = at + 1 == arguments.size();
  if (last || arguments[at + 1].starts_with("--") ||
      spelled_by(command, arguments[at + 1]) != nullptr) {
    refuse_without_value(*option);
  }
}

Arguments readable(const Command& command, const Arguments& arguments) {
  Arguments result;
  bool only_words = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    only_words = only_words || arguments[i] == "--";
    if (!only_words) check_value_follows(command, arguments, i);
    result.push_back(only_words ? arguments[i] : readable(command, arguments[i]));
  }
  return result;
}

struct Slot {
  const Option* option = nullptr;
  Arguments values;
  std::string flag;
};

/// CLI11 compares each option added with all before it, so only those that the arguments spell are
/// added: the rest of the table costs nothing at start-up.
std::vector<const Option*> spelled_options(const Command& command, const Arguments& arguments) {
  std::vector<const Option*> found;
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    const Option* option = spelled_by(command, argument);
    if (option != nullptr && std::find(found.begin(), found.end(), option) == found.end())
      found.push_back(option);
  }
  return found;
}

void add_option(CLI::App& app, Slot& slot) {
  std::string names = "--" + std::string(slot.option->name);
  if (slot.option->letter != 0) names += std::string(",-") + slot.option->letter;
  if (slot.option->kind == Kind::flag) {
    app.add_flag(names, slot.flag)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  } else {
    app.add_option(names, slot.values)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
  }
}

bool asks_for_help(const Arguments& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  return std::any_of(arguments.begin(), end, [](const std::string& argument) {
    return argument == "--help" || argument == "-h";
  });
}

}  // namespace

Parsed parse_arguments(const Command& command, const Arguments& arguments) {
  Parsed parsed;
  parsed.help = asks_for_help(arguments);
  if (parsed.help) return parsed;
  Arguments line = readable(command, arguments);
  CLI::App app;
  app.set_help_flag("");
  app.allow_extras();
  app.add_option("words", parsed.positionals);
  std::deque<Slot> slots;
  for (const Option* option : spelled_options(command, line)) {
    add_option(app, slots.emplace_back(Slot{option, {}, {}}));
  }
  try {
    std::reverse(line.begin(), line.end());
    app.parse(line);
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorCode::usage, error.what(), help_hint(command));
  }
  for (const std::string& extra : app.remaining()) {
    if (extra != "--") refuse_unknown(command, extra);
  }
  if (parsed.positionals.size() > command.positionals.size()) {
    refuse_word(command, parsed.positionals[command.positionals.size()]);
  }
  for (Slot& slot : slots) {
    if (slot.option->kind == Kind::flag) slot.values = {slot.flag};
    parsed.inputs.set(*slot.option, std::move(slot.values), Origin::flag, "");
  }
  return parsed;
}

}  // namespace dsplan::cli
