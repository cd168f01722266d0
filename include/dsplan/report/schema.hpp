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

/// What the schema says of the value at a path of a command's result ("tco.usd_per_month",
/// "deployments[0].rank"); empty where it has none.
[[nodiscard]] std::string meaning_of(std::string_view command, std::string_view path);

}  // namespace dsplan::report
