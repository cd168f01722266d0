// JSON Schema of the answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// Commands whose answers have a schema, in the order of the help.
[[nodiscard]] std::vector<std::string_view> commands_with_schema();

/// The schema of one command's whole answer (envelope and result), as JSON text; with an empty
/// name, of any command's. Throws a usage error for a command without one.
[[nodiscard]] std::string schema_text(std::string_view command);

}  // namespace dsplan::report
