#include "dsplan/catalog/link.hpp"

#include <array>

namespace dsplan::catalog {
namespace {

constexpr std::array<std::string_view, 4> kReaches{"scale-up", "scale-out", "pcie", "cpu-gpu"};

constexpr std::array kFields{
    Field<Link>{"id", "catalog id", &Link::id, true},
    Field<Link>{"name", "as sold", &Link::name, true},
    Field<Link>{"aliases", "other names that mean this entry", &Link::aliases},
    Field<Link>{"reach", "what it joins", &Link::reach, true, kReaches},
    Field<Link>{"gb_per_s", "one direction per GPU, all links", &Link::gb_per_s, true},
    Field<Link>{"links_per_gpu", "links of one GPU", &Link::links_per_gpu},
    Field<Link>{"link_gb_per_s", "one direction of one link", &Link::link_gb_per_s},
    Field<Link>{"latency_us", "of one message", &Link::latency_us},
    Field<Link>{"latency_kind", "whose latency it is", &Link::latency_kind},
    Field<Link>{"measured_bus_gb_per_s",
                "measured bus bandwidth, as published",
                &Link::measured_bus_gb_per_s},
    Field<Link>{"measured_setup", "what was measured", &Link::measured_setup},
    Field<Link>{"efficiency", "share of the rate reached, as published", &Link::efficiency},
    Field<Link>{"small_all_reduce_us",
                "all-reduce of a small message, as published",
                &Link::small_all_reduce_us},
    Field<Link>{"traps", "what people get wrong about it", &Link::traps},
    Field<Link>{"sources", "where the figures come from", &Link::sources, true},
};

}  // namespace

template <>
std::span<const Field<Link>> fields_of<Link>() {
  return kFields;
}
template <>
KindName kind_of<Link>() {
  return {"link", "links"};
}

}  // namespace dsplan::catalog
