#include "completion.hpp"

#include <array>

#include <fmt/format.h>

#include "dsplan/base/error.hpp"
#include "dsplan/base/suggest.hpp"
#include "dsplan/report/catalog_report.hpp"

#include "options.hpp"

namespace dsplan::cli {
namespace {

template <typename Entry, typename Keep>
std::string ids(const catalog::Catalog& catalog, const Keep& keep) {
  std::string words;
  for (const Entry& entry : catalog.all<Entry>()) {
    if (keep(entry)) words += (words.empty() ? "" : " ") + std::string(entry.id);
  }
  return words;
}

constexpr auto kAll = [](const auto&) { return true; };

template <typename List>
std::string spaced(const List& list) {
  std::string words;
  for (const auto word : list) words += (words.empty() ? "" : " ") + std::string(word);
  return words;
}

template <typename Keep>
std::string command_words(const Keep& keep) {
  std::string words;
  for (const Command& c : all_commands()) {
    if (keep(c)) words += (words.empty() ? "" : " ") + std::string(c.name);
  }
  return words;
}

/// The words that a value is chosen from, apart by blanks; empty when it is free or a file.
std::string words_of(Words words, std::string_view listed, const catalog::Catalog& catalog) {
  switch (words) {
    case Words::models:
      return ids<catalog::Model>(catalog, kAll);
    case Words::gpus:
      return ids<catalog::Gpu>(catalog, kAll);
    case Words::formats:
      return ids<catalog::Format>(catalog, [](const catalog::Format& f) { return f.weights; });
    case Words::kv_formats:
      return ids<catalog::Format>(catalog, [](const catalog::Format& f) { return f.kv_cache; });
    case Words::engines:
      return ids<catalog::Engine>(catalog, kAll) + " " + ids<catalog::Framework>(catalog, kAll);
    case Words::links:
      return ids<catalog::Link>(catalog, kAll);
    case Words::scenarios:
      return ids<catalog::Scenario>(catalog, kAll);
    case Words::optimizers:
      return ids<catalog::Optimizer>(catalog, kAll);
    case Words::listed:
      return spaced(listed_words(listed));
    case Words::kinds:
      return spaced(report::catalog_kinds());
    case Words::entries:
      return ids<catalog::Gpu>(catalog, kAll) + " " + ids<catalog::Model>(catalog, kAll) + " " +
             ids<catalog::Engine>(catalog, kAll) + " " + ids<catalog::Link>(catalog, kAll);
    case Words::commands:
      return command_words(kAll);
    case Words::answering:
      return command_words([](const Command& c) { return c.answers; });
    case Words::free:
    case Words::files:
      break;
  }
  return {};
}

std::string option_words(const Command& command) {
  std::string words = "--help";
  for (const Option* option : options_of(command)) words += fmt::format(" --{}", option->name);
  return words;
}

/// How a shell writes the arms of its `case`.
struct ShellForm {
  std::string_view words;  ///< offers "{}"
  std::string_view files;
};

/// Arms that complete the value of the option before the cursor. A value of the user's own making
/// is offered nothing.
std::string value_arms(const catalog::Catalog& catalog, const ShellForm& form) {
  std::string arms;
  for (const Option& option : all_options()) {
    if (option.kind == Kind::flag) continue;
    const std::string letter = option.letter != 0 ? fmt::format("|-{}", option.letter) : "";
    const std::string words = words_of(option.words, option.listed, catalog);
    const std::string offer = option.words == Words::files
                                  ? std::string(form.files)
                                  : fmt::format(fmt::runtime(form.words), words);
    arms += fmt::format("    --{}{}) {}; return ;;\n", option.name, letter, offer);
  }
  return arms;
}

/// Arms by command and place ("catalog 2"), then by command for what may stand anywhere.
std::string command_arms(const catalog::Catalog& catalog, const ShellForm& form) {
  std::string arms;
  for (const Command& command : all_commands()) {
    const std::string options = option_words(command);
    for (std::size_t i = 0; i < command.positionals.size(); ++i) {
      const Positional& p = command.positionals[i];
      const std::string words = words_of(p.words, p.listed, catalog) + " " + options;
      arms += fmt::format("    '{} {}') {} ;;\n",
                          command.name,
                          i + 2,
                          fmt::format(fmt::runtime(form.words), words));
    }
    arms += fmt::format(
        "    '{} '*) {} ;;\n", command.name, fmt::format(fmt::runtime(form.words), options));
  }
  return arms;
}

std::string bash_script(const catalog::Catalog& catalog) {
  constexpr ShellForm kForm{"COMPREPLY=($(compgen -W '{}' -- \"$word\"))", ":"};
  std::string script =
      "# bash completion of dsplan: source <(dsplan completion bash)\n_dsplan() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  COMPREPLY=()  # empty: the shell offers files\n"
      "  # --gpu=h100 comes as three words.\n"
      "  if [ \"$word\" = = ]; then word=; elif [ \"$before\" = = ]; then\n"
      "    before=${COMP_WORDS[COMP_CWORD-2]}\n  fi\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n";
  script += fmt::format(
      "    COMPREPLY=($(compgen -W '{} --version --help' -- \"$word\")); return\n  fi\n",
      command_words(kAll));
  script += "  case $before in\n" + value_arms(catalog, kForm);
  script += "  esac\n  case \"${COMP_WORDS[1]} $COMP_CWORD\" in\n" + command_arms(catalog, kForm);
  return script + "  esac\n}\ncomplete -o default -F _dsplan dsplan\n";
}

std::string zsh_script(const catalog::Catalog& catalog) {
  constexpr ShellForm kForm{"compadd -- {}", "_files"};
  std::string script =
      "#compdef dsplan\n# zsh completion of dsplan: source <(dsplan completion zsh)\n_dsplan() {\n"
      "  local before=${words[CURRENT-1]}\n  if (( CURRENT == 2 )); then\n";
  script += fmt::format("    compadd -- {} --version --help; return\n  fi\n", command_words(kAll));
  script += "  case $before in\n" + value_arms(catalog, kForm);
  script += "  esac\n  case \"${words[2]} $((CURRENT - 1))\" in\n" + command_arms(catalog, kForm);
  return script + "  esac\n}\ncompdef _dsplan dsplan\n";
}

/// A text within single quotes of fish.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "'";
}

std::string fish_option(const Option& option, const catalog::Catalog& catalog) {
  std::string line = fmt::format(" -l {}", option.name);
  if (option.letter != 0) line += fmt::format(" -s {}", option.letter);
  if (option.kind != Kind::flag) line += option.words == Words::files ? " -r -F" : " -x";
  const std::string words = words_of(option.words, option.listed, catalog);
  if (!words.empty()) line += " -a " + fish_quoted(words);
  return line + " -d " + fish_quoted(option.meaning);
}

std::string fish_script(const catalog::Catalog& catalog) {
  std::string script =
      "# fish completion of dsplan: dsplan completion fish | source\ncomplete -c dsplan -f\n";
  for (const Command& c : all_commands()) {
    script += fmt::format("complete -c dsplan -n __fish_use_subcommand -a {} -d {}\n",
                          c.name,
                          fish_quoted(c.summary));
    const std::string within =
        fmt::format("complete -c dsplan -n '__fish_seen_subcommand_from {}'", c.name);
    for (const Positional& p : c.positionals)
      script += within + " -a " + fish_quoted(words_of(p.words, p.listed, catalog)) + "\n";
    for (const Option* option : options_of(c))
      script += within + fish_option(*option, catalog) + "\n";
  }
  return script;
}

}  // namespace

std::string completion_script(std::string_view shell, const catalog::Catalog& catalog) {
  constexpr std::array<std::string_view, 3> kShells{"bash", "zsh", "fish"};
  if (shell == kShells[0]) return bash_script(catalog);
  if (shell == kShells[1]) return zsh_script(catalog);
  if (shell == kShells[2]) return fish_script(catalog);
  throw Error(ErrorCode::usage,
              shell.empty() ? "`completion` needs a shell"
                            : "no completion for '" + std::string(shell) + "'",
              did_you_mean(shell, kShells, "bash, zsh or fish"));
}

}  // namespace dsplan::cli
