#include "machines.hpp"

#include <algorithm>

#include "dsplan/base/error.hpp"
#include "dsplan/estimate/host.hpp"
#include "dsplan/estimate/memory.hpp"
#include "dsplan/estimate/training_memory.hpp"

#include "resolution.hpp"

namespace dsplan::plan {
namespace {

// A fast link that joins more is a rack of machines, not one.
constexpr std::int64_t kLargestMachine = 16;

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
  const std::int64_t most = node_gpus > kLargestMachine ? kBoxGpus : node_gpus;
  Machines m;
  m.gpu = gpu;
  m.gpus = copies * copy_gpus;
  m.cards = ceil_divided(m.gpus, gpu->devices);
  m.computer = gpu->unified_memory;
  m.coupled = copy_gpus > most;
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
  m.parts.ports = m.coupled ? m.machine_gpus : m.computer ? 0 : 1;
}

}  // namespace

Machines machines_of(const Deployment& d) { return machines_of(d, d.workload); }

Machines machines_of(const Deployment& d, const workload::Inference& w) {
  const std::int64_t copies = whole_devices(d, w.layout.dp);
  Machines m = stand(d.gpu, copies, workload::replica_gpus(w.layout), d.node_gpus);
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
