#include "dsplan/cli/run.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iterator>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dsplan/base/error.hpp"
#include "dsplan/base/parse.hpp"
#include "dsplan/base/suggest.hpp"
#include "dsplan/report/expression.hpp"
#include "dsplan/report/schema.hpp"
#include "dsplan/report/version.hpp"

#include "catalog_source.hpp"
#include "command.hpp"
#include "completion.hpp"
#include "config_file.hpp"
#include "files.hpp"
#include "help.hpp"
#include "parser.hpp"

namespace dsplan::cli {
namespace {

using Arguments = std::vector<std::string>;

constexpr int kAnswered = 0;
constexpr int kFault = 1;
constexpr int kUsage = 2;
constexpr int kNegative = 3;
constexpr int kBroken = 4;

// ---- errors ----

/// Whether errors are to be JSON is decided before anything is parsed, since parsing may fail.
bool wants_json(const Arguments& arguments, const Surroundings& around) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& a = arguments[i];
    if (a == "--json" || a == "--output=json" || a == "-ojson" || a == "-o=json") return true;
    if ((a == "-o" || a == "--output") && i + 1 < arguments.size())
      return arguments[i + 1] == "json";
  }
  return around.variable("DSPLAN_OUTPUT") == "json";
}

int report_failure(const Error& error, bool json, const Surroundings& around) {
  const bool fault = error.code() == ErrorCode::io || error.code() == ErrorCode::internal;
  if (json) {
    around.err(report::render_error(name_of(error.code()), error.what(), error.hint()));
  } else {
    const std::string hint = error.hint().empty() ? "" : " (" + error.hint() + ")";
    around.err("dsplan: " + std::string(error.what()) + hint + "\n");
  }
  return fault ? kFault : kUsage;
}

// ---- inputs ----

void apply_environment(Inputs& inputs, const Command& command, const Surroundings& around) {
  for (const Option* option : options_of(command)) {
    const std::string variable = variable_of(option->name);
    const auto value = around.variable(variable);
    if (!value || value->empty()) continue;
    Arguments values{*value};
    if (option->repeatable && option->words == Words::files) {
      values.clear();
      for (std::size_t from = 0; from <= value->size();) {
        const auto colon = std::min(value->find(':', from), value->size());
        if (colon > from) values.push_back(value->substr(from, colon - from));
        from = colon + 1;
      }
    }
    inputs.set(*option, std::move(values), Origin::environment, variable);
  }
}

void apply_config_files(Inputs& inputs, const Command& command, const Surroundings& around) {
  Arguments files{".dsplan.yaml"};
  if (const auto folder = around.variable("XDG_CONFIG_HOME"); folder && !folder->empty()) {
    files.push_back(*folder + "/dsplan/config.yaml");
  } else if (const auto home = around.variable("HOME")) {
    files.push_back(*home + "/.config/dsplan/config.yaml");
  }
  std::error_code ignored;
  for (const std::string& file : files) {
    if (std::filesystem::exists(file, ignored))
      apply_config(inputs, command, read_file(file), file);
  }
}

// ---- output ----

report::Form form_of(const Inputs& inputs) {
  const std::string word = inputs.text("output").value_or("table");
  if (word == "json") return report::Form::json;
  if (word == "csv") return report::Form::csv;
  if (word == "markdown") return report::Form::markdown;
  return word == "yaml" ? report::Form::yaml : report::Form::table;
}

report::Style style_of(const Inputs& inputs, const Surroundings& around) {
  const bool dumb = around.variable("TERM") == "dumb";
  const auto no_color = around.variable("NO_COLOR");
  const bool silent =
      inputs.flag("no-color") || (no_color && !no_color->empty()) || dumb || inputs.has("out");
  return {around.width, around.out_is_terminal && !silent};
}

/// A count and a share are numbers in JSON; every other input is a word.
void mark_words(std::vector<UsedInput>& inputs) {
  for (UsedInput& input : inputs) {
    const auto options = all_options();
    input.is_word = std::none_of(options.begin(), options.end(), [&](const Option& o) {
      return (o.kind == Kind::count || o.kind == Kind::share) && snake_case(o.name) == input.name;
    });
  }
}

void print_notes(const report::Answer& answer, const Surroundings& around) {
  for (const Assumption& a : answer.assumptions)
    around.err("note: " + a.text + " [" + a.source + "]\n");
  for (const Warning& w : answer.warnings) around.err("warning: " + w.text + "\n");
}

std::vector<report::Expression> expressions_of(const Inputs& inputs) {
  std::vector<report::Expression> expressions;
  const Arguments texts = inputs.list("fail-if");
  std::transform(
      texts.begin(), texts.end(), std::back_inserter(expressions), [](const std::string& text) {
        return report::parse_expression(text);
      });
  return expressions;
}

int deliver(report::Answer& answer, const Inputs& inputs, const Surroundings& around) {
  const report::Form form = form_of(inputs);
  const bool broken = report::any_holds(expressions_of(inputs), answer);
  mark_words(answer.inputs);
  const std::string text =
      report::render(answer, form, style_of(inputs, around), inputs.flag("explain"));
  if (const auto file = inputs.text("out")) {
    write_file(*file, text);
  } else {
    around.out(text);
  }
  if (form != report::Form::json) print_notes(answer, around);
  if (broken) return kBroken;
  return answer.negative ? kNegative : kAnswered;
}

// ---- commands ----

