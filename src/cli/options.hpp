// The one description of commands and options: it serves parsing, help, completion, the CLI
// reference, configuration files and environment variables.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dsplan::cli {

/// Where the words come from that an option's value is chosen from.
enum class Words {
  free,
  models,
  gpus,
  formats,
  kv_formats,
  engines,
  optimizers,
  links,
  scenarios,
  listed,
  files,
  kinds,
  entries,
  commands,
  answering
};

/// What is wrong with a value, and what it is called in messages.
enum class Kind { text, count, share, number, money, duration, date, toggle, flag };

struct Option {
  std::string_view name{};   ///< without dashes
  char letter = 0;           ///< short form, or 0
  std::string_view value{};  ///< what stands for it in help; empty for a flag
  Kind kind = Kind::text;
  std::string_view meaning{};
  std::string_view otherwise{};  ///< the default, in words
  std::string_view group{};      ///< heading in help
  Words words = Words::free;
  std::string_view listed{};  ///< for Words::listed: "a|b|c"
  bool repeatable = false;
  std::string_view same_as{};  ///< another name for that option
  std::string_view implies{};  ///< a flag that stands for a value of `same_as`
};

struct Positional {
  std::string_view name{};
  std::string_view meaning{};
  bool required = false;
  Words words = Words::free;
  std::string_view listed{};
};

struct Command {
  std::string_view name{};
  std::string_view summary{};  ///< one line
  std::string_view example{};  ///< one command line
  std::vector<std::string_view> options;
  std::vector<Positional> positionals;
  bool answers = true;  ///< gives a result, so that output options and --fail-if apply
};

[[nodiscard]] std::span<const Option> all_options();
[[nodiscard]] std::span<const Command> all_commands();

/// Null when there is none of that name.
[[nodiscard]] const Option* option_named(std::string_view name);
[[nodiscard]] const Command* command_named(std::string_view name);

/// The options that a command takes, output options included, in help order.
[[nodiscard]] std::vector<const Option*> options_of(const Command& command);

/// "a|b|c" as words.
[[nodiscard]] std::vector<std::string_view> listed_words(std::string_view listed);

/// "max_seqs" for "max-seqs": the key in JSON.
[[nodiscard]] std::string snake_case(std::string_view name);

/// "DSPLAN_MAX_SEQS": the variable that sets an option.
[[nodiscard]] std::string variable_of(std::string_view name);

}  // namespace dsplan::cli
