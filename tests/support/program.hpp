// The command line, run within the test.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dsplan/cli/run.hpp"

namespace dsplan::test {

struct Run {
  int code = 0;
  std::string out;
  std::string err;
};

/// No environment, no terminal, `width` columns.
inline Run run(const std::vector<std::string>& arguments, int width = 100, bool terminal = false) {
  Run result;
  cli::Surroundings around;
  around.variable = [](const std::string&) { return std::optional<std::string>(); };
  around.out = [&](const std::string& text) { result.out += text; };
  around.err = [&](const std::string& text) { result.err += text; };
  around.out_is_terminal = terminal;
  around.width = width;
  result.code = cli::run(arguments, around);
  return result;
}

/// "memory --params 13B" as arguments; no quotes.
inline std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> result(1);
  for (const char c : line) {
    if (c == ' ') {
      result.emplace_back();
    } else {
      result.back().push_back(c);
    }
  }
  return result;
}

}  // namespace dsplan::test
