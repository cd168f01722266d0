// The rest of the server: what a machine needs beside its accelerators.
//
//   [H-CORES]   16 cores for one device, 32 for up to 4, 64 for more; threads of work on 80 to 90 %
//   [H-RAM]     the guides' least by size of the model, and what loading needs: the weights that
//   the
//               machine holds, in its page cache, 4 GiB a process of the engine, 8 GiB for the
//               system; the next size sold
//   [H-STORAGE] copies of the weights, checkpoints kept, logs kept, system; bandwidth: 3 GB/s, the
//               weights within a minute, a checkpoint within 5 % of its interval, and 10 GB/s a
//               device where several machines train
//   [H-NETWORK] bytes that leave a machine in a step / (share of the step that they may take)
//   [H-COOL]    air up to 1 kW a rack unit, liquid above; 2 U for up to 2 devices, 4 U for more
//   [H-LOAD]    cold: bytes of the machine / storage; warm: bytes of a device / its bus
//
// Source: the sizing guides' classes (docs/guides.md); what differs is said there.
#pragma once

#include <cstdint>
#include <string_view>

#include "dsplan/base/units.hpp"

namespace dsplan::estimate {

/// [H-CORES] Physical cores of a host of so many devices.
[[nodiscard]] std::int64_t host_cores(std::int64_t devices);

struct CoreRange {
  std::int64_t low = 0;
  std::int64_t high = 0;
};
/// [H-CORES] 32 cores: 26 to 28.
[[nodiscard]] CoreRange worker_threads(std::int64_t cores);

/// [H-RAM] What the guides ask for at least.
[[nodiscard]] Bytes rule_ram(double parameters, bool trains);

/// [H-RAM] Of the engine's processes and the system.
[[nodiscard]] Bytes process_ram(std::int64_t processes);

/// [H-RAM] Of one machine: `staged` are the bytes it reads to load, `offloaded` what stays in host
/// memory. The next size sold, or the sum where none is as large.
[[nodiscard]] Bytes host_ram(
    double parameters, bool trains, std::int64_t processes, Bytes staged, Bytes offloaded);

/// [H-STORAGE] Of one machine's own, or its share of a file system.
struct StorageNeed {
  bool trains = false;
  std::int64_t machines = 1;
  std::int64_t devices = 1;  ///< of one machine
  Bytes weights;             ///< one copy of the checkpoint that is loaded
  Bytes loaded;              ///< that one machine reads of it
  Bytes checkpoint;          ///< of training, with its states; 0: none
  Seconds checkpoint_interval;
  double requests_per_day = 0.0;
  double tokens_per_request = 0.0;
  Seconds log_retention;
};

/// The parts add up to `total`.
struct StorageBytes {
  Bytes weights;
  Bytes checkpoints;
  Bytes logs;
  Bytes system;
};
[[nodiscard]] constexpr Bytes total(const StorageBytes& s) {
  return s.weights + s.checkpoints + s.logs + s.system;
}
[[nodiscard]] StorageBytes storage(const StorageNeed& need);

[[nodiscard]] BytesPerSecond storage_bandwidth(const StorageNeed& need);
[[nodiscard]] std::int64_t storage_iops(bool trains);

/// [H-NETWORK] The class of network between machines.
struct NetworkClass {
  std::string_view name;
  double gbit_per_s = 1.0;  ///< of one port
  std::int64_t ports = 1;   ///< of a machine
  bool rdma = false;
};
/// `coupled`: the machines work on one step together. `needed`: what a machine sends.
[[nodiscard]] NetworkClass network_class(std::int64_t machines,
                                         bool coupled,
                                         BytesPerSecond needed);

/// [H-COOL]
struct Cooling {
  std::int64_t rack_units = 2;
  Watts per_rack_unit;
  bool liquid = false;
  std::int64_t air_rack_units = 2;  ///< at which air would do
};
[[nodiscard]] Cooling cooling(std::int64_t devices, Watts drawn);

// Assumptions, which answers state.
inline constexpr double kWeightCopies = 2.0;  ///< the one that runs and the next
inline constexpr double kCheckpointsKept = 3.0;
inline constexpr double kSystemGb = 100.0;  ///< system, containers, libraries
inline constexpr double kLogBytesPerRequest = 1024.0;
inline constexpr double kLogBytesPerToken = 5.0;  ///< text of about four characters, and its mark
inline constexpr double kExposedShare = 0.1;      ///< of a step, for an exchange that it waits for
inline constexpr double kHiddenShare = 0.5;       ///< of a step, for gradients behind its work

}  // namespace dsplan::estimate
