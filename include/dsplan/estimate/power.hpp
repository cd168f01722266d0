// Power of a machine: the sum of its parts.
//
//   [H-POWER] (devices + cores + memory + drives + ports) x (1 + fans) / efficiency of the supplies
//   [H-FEEDS] two feeds that each carry the whole machine: as many supplies as one feed needs,
//             twice; the least size sold that holds the load
//
// Every part draws what its data sheet says at most: an upper bound of what serving draws.
#pragma once

#include <cstdint>
#include <optional>

#include "dsplan/base/units.hpp"

namespace dsplan::estimate {

struct MachineParts {
  std::int64_t devices = 1;
  std::optional<double> device_w;  ///< absent: not known
  std::int64_t cores = 0;          ///< of the host; 0: the device is the computer
  Bytes memory;                    ///< of the host; 0: the device's own
  std::int64_t drives = 1;
  std::int64_t ports = 1;  ///< of the network
};

/// [H-POWER] Inside the machine. Add up to `total`.
struct MachinePower {
  Watts devices;
  Watts cores;
  Watts memory;
  Watts drives;
  Watts ports;
  Watts fans;
};
[[nodiscard]] constexpr Watts total(const MachinePower& p) {
  return p.devices + p.cores + p.memory + p.drives + p.ports + p.fans;
}

/// Nothing where the device's power is not known.
[[nodiscard]] std::optional<MachinePower> machine_power(const MachineParts& parts);

/// [H-POWER] Drawn from the wall.
[[nodiscard]] Watts at_the_wall(const MachinePower& power);

/// [H-FEEDS]
struct Supplies {
  std::int64_t count = 2;
  Watts each;
};
[[nodiscard]] Supplies supplies(const MachinePower& power);

// Assumptions, which answers state.
inline constexpr double kWattsPerCore = 4.4;    ///< 64-core server parts of 280 W
inline constexpr double kWattsPerGib = 0.1;     ///< about 6 W for 64 GiB
inline constexpr double kWattsPerDrive = 12.0;  ///< NVMe at work
inline constexpr double kWattsPerPort = 25.0;   ///< a 200 to 400 Gb/s adapter
inline constexpr double kFanShare = 0.1;        ///< of what the others draw
inline constexpr double kSupplyEfficiency = 0.94;
inline constexpr double kIdleShare = 0.2;  ///< of its full power, drawn by an idle machine

}  // namespace dsplan::estimate
