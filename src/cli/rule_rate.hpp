// The device and its rate for the guides' rules.
#pragma once

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/format.hpp"
#include "dsplan/catalog/gpu.hpp"

namespace dsplan::cli {

/// The data sheet's rate in the format's arithmetic, dense or sparse, of one device. Throws a usage
/// error where the catalog has none.
[[nodiscard]] FlopsPerSecond rule_rate(const catalog::Gpu& gpu,
                                       const catalog::Format& format,
                                       bool sparse);

}  // namespace dsplan::cli
