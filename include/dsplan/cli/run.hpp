// The command line as a function: arguments and environment in, streams and an exit code out.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dsplan::cli {

/// What the program sees of its surroundings. Files are read where the arguments name them.
struct Surroundings {
  std::function<std::optional<std::string>(const std::string&)> variable;  ///< environment variable
  std::function<void(const std::string&)> out;  ///< standard output; throws an io error if it fails
  std::function<void(const std::string&)> err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  int width = 100;  ///< columns of the terminal
};

/// 0 answered, 1 internal or I/O error, 2 bad usage or input, 3 the answer is "no", 4 a --fail-if
/// comparison holds. Nothing escapes.
[[nodiscard]] int run(const std::vector<std::string>& arguments, const Surroundings& surroundings);

/// The surroundings of this process.
[[nodiscard]] Surroundings process_surroundings();

}  // namespace dsplan::cli
