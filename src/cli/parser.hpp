// Arguments to inputs.
#pragma once

#include <string>
#include <vector>

#include "inputs.hpp"
#include "options.hpp"

namespace dsplan::cli {

struct Parsed {
  Inputs inputs;
  std::vector<std::string> positionals;
  bool help = false;
};

/// Reads the arguments that follow the command's name. Throws usage errors with the nearest option.
[[nodiscard]] Parsed parse_arguments(const Command& command,
                                     const std::vector<std::string>& arguments);

}  // namespace dsplan::cli
