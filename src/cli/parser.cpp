#include "parser.hpp"

#include <algorithm>

#include "dsplan/base/error.hpp"
#include "dsplan/base/suggest.hpp"

namespace dsplan::cli {
namespace {

using Arguments = std::vector<std::string>;

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string help_hint(const Command& command) {
  return "`dsplan help " + std::string(command.name) + "` lists its options";
}

/// An argument taken apart: "--gpu=h100" is the option --gpu with the value h100.
struct Spelling {
  const Option* option = nullptr;
  std::string name;  ///< as written: "--gpu", "-g"
  std::optional<std::string> value;
};

const Option* lettered(const Command& command, char letter) {
  const auto options = options_of(command);
  const auto found = std::find_if(
      options.begin(), options.end(), [&](const Option* o) { return o->letter == letter; });
  return found == options.end() ? nullptr : *found;
}

/// The option of that name, if the command takes it.
const Option* taken(const Command& command, std::string_view name) {
  const auto options = options_of(command);
  const auto found = std::find_if(
      options.begin(), options.end(), [&](const Option* o) { return o->name == name; });
  return found == options.end() ? nullptr : *found;
}

Spelling spelled(const Command& command, const std::string& argument) {
  const auto equals = argument.find('=');
  Spelling s{nullptr, argument.substr(0, equals), std::nullopt};
  if (argument.starts_with("--")) {
    s.option = taken(command, std::string_view(s.name).substr(2));
    if (equals != std::string::npos) s.value = argument.substr(equals + 1);
    return s;
  }
  // "-gpu" is --gpu with a dash lost, not -g with the value "pu".
  if (s.name.size() > 2 && taken(command, std::string_view(s.name).substr(1)) != nullptr) return s;
  s.option = lettered(command, argument[1]);
  if (s.option == nullptr) return s;
  s.name = argument.substr(0, 2);
  if (argument.size() > 2) s.value = argument.substr(argument[2] == '=' ? 3 : 2);
  return s;
}

bool is_option(const std::string& argument) { return argument.size() > 1 && argument[0] == '-'; }

[[noreturn]] void refuse_unknown(const Command& command, const std::string& name) {
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
      ErrorCode::usage, "`" + std::string(command.name) + "` does not take " + quoted(word), hint);
}

/// Is the argument after an option meant as another option rather than as its value?
bool starts_an_option(const Command& command, const std::string& argument) {
  return argument.starts_with("--") ||
         (is_option(argument) && spelled(command, argument).option != nullptr);
}

/// The value that follows `arguments[i]`, or was written into it.
std::string value_of(const Command& command,
                     const Spelling& s,
                     const Arguments& arguments,
                     std::size_t& i) {
  if (s.option->kind == Kind::flag) return s.value.value_or("true");
  if (s.value) return *s.value;
  if (i + 1 == arguments.size() || starts_an_option(command, arguments[i + 1])) {
    throw Error(ErrorCode::usage,
                s.name + " needs a value " + std::string(s.option->value),
                std::string(s.option->meaning));
  }
  return arguments[++i];
}

struct Slot {
  const Option* option;
  Arguments values;
};

/// Repetitions of a flag say nothing new; those of other options are kept, to be judged.
void add_value(std::vector<Slot>& slots, const Option& option, std::string value) {
  const auto same = std::find_if(
      slots.begin(), slots.end(), [&](const Slot& slot) { return slot.option == &option; });
  if (same == slots.end()) {
    slots.push_back({&option, {std::move(value)}});
  } else if (option.kind != Kind::flag || same->values.front() != value) {
    same->values.push_back(std::move(value));
  }
}

void add_word(Parsed& parsed, const Command& command, const std::string& word) {
  if (parsed.positionals.size() == command.positionals.size()) refuse_word(command, word);
  parsed.positionals.push_back(word);
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
  std::vector<Slot> slots;
  bool only_words = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (only_words || !is_option(arguments[i])) {
      add_word(parsed, command, arguments[i]);
    } else if (arguments[i] == "--") {
      only_words = true;
    } else {
      const Spelling s = spelled(command, arguments[i]);
      if (s.option == nullptr) refuse_unknown(command, s.name);
      add_value(slots, *s.option, value_of(command, s, arguments, i));
    }
  }
  for (Slot& slot : slots)
    parsed.inputs.set(*slot.option, std::move(slot.values), Origin::flag, "");
  return parsed;
}

}  // namespace dsplan::cli
