// A part of a device that stands as a device of its own.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "dsplan/catalog/gpu.hpp"

namespace dsplan::plan {

/// [H-MIG] "3g", or "1g.20gb" where the memory is not the usual: the sevenths of the compute and
/// the eighths of the memory and its bandwidth that the slice has. Slices have no link to one
/// another. Keeps the id, which timings are looked up by. Throws a usage error for a device without
/// slices and for a slice that there is not.
[[nodiscard]] catalog::Gpu mig_slice(const catalog::Gpu& gpu, std::string_view name);

/// [H-MIG] How many such slices a device is cut into. Throws as `mig_slice` does.
[[nodiscard]] std::int64_t slices_of_device(const catalog::Gpu& gpu, std::string_view name);

/// The usual slices, smallest first.
inline constexpr std::array<std::string_view, 5> kMigSlices{"1g", "2g", "3g", "4g", "7g"};

}  // namespace dsplan::plan
