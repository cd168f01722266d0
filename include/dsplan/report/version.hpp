// The program's version, as `--version` and every JSON answer say it.
#pragma once

#include <string_view>

namespace dsplan::report {

extern const std::string_view kVersion;  ///< of the project, set by the build
/// Of the JSON: changes only when a key changes its meaning or goes.
inline constexpr std::string_view kSchemaVersion = "1";

}  // namespace dsplan::report
