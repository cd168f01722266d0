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

/// The words that an option's value is chosen from, apart by blanks; empty when it is free.
std::string words_of(const Option& option, const catalog::Catalog& catalog) {
  std::string listed;
  switch (option.words) {
    case Words::models:
      return ids<catalog::Model>(catalog, kAll);
    case Words::gpus:
      return ids<catalog::Gpu>(catalog, kAll);
    case Words::formats:
      return ids<catalog::Format>(catalog, [](const catalog::Format& f) { return f.weights; });
    case Words::kv_formats:
      return ids<catalog::Format>(catalog, [](const catalog::Format& f) { return f.kv_cache; });
    case Words::engines:
      return ids<catalog::Engine>(catalog, kAll);
    case Words::listed:
      for (const auto word : listed_words(option.listed))
        listed += (listed.empty() ? "" : " ") + std::string(word);
      return listed;
    case Words::free:
    case Words::files:
    case Words::shells:
      break;
  }
  return {};
}

std::string command_words() {
  std::string words;
  for (const Command& c : all_commands()) words += (words.empty() ? "" : " ") + std::string(c.name);
  return words;
}

std::string positional_words(const Command& command) {
  if (command.name == "completion") return "bash zsh fish";
  if (command.name == "schema") return "memory flops catalog";
  if (command.name == "help") return command_words() + " all";
  if (command.name != "catalog") return {};
  std::string words = "list show";
  for (const auto kind : report::catalog_kinds()) words += " " + std::string(kind);
  return words;
}

std::string option_words(const Command& command) {
  std::string words;
  for (const Option* option : options_of(command))
    words += fmt::format("{}--{}", words.empty() ? "" : " ", option->name);
  return words;
}

/// `case` arms that complete the value of the option before the cursor.
std::string value_arms(const catalog::Catalog& catalog,
                       std::string_view reply_words,
                       std::string_view reply_files) {
  std::string arms;
  for (const Option& option : all_options()) {
    const std::string names = option.letter != 0
                                  ? fmt::format("--{}|-{}", option.name, option.letter)
                                  : fmt::format("--{}", option.name);
    if (option.words == Words::files)
      arms += fmt::format("    {}) {}; return ;;\n", names, reply_files);
    const std::string words = words_of(option, catalog);
    if (!words.empty())
      arms += fmt::format(
          "    {}) {}; return ;;\n", names, fmt::format(fmt::runtime(reply_words), words));
  }
  return arms;
}

std::string command_arms(std::string_view format) {
  std::string arms;
  for (const Command& c : all_commands()) {
    arms += fmt::format(fmt::runtime(format), c.name, positional_words(c) + " " + option_words(c));
  }
  return arms;
}

std::string bash_script(const catalog::Catalog& catalog) {
  std::string script =
      "# bash completion of dsplan: source <(dsplan completion bash)\n_dsplan() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n";
  script += fmt::format(
      "    COMPREPLY=($(compgen -W '{} --version --help' -- \"$word\")); return\n  fi\n",
      command_words());
  script += "  case $before in\n";
  script += value_arms(catalog,
                       "COMPREPLY=($(compgen -W '{}' -- \"$word\"))",
                       "COMPREPLY=($(compgen -f -- \"$word\"))");
  script += "  esac\n  case ${COMP_WORDS[1]} in\n";
  script += command_arms("    {}) COMPREPLY=($(compgen -W '{}' -- \"$word\")) ;;\n");
  return script + "  esac\n}\ncomplete -F _dsplan dsplan\n";
}

std::string zsh_script(const catalog::Catalog& catalog) {
  std::string script =
      "#compdef dsplan\n# zsh completion of dsplan: source <(dsplan completion zsh)\n_dsplan() {\n"
      "  local before=${words[CURRENT-1]}\n  if (( CURRENT == 2 )); then\n";
  script += fmt::format("    compadd -- {} --version --help; return\n  fi\n", command_words());
  script += "  case $before in\n";
  script += value_arms(catalog, "compadd -- {}", "_files");
  script += "  esac\n  case ${words[2]} in\n";
  script += command_arms("    {}) compadd -- {} ;;\n");
  return script + "  esac\n}\ncompdef _dsplan dsplan\n";
}

std::string fish_script(const catalog::Catalog& catalog) {
  std::string script =
      "# fish completion of dsplan: dsplan completion fish | source\ncomplete -c dsplan -f\n";
  for (const Command& c : all_commands()) {
    script += fmt::format(
        "complete -c dsplan -n __fish_use_subcommand -a {} -d '{}'\n", c.name, c.summary);
    if (const std::string words = positional_words(c); !words.empty()) {
      script += fmt::format(
          "complete -c dsplan -n '__fish_seen_subcommand_from {}' -a '{}'\n", c.name, words);
    }
    for (const Option* option : options_of(c)) {
      script += fmt::format(
          "complete -c dsplan -n '__fish_seen_subcommand_from {}' -l {}", c.name, option->name);
      if (option->letter != 0) script += fmt::format(" -s {}", option->letter);
      if (option->kind != Kind::flag) script += option->words == Words::files ? " -r -F" : " -x";
      if (const std::string words = words_of(*option, catalog); !words.empty())
        script += fmt::format(" -a '{}'", words);
      script += "\n";
    }
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
