// Times in words.
#pragma once

#include <string>

#include "dsplan/base/units.hpp"

namespace dsplan::plan {

/// "12.3 ms" of seconds.
[[nodiscard]] std::string duration(Seconds time);

}  // namespace dsplan::plan
