#include "dsplan/catalog/price.hpp"

#include <array>

namespace dsplan::catalog {
namespace {

constexpr std::array kFields{
    Field<Price>{"id", "provider/instance", &Price::id, true},
    Field<Price>{"provider", "who rents it out", &Price::provider, true},
    Field<Price>{"instance", "instance type", &Price::instance, true},
    Field<Price>{"gpu", "catalog id of the device", &Price::gpu, true},
    Field<Price>{"gpus", "devices of one instance", &Price::gpus, true},
    Field<Price>{
        "on_demand_usd_per_hour", "lowest on-demand price", &Price::on_demand_usd_per_hour},
    Field<Price>{"on_demand_region", "where", &Price::on_demand_region},
    Field<Price>{
        "us_east_usd_per_hour", "on-demand price in the US east", &Price::us_east_usd_per_hour},
    Field<Price>{"us_east_region", "where", &Price::us_east_region},
    Field<Price>{"spot_usd_per_hour", "lowest spot price", &Price::spot_usd_per_hour},
    Field<Price>{"spot_region", "where", &Price::spot_region},
    Field<Price>{"spot_other_usd_per_hour",
                 "spot price of one more region",
                 &Price::spot_other_usd_per_hour},
    Field<Price>{"spot_other_region", "where", &Price::spot_other_region},
    Field<Price>{"spot_date", "of the spot prices; absent: that of the list", &Price::spot_date},
    Field<Price>{"reserved_1y_usd_per_hour",
                 "with a commitment of a year",
                 &Price::reserved_1y_usd_per_hour},
    Field<Price>{"reserved_3y_usd_per_hour",
                 "with a commitment of three years",
                 &Price::reserved_3y_usd_per_hour},
    Field<Price>{"reserved_region", "where", &Price::reserved_region},
    Field<Price>{"vcpus", "of the host", &Price::vcpus},
    Field<Price>{"memory_gib", "of the host", &Price::memory_gib},
    Field<Price>{"network_gbit_per_s", "of the instance", &Price::network_gbit_per_s},
    Field<Price>{"date", "of the price list; absent: not published", &Price::date},
    Field<Price>{"traps", "what people get wrong about it", &Price::traps},
    Field<Price>{"sources", "where the figures come from", &Price::sources, true},
};

}  // namespace

template <>
std::span<const Field<Price>> fields_of<Price>() {
  return kFields;
}
template <>
KindName kind_of<Price>() {
  return {"price", "prices"};
}

}  // namespace dsplan::catalog
