// A compute toolkit (CUDA, ROCm): which devices it was the first to compile for, and the driver
// that it needs.
#pragma once

#include <span>

#include "dsplan/catalog/field.hpp"
#include "dsplan/catalog/gpu.hpp"

namespace dsplan::catalog {

struct Toolkit {
  std::string_view id{};
  std::string_view platform{};  ///< cuda or rocm
  std::string_view version{};
  std::string_view driver{};        ///< least version that it runs on; empty: not known
  TextList compute_capabilities{};  ///< of the devices that it was the first to support
  TextList traps{};
  TextList sources{};
};

template <>
std::span<const Field<Toolkit>> fields_of<Toolkit>();
template <>
KindName kind_of<Toolkit>();

/// The first toolkit that compiles for a device; null: not known of it.
[[nodiscard]] const Toolkit* first_toolkit(std::span<const Toolkit> toolkits, const Gpu& gpu);

}  // namespace dsplan::catalog
