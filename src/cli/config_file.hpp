// Options set by a configuration file.
#pragma once

#include <string>
#include <string_view>

#include "inputs.hpp"

namespace dsplan::cli {

/// Sets the options of `yaml` (option names without dashes; lists where repeatable) that are not
/// yet set and that `command` takes. A key that no command takes is an input error with the nearest
/// one, at file:line. Relative paths in it are taken from the folder of the file.
void apply_config(Inputs& inputs,
                  const Command& command,
                  std::string_view yaml,
                  const std::string& file);

}  // namespace dsplan::cli
