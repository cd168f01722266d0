// The expressions of --fail-if: a path into the result, a comparison, a value with unit.
#pragma once

#include <string>
#include <string_view>

#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// "per_gpu.headroom_fraction < 10%". The value's unit follows the key's: bytes for *_bytes,
/// seconds for *_s, dollars for *_usd*, watts for *_w, a share for *_fraction; counts may carry k,
/// M, B.
struct Expression {
  std::string text;
  std::string path;
  std::string comparison;  ///< < <= > >= == !=
  std::string value;
};

/// Throws a usage error that shows the form.
[[nodiscard]] Expression parse_expression(std::string_view text);

/// Is the comparison true of the result of `command`? Throws a usage error for an unknown path
/// (with the nearest), for a null (it is unknown), for something that is no value, and for a value
/// of the wrong kind.
[[nodiscard]] bool holds(const Expression& expression,
                         const Json& result,
                         std::string_view command = {});

/// Is any of them true of the answer's result? All are checked, so that each wrong one is told.
[[nodiscard]] bool any_holds(const std::vector<Expression>& expressions, const Answer& answer);

}  // namespace dsplan::report
