// What the software of a deployment must at least be, as far as the catalog knows.
#pragma once

#include <optional>
#include <string>

#include "dsplan/catalog/catalog.hpp"

namespace dsplan::plan {

/// Absent: not known, or not asked for by this device.
struct SoftwareNeed {
  std::optional<std::string> compute_capability;  ///< of the device: CUDA's, or a gfx target
  std::optional<double> min_compute_capability;   ///< of the engine
  /// from which NVIDIA devices multiply in the weights' format
  std::optional<double> format_compute_capability;
  std::optional<std::string> min_cuda;  ///< the first that compiles for the device
  std::optional<std::string> min_rocm;
  std::optional<std::string> min_driver;  ///< that this toolkit needs, on Linux
  bool native_format = false;             ///< the device multiplies in the weights' format
};

/// `engine` and `format` may be null: nothing is then said of them.
[[nodiscard]] SoftwareNeed software_need(const catalog::Catalog& catalog,
                                         const catalog::Gpu& gpu,
                                         const catalog::Engine* engine,
                                         const catalog::Format* format);

/// In one line for people: "CUDA 11.8, driver 520.61.05 or newer"; empty where nothing is known.
[[nodiscard]] std::string software_text(const SoftwareNeed& need);

}  // namespace dsplan::plan
