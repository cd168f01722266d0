// The one exception type of the project: a wrong input, said in one line with its mend.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace dsplan {

/// What went wrong, in the words of the exit-code table (docs/cli.md).
enum class ErrorCode {
  usage,    ///< a flag, value or combination that cannot be answered: exit 2
  input,    ///< a file or catalog entry that cannot be read as what it should be: exit 2
  io,       ///< the file system, a pipe or the network refused: exit 1
  internal  ///< a fault of this program: exit 1
};

[[nodiscard]] constexpr std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return "usage";
    case ErrorCode::input:
      return "input";
    case ErrorCode::io:
      return "io";
    case ErrorCode::internal:
      break;
  }
  return "internal";
}

/// `what()` says what is wrong and where; `hint()` how to mend it (may be empty).
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message, std::string hint = {})
      : std::runtime_error(message), code_(code), hint_(std::move(hint)) {}

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }

 private:
  ErrorCode code_;
  std::string hint_;
};

}  // namespace dsplan
