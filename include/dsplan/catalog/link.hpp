// A link between GPUs, or between a GPU and its host.
#pragma once

#include "dsplan/catalog/field.hpp"

namespace dsplan::catalog {

/// Rates count one direction per GPU, with all its links; decimal GB.
struct Link {
  std::string_view id{};
  std::string_view name{};
  TextList aliases{};
  std::string_view reach{};  ///< scale-up, scale-out, pcie, cpu-gpu
  double gb_per_s = 0.0;
  std::int64_t links_per_gpu = 0;
  std::optional<double> link_gb_per_s{};  ///< of one link, where a mesh has no switch
  std::optional<double> latency_us{};
  std::string_view latency_kind{};
  std::string_view measured_bus_gb_per_s{};  ///< as published, with its sizes
  std::string_view measured_setup{};
  std::string_view efficiency{};  ///< of the rate, as published
  std::string_view small_all_reduce_us{};
  TextList traps{};
  TextList sources{};
};

template <>
std::span<const Field<Link>> fields_of<Link>();
template <>
KindName kind_of<Link>();

}  // namespace dsplan::catalog
