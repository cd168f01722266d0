#include "dsplan/estimate/host.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace dsplan::estimate {
namespace {

constexpr double kProcessGib = 4.0;
constexpr double kSystemGib = 8.0;
constexpr double kDrive = 3e9;  // bytes a second of an NVMe drive that the guides ask for at least
constexpr double kLoadSeconds = 60.0;
constexpr double kCheckpointShare = 0.05;
constexpr double kClusterRate = 10e9;  // bytes a second and device

double as_double(std::int64_t n) { return static_cast<double>(n); }

struct RamTier {
  double parameters;
  double inference_gib;
  double training_gib;
};
// 32 GB for inference and 64 GB for training, 128 GB for large models, 256 GB for 175B.
constexpr std::array kRamTiers{
    RamTier{100e9, 256.0, 256.0}, RamTier{30e9, 128.0, 128.0}, RamTier{0.0, 32.0, 64.0}};
constexpr std::array kRamSizes{32.0,
                               64.0,
                               96.0,
                               128.0,
                               192.0,
                               256.0,
                               384.0,
                               512.0,
                               768.0,
                               1024.0,
                               1536.0,
                               2048.0,
                               3072.0,
                               4096.0,
                               6144.0};

struct Port {
  std::string_view name;
  double gbit_per_s;
  bool rdma;
};
constexpr std::array kPorts{Port{"10 GbE", 10.0, false},
                            Port{"25 GbE", 25.0, false},
                            Port{"InfiniBand HDR 200 Gb/s", 200.0, true},
                            Port{"InfiniBand NDR 400 Gb/s", 400.0, true}};
constexpr double kBitsPerByte = 8.0;

}  // namespace

std::int64_t host_cores(std::int64_t devices) {
  if (devices <= 1) return 16;
  return devices <= 4 ? 32 : 64;
}

CoreRange worker_threads(std::int64_t cores) {
  return {(cores * 8 + 9) / 10, std::max<std::int64_t>(1, cores * 9 / 10)};
}

Bytes rule_ram(double parameters, bool trains) {
  const auto tier = std::find_if(kRamTiers.begin(), kRamTiers.end() - 1, [&](const RamTier& t) {
    return parameters >= t.parameters;
  });
  return gib(trains ? tier->training_gib : tier->inference_gib);
}

Bytes process_ram(std::int64_t processes) {
  return gib(kProcessGib) * as_double(processes) + gib(kSystemGib);
}

Bytes host_ram(
    double parameters, bool trains, std::int64_t processes, Bytes staged, Bytes offloaded) {
  const Bytes loading = staged + offloaded + process_ram(processes);
  const Bytes least = std::max(rule_ram(parameters, trains), loading);
  for (const double size : kRamSizes) {
    if (gib(size) >= least) return gib(size);
  }
  return bytes(std::ceil(least.value));
}

StorageBytes storage(const StorageNeed& n) {
  constexpr double kSecondsPerDay = 86400.0;
  const double a_request = kLogBytesPerRequest + kLogBytesPerToken * n.tokens_per_request;
  StorageBytes s;
  s.weights = n.weights * kWeightCopies;
  s.checkpoints = n.checkpoint * kCheckpointsKept;
  s.logs =
      bytes(std::ceil(n.requests_per_day * n.log_retention.value / kSecondsPerDay * a_request));
  s.system = gb(kSystemGb);
  return s;
}

BytesPerSecond storage_bandwidth(const StorageNeed& n) {
  double rate = std::max(kDrive, n.loaded.value / kLoadSeconds);
  if (n.checkpoint.value > 0.0 && n.checkpoint_interval.value > 0.0) {
    const double of_machine = n.checkpoint.value / as_double(n.machines);
    rate = std::max(rate, of_machine / (kCheckpointShare * n.checkpoint_interval.value));
  }
  if (n.trains && n.machines > 1) rate = std::max(rate, kClusterRate * as_double(n.devices));
  return bytes_per_second(rate);
}

std::int64_t storage_iops(bool trains) { return trains ? 1'000'000 : 50'000; }

NetworkClass network_class(std::int64_t machines, bool coupled, BytesPerSecond needed) {
  if (machines <= 1) return {"1 GbE", 1.0, 1, false};
  const double gbit = needed.value * kBitsPerByte / kGiga;
  for (const Port& port : kPorts) {
    if ((coupled && !port.rdma) || port.gbit_per_s < gbit) continue;
    return {port.name, port.gbit_per_s, 1, port.rdma};
  }
  const Port& widest = kPorts.back();
  return {widest.name,
          widest.gbit_per_s,
          std::llround(std::ceil(gbit / widest.gbit_per_s)),
          widest.rdma};
}

Cooling cooling(std::int64_t devices, Watts drawn) {
  constexpr double kAirPerUnit = 1000.0;
  Cooling c;
  c.rack_units = devices <= 2 ? 2 : 4;
  c.per_rack_unit = drawn / as_double(c.rack_units);
  c.liquid = c.per_rack_unit.value > kAirPerUnit;
  c.air_rack_units =
      std::max<std::int64_t>(c.rack_units, std::llround(std::ceil(drawn.value / kAirPerUnit)));
  return c;
}

}  // namespace dsplan::estimate
