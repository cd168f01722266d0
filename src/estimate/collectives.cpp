#include "dsplan/estimate/collectives.hpp"

#include <algorithm>
#include <array>

#include "arithmetic.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Gpu;
using catalog::Kernel;
using catalog::Link;

constexpr double kMicro = 1e-6;

/// Start and share of the rate reached, by the kind of way.
struct WayConstants {
  double first_us;
  double hop_us;
  double efficiency;
};
// Between the measured rows: NVLink switches start at 4.3 to 5.4 us and reach 0.6 to 0.8 of their
// rate; meshes of AMD and Gaudi start at about 10 us; PCIe grows by a hop for every card and shares
// the root; a network starts at a kernel's launch and some messages.
constexpr WayConstants kSwitch{4.3, 0.25, 0.70};
constexpr WayConstants kMesh{10.0, 0.0, 0.75};
constexpr WayConstants kHostBus{2.0, 3.3, 0.61};
constexpr WayConstants kNetwork{25.0, 1.5, 0.75};
constexpr double kOneShotEfficiency = 0.67;

/// Per lane and direction by PCIe generation.
double pcie_lane_gb_per_s(std::int64_t generation) {
  constexpr std::array kLane{0.0, 0.25, 0.5, 0.985, 1.969, 3.938, 7.563};
  const auto index = std::clamp<std::int64_t>(generation, 0, std::ssize(kLane) - 1);
  return kLane[static_cast<std::size_t>(index)];
}

const Link* named(std::span<const Link> links, std::string_view id) {
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const Link& l) { return l.id == id; });
  return found == links.end() ? nullptr : &*found;
}

std::string_view operation_of(Exchange exchange) {
  switch (exchange) {
    case Exchange::all_reduce:
      return "all_reduce";
    case Exchange::all_gather:
      return "all_gather";
    case Exchange::reduce_scatter:
      return "reduce_scatter";
    case Exchange::all_to_all:
      break;
  }
  return "all_to_all";
}

/// Bytes over each GPU's link for a byte of payload.
double moved_share(Exchange exchange, double gpus) {
  const double once = (gpus - 1.0) / gpus;
  return exchange == Exchange::all_reduce ? 2.0 * once : once;
}

Collective over(const WayConstants& way, BytesPerSecond rate, Exchange exchange, double gpus) {
  return {seconds((way.first_us + way.hop_us * (gpus - 1.0)) * kMicro),
          moved_share(exchange, gpus) / (way.efficiency * rate.value)};
}

/// What a card gets of the host's bus: beyond a pair the links between the root ports are shared.
BytesPerSecond shared_bus(const Interconnect& ways, std::int64_t gpus) {
  constexpr auto kBetweenRoots = bytes_per_second(40.0 * kGiga);
  return gpus <= 2 ? ways.host_bus : std::min(ways.host_bus, kBetweenRoots);
}

Collective from_datasheet(const Interconnect& ways, Exchange exchange, std::int64_t gpus) {
  const double g = real(gpus);
  const bool linked = ways.scale_up.value > 0.0 && gpus <= ways.scale_up_gpus;
  if (!linked) return over(kHostBus, shared_bus(ways, gpus), exchange, g);
  if (ways.pair.value == 0.0) return over(kSwitch, ways.scale_up, exchange, g);
  const auto reached = std::min(ways.scale_up, ways.pair * (g - 1.0));
  return over(kMesh, reached, exchange, g);
}

Collective inside_node(const Platform& p,
                       std::string_view engine,
                       Exchange exchange,
                       std::int64_t gpus) {
  // Timings of PCIe cards are of one host's topology: ways differ by ten between two hosts.
  const bool card = p.gpu->form_factor.starts_with("PCIe");
  if (card) return from_datasheet(p.interconnect, exchange, gpus);
  const std::string_view operation = operation_of(exchange);
  const Kernel* row = catalog::find_kernel(p.kernels, *p.gpu, engine, operation, "", gpus);
  if (row == nullptr || row->gpu.empty()) return from_datasheet(p.interconnect, exchange, gpus);
  Collective measured{seconds(row->start_us * kMicro), 1.0 / (row->gb_per_s * kGiga)};
  const bool switched = p.interconnect.scale_up.value > 0.0 && p.interconnect.pair.value == 0.0;
  if (exchange == Exchange::all_reduce && switched) {
    measured.one_shot_seconds_per_byte =
        real(gpus - 1) / (kOneShotEfficiency * p.interconnect.scale_up.value);
  }
  return measured;
}

}  // namespace

Interconnect interconnect(const Gpu& gpu,
                          std::span<const Link> links,
                          std::int64_t node_gpus,
                          const Link* link,
                          const Link* network) {
  Interconnect ways;
  const double devices = real(gpu.devices);
  const Link* fast = link != nullptr ? link : named(links, gpu.link);
  const double own = link != nullptr ? link->gb_per_s : gpu.link_gb_per_s.value_or(0.0);
  ways.scale_up =
      bytes_per_second((fast != nullptr && own == 0.0 ? fast->gb_per_s : own) * kGiga / devices);
  if (fast != nullptr) ways.pair = bytes_per_second(fast->link_gb_per_s.value_or(0.0) * kGiga);
  ways.scale_up_gpus = link != nullptr ? node_gpus : gpu.scale_up_gpus;
  ways.node_gpus = node_gpus;
  const double lanes = gpu.pcie_lanes > 0 ? real(gpu.pcie_lanes) : 16.0;
  const std::int64_t generation = gpu.pcie_generation > 0 ? gpu.pcie_generation : 4;
  ways.host_bus = bytes_per_second(pcie_lane_gb_per_s(generation) * lanes * kGiga);
  // A port that the bus can feed: 25 GB/s beside PCIe 4, 50 beside PCIe 5.
  ways.network =
      network != nullptr ? bytes_per_second(network->gb_per_s * kGiga) : ways.host_bus * 0.8;
  return ways;
}

Collective collective(const Platform& p,
                      std::string_view engine,
                      Exchange exchange,
                      std::int64_t gpus) {
  if (gpus <= 1) return {};
  const std::int64_t node =
      std::max<std::int64_t>({p.interconnect.node_gpus,
                              p.interconnect.scale_up_gpus > 1 ? p.interconnect.scale_up_gpus : 1,
                              1});
  if (gpus <= node) return inside_node(p, engine, exchange, gpus);
  Collective total = inside_node(p, engine, exchange, node);
  const double nodes = std::ceil(real(gpus) / real(node));
  const Collective across = over(kNetwork, p.interconnect.network * real(node), exchange, nodes);
  total.start += across.start;
  total.seconds_per_byte += across.seconds_per_byte;
  return total;
}

Collective point_to_point(const Platform& p, bool across_nodes) {
  const Interconnect& ways = p.interconnect;
  if (across_nodes) {
    return {seconds(kNetwork.first_us * kMicro), 1.0 / (kNetwork.efficiency * ways.network.value)};
  }
  const bool linked = ways.scale_up.value > 0.0 && ways.scale_up_gpus > 1;
  const WayConstants& way = linked ? kSwitch : kHostBus;
  const auto rate = !linked ? ways.host_bus : ways.pair.value > 0.0 ? ways.pair : ways.scale_up;
  return {seconds(way.first_us * kMicro), 1.0 / (way.efficiency * rate.value)};
}

}  // namespace dsplan::estimate
