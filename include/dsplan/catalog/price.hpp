// The rent of a cloud instance, at a date.
#pragma once

#include "dsplan/catalog/field.hpp"

namespace dsplan::catalog {

/// One instance type of one provider. Prices are of the whole instance.
struct Price {
  std::string_view id{};  ///< provider/instance
  std::string_view provider{};
  std::string_view instance{};
  std::string_view gpu{};
  std::int64_t gpus = 0;
  std::optional<double> on_demand_usd_per_hour{};
  std::string_view on_demand_region{};
  std::optional<double> us_east_usd_per_hour{};
  std::string_view us_east_region{};
  std::optional<double> spot_usd_per_hour{};
  std::string_view spot_region{};
  std::optional<double> spot_other_usd_per_hour{};
  std::string_view spot_other_region{};
  std::string_view spot_date{};                      ///< empty: that of the list
  std::optional<double> reserved_1y_usd_per_hour{};  ///< with a commitment of a year
  std::optional<double> reserved_3y_usd_per_hour{};
  std::string_view reserved_region{};
  std::optional<double> vcpus{};
  std::optional<double> memory_gib{};
  std::optional<double> network_gbit_per_s{};
  std::string_view date{};  ///< of the price list, a year at least; empty: not published
  TextList traps{};
  TextList sources{};
};

template <>
std::span<const Field<Price>> fields_of<Price>();
template <>
KindName kind_of<Price>();

}  // namespace dsplan::catalog
