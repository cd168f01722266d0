// Help and the CLI reference, both made from the option table.
#pragma once

#include <string>

#include "options.hpp"

namespace dsplan::cli {

/// The program's help: what it answers and its commands.
[[nodiscard]] std::string program_help();

/// A command's help: options by group with defaults, an example, exit codes.
[[nodiscard]] std::string command_help(const Command& command);

/// All commands and options in Markdown: docs/cli.md.
[[nodiscard]] std::string reference_markdown();

}  // namespace dsplan::cli
