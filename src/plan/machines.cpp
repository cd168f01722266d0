#include "machines.hpp"

#include <algorithm>

#include "dsplan/base/error.hpp"
#include "dsplan/estimate/host.hpp"
#include "dsplan/estimate/memory.hpp"
#include "dsplan/estimate/training_memory.hpp"

#include "resolution.hpp"

namespace dsplan::plan {
namespace {

// A fast link that joins more is a rack of machines, not one: compute trays of four, as in an
// NVL72.
constexpr std::int64_t kLargestMachine = 16;
constexpr std::int64_t kTrayGpus = 4;

std::int64_t ceil_divided(std::int64_t n, std::int64_t by) { return (n + by - 1) / by; }

double as_double(std::int64_t n) { return static_cast<double>(n); }

/// Copies of `copy_gpus` over machines of at most `node_gpus`.
Machines stand(const catalog::Gpu* gpu,
               std::int64_t copies,
               std::int64_t copy_gpus,
               std::int64_t node_gpus) {
  if (gpu == nullptr) {
    refuse("a server needs a device", "name one with --gpu; `dsplan catalog list gpus` lists them");
  }
  const std::int64_t most = machine_size(node_gpus);
  Machines m;
  m.gpu = gpu;
  m.gpus = copies * copy_gpus;
  m.cards = ceil_divided(m.gpus, gpu->devices);
  m.computer = gpu->unified_memory;
  m.coupled = copy_gpus > most;
  m.networked = copy_gpus > node_gpus;
  const std::int64_t held = m.coupled ? 1 : std::min(copies, most / copy_gpus);
  m.machine_gpus = m.coupled ? most : held * copy_gpus;
  m.count = m.coupled ? copies * ceil_divided(copy_gpus, most) : ceil_divided(copies, held);
  m.rent = {copies, copy_gpus, std::min(copy_gpus, most)};
  return m;
}

/// Cores, memory, drives and ports, from what a machine holds.
void equip(Machines& m) {
  const catalog::Gpu& gpu = *m.gpu;
  m.ram = m.computer
              ? gb(gpu.memory_gb)
              : estimate::host_ram(m.parameters, m.trains, m.machine_gpus, m.loaded, m.offloaded);
  m.parts.devices = m.machine_gpus;
  if (gpu.power_w) m.parts.device_w = *gpu.power_w / as_double(gpu.devices);
  m.parts.cores = m.computer ? 0 : estimate::host_cores(m.machine_gpus);
  m.parts.memory = m.computer ? Bytes{} : m.ram;
  m.parts.drives = m.machine_gpus > 4 ? 4 : m.computer ? 0 : 2;
  m.parts.ports = m.networked ? m.machine_gpus : m.computer ? 0 : 1;
}

}  // namespace

std::int64_t machine_size(std::int64_t node_gpus) {
  return node_gpus > kLargestMachine ? kTrayGpus : node_gpus;
}

namespace {

/// `copies` of `copy_gpus`, each with the weights of the workload.
Machines serving_machines(const Deployment& d,
                          const workload::Inference& w,
                          std::int64_t copies,
                          std::int64_t copy_gpus) {
  Machines m = stand(d.gpu, copies, copy_gpus, d.node_gpus);
  m.parameters = d.parameters;
  m.checkpoint = total(estimate::checkpoint_weights(w));
  m.device = total(estimate::inference_memory(w, d.gpu).worst_gpu().weights);
  m.offloaded = estimate::host_weights(w);
  // Copies on one machine share its page cache.
  const double parts = as_double(m.machine_gpus * d.slices_of_device);
  m.loaded = std::min(m.checkpoint, m.device * parts + m.offloaded);
  equip(m);
  return m;
}

/// The sum of an offer for each kind of machine, if they are the same instance of the same place.
std::optional<RentOffer> joined(const RentOffer& a, std::span<const RentOffer> others) {
  const auto same = std::find_if(others.begin(), others.end(), [&](const RentOffer& b) {
    return a.provider == b.provider && a.instance == b.instance && a.region == b.region;
  });
  if (same == others.end()) return std::nullopt;
  RentOffer sum = a;
  sum.instances += same->instances;
  sum.usd_per_hour += same->usd_per_hour;
  return sum;
}

}  // namespace

Machines machines_of(const Deployment& d) { return machines_of(d, d.workload); }

Machines machines_of(const Deployment& d, const workload::Inference& w) {
  const std::int64_t copies = whole_devices(d, w.layout.dp);
  return serving_machines(d, w, copies, workload::replica_gpus(w.layout));
}

std::vector<Machines> fleet_of(const Deployment& d) {
  if (!d.prefill) return {machines_of(d)};
  if (all_gpus(d) <= machine_size(d.node_gpus))
    return {serving_machines(d, d.workload, 1, all_gpus(d))};
  return {machines_of(d), machines_of(*d.prefill)};
}

std::int64_t machine_count(std::span<const Machines> fleet) {
  std::int64_t count = 0;
  for (const Machines& m : fleet) count += m.count;
  return count;
}

std::vector<RentOffer> rent_offers(const catalog::Catalog& catalog,
                                   std::span<const Machines> fleet,
                                   const RentFilter& filter) {
  auto first = rent_offers(catalog, *fleet.front().gpu, fleet.front().rent, filter);
  if (fleet.size() == 1) return first;
  const auto second = rent_offers(catalog, *fleet.back().gpu, fleet.back().rent, filter);
  std::vector<RentOffer> both;
  for (const RentOffer& offer : first) {
    if (const auto sum = joined(offer, second)) both.push_back(*sum);
  }
  if (both.empty() && !first.empty() && !second.empty()) {
    const bool larger = second.front().usd_per_hour > first.front().usd_per_hour;
    both.push_back(larger ? second.front() : first.front());
    both.back().usd_per_hour = first.front().usd_per_hour + second.front().usd_per_hour;
  }
  std::stable_sort(both.begin(), both.end(), [](const RentOffer& a, const RentOffer& b) {
    return a.usd_per_hour < b.usd_per_hour;
  });
  return both;
}

Machines machines_of(const TrainingDeployment& d) {
  const workload::Training& t = d.training;
  Machines m = stand(d.gpu, 1, workload::gpu_count(t), d.node_gpus);
  const estimate::TrainingMemory memory = estimate::training_memory(t);
  constexpr double kStoredBytes = 2.0;  // of a checkpoint that a run starts from
  m.trains = true;
  m.parameters = d.parameters;
  m.checkpoint = bytes(d.parameters * kStoredBytes);
  m.device = memory.worst_gpu().weights;
  m.offloaded = memory.worst_gpu().host * as_double(m.machine_gpus);
  m.loaded = std::min(m.checkpoint, m.device * as_double(m.machine_gpus));
  equip(m);
  return m;
}

Machines machines_of(const catalog::Gpu& gpu, std::int64_t gpus, std::int64_t node_gpus) {
  Machines m = stand(&gpu, 1, gpus, node_gpus);
  constexpr double kWeightBytes = 2.0;
  m.device = catalog::runtime_memory(gpu);
  m.checkpoint = m.device * as_double(gpus);
  m.loaded = m.device * as_double(m.machine_gpus);
  m.parameters = m.checkpoint.value / kWeightBytes;
  equip(m);
  return m;
}

std::optional<Watts> power_of(std::span<const Machines> fleet) {
  Watts sum;
  for (const Machines& m : fleet) {
    const auto power = power_of(m);
    if (!power) return std::nullopt;
    sum = sum + *power;
  }
  return sum;
}

std::optional<Watts> power_of(const Machines& m) {
  const auto power = estimate::machine_power(m.parts);
  if (!power) return std::nullopt;
  // The last machine may hold fewer devices than the others.
  estimate::MachinePower absent;
  absent.devices =
      power->devices * (as_double(m.count) - as_double(m.gpus) / as_double(m.machine_gpus));
  absent.fans = absent.devices * estimate::kFanShare;
  return estimate::at_the_wall(*power) * as_double(m.count) - estimate::at_the_wall(absent);
}

}  // namespace dsplan::plan
