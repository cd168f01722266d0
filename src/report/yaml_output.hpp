// JSON values written as YAML.
#pragma once

#include <string>

#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// The same value in YAML: texts in quotes, so that none reads as a number or boolean.
[[nodiscard]] std::string yaml_of(const Json& json);

}  // namespace dsplan::report