struct AnsweringCommand {
  std::string_view name;
  CommandFunction run;
};
constexpr std::array kAnswering{AnsweringCommand{"memory", &run_memory},
                                AnsweringCommand{"flops", &run_flops},
                                AnsweringCommand{"latency", &run_latency},
                                AnsweringCommand{"cards", &run_cards},
                                AnsweringCommand{"quantize", &run_quantize},
                                AnsweringCommand{"host", &run_host},
                                AnsweringCommand{"cost", &run_cost},
                                AnsweringCommand{"recommend", &run_recommend},
                                AnsweringCommand{"catalog", &run_catalog},
                                AnsweringCommand{"validate", &run_validate},
                                AnsweringCommand{"calibrate", &run_calibrate}};

/// Shows on a terminal how far a search is, once it has taken a second.
Progress progress_of(const Surroundings& around) {
  if (!around.err_is_terminal) return {};
  return [&around, start = std::chrono::steady_clock::now()](double share) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (took.count() < 1.0) return;
    constexpr int kCells = 30;
    const int done = static_cast<int>(share * kCells);
    const std::string bar = std::string(static_cast<std::size_t>(done), '#') +
                            std::string(static_cast<std::size_t>(kCells - done), '.');
    around.err("\r[" + bar + "]" + (share < 1.0 ? "" : "\r\033[K"));
  };
}

/// `json` turns true as soon as the inputs ask for JSON: what fails from then on is told in JSON.
int run_answering(const Command& command, Parsed& parsed, const Surroundings& around, bool& json) {
  const auto start = std::chrono::steady_clock::now();
  Inputs& inputs = parsed.inputs;
  apply_environment(inputs, command, around);
  apply_config_files(inputs, command, around);
  json = json || inputs.text("output") == "json";
  check_values(inputs);
  (void)expressions_of(inputs);  // a wrong one is told before the work
  const catalog::Catalog catalog = load_catalog(inputs);
  const auto entry =
      std::find_if(kAnswering.begin(), kAnswering.end(), [&](const AnsweringCommand& c) {
        return c.name == command.name;
      });
  report::Answer answer =
      entry->run({inputs, parsed.positionals, catalog, around.variable, progress_of(around)});
  const int code = deliver(answer, inputs, around);
  if (inputs.flag("stats") && form_of(inputs) != report::Form::json) {
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    const std::string more = answer.stats.empty() ? "" : ", " + answer.stats;
    around.err("stats: " + std::to_string(took.count()) + " ms" + more + "\n");
  }
  return code;
}

[[noreturn]] void refuse_command(const std::string& word) {
  std::vector<std::string_view> names;
  for (const Command& c : all_commands()) names.push_back(c.name);
  names.insert(names.end(), {"--version", "--help"});
  if (word.starts_with('-')) {
    throw Error(ErrorCode::usage,
                "option " + word + " stands before the command",
                did_you_mean(word, names, "write it after: dsplan COMMAND [options]"));
  }
  throw Error(ErrorCode::usage,
              "unknown command '" + word + "'",
              did_you_mean(word, names, "`dsplan help` lists the commands"));
}

int print_help(const Arguments& words, const Surroundings& around) {
  if (words.empty()) {
    around.out(program_help());
  } else if (words.front() == "all") {
    around.out(reference_markdown());
  } else if (const Command* command = command_named(words.front())) {
    around.out(command_help(*command));
  } else {
    refuse_command(words.front());
  }
  return kAnswered;
}

int run_printing(const Command& command, const Parsed& parsed, const Surroundings& around) {
  const Arguments& words = parsed.positionals;
  const std::string word = words.empty() ? "" : words.front();
  if (command.name == "help") return print_help(words, around);
  if (command.name == "schema") {
    around.out(report::schema_text(word));
  } else {
    around.out(completion_script(word, catalog::Catalog(catalog::builtin_tables())));
  }
  return kAnswered;
}

int dispatch(const Arguments& arguments, const Surroundings& around, bool& json) {
  if (arguments.empty()) {
    around.err(program_help());
    return kUsage;
  }
  const std::string& word = arguments.front();
  if (word == "--help" || word == "-h")
    return print_help({arguments.begin() + 1, arguments.end()}, around);
  if (word == "--version" || word == "-V") {
    around.out("dsplan " + std::string(report::kVersion) + "\n");
    return kAnswered;
  }
  const Command* command = command_named(word);
  if (command == nullptr) refuse_command(word);
  Parsed parsed = parse_arguments(*command, {arguments.begin() + 1, arguments.end()});
  if (parsed.help) return print_help({word}, around);
  return command->answers ? run_answering(*command, parsed, around, json)
                          : run_printing(*command, parsed, around);
}

}  // namespace

int run(const std::vector<std::string>& arguments, const Surroundings& around) {
  bool json = wants_json(arguments, around);
  try {
    return dispatch(arguments, around, json);
  } catch (const Error& error) {
    return report_failure(error, json, around);
  } catch (const std::exception& problem) {
    return report_failure(Error(ErrorCode::internal,
                                std::string("internal fault: ") + problem.what(),
                                "please report the command line"),
                          json,
                          around);
  }
}

namespace {

void write_out(std::FILE* stream, const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0)
    return;
  throw Error(ErrorCode::io,
              std::string("the output cannot be written: ") + std::strerror(errno),
              "check where standard output goes");
}

int terminal_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

Surroundings process_surroundings() {
  Surroundings around;
  around.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  around.out = [](const std::string& text) { write_out(stdout, text); };
  around.err = [](const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stderr);  // nowhere is left to report a failure
  };
  around.out_is_terminal = isatty(STDOUT_FILENO) != 0;
  around.err_is_terminal = isatty(STDERR_FILENO) != 0;
  if (around.out_is_terminal) around.width = terminal_width();
  return around;
}

}  // namespace dsplan::cli
