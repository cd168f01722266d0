// The machines that a plan stands on: how many, and what each holds beside its accelerators.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dsplan/catalog/gpu.hpp"
#include "dsplan/estimate/cost.hpp"
#include "dsplan/estimate/power.hpp"
#include "dsplan/plan/deployment.hpp"
#include "dsplan/plan/rent_offers.hpp"
#include "dsplan/plan/training_deployment.hpp"

namespace dsplan::plan {

struct Machines {
  const catalog::Gpu* gpu = nullptr;
  bool trains = false;
  std::int64_t gpus = 1;          ///< of all machines
  std::int64_t count = 1;         ///< machines
  std::int64_t machine_gpus = 1;  ///< of the fullest machine
  std::int64_t cards = 1;         ///< to buy: a card may hold several devices
  estimate::RentNeed rent;
  bool coupled = false;    ///< several machines work on one step
  bool networked = false;  ///< and not all of them within the fast link
  bool computer = false;   ///< the device is the whole computer
  double parameters = 0.0;
  Bytes checkpoint;  ///< one copy of the weights
  Bytes loaded;      ///< that a machine reads of it
  Bytes device;      ///< weights of one device
  Bytes offloaded;   ///< kept in the memory of one machine's host
  Bytes ram;
  estimate::MachineParts parts;
};

/// Devices of one machine at most: a fast link that joins more than 16 joins trays of four.
[[nodiscard]] std::int64_t machine_size(std::int64_t node_gpus);

/// Of one pool. Throw a usage error without a device. Slices stand on as many devices as hold them.
[[nodiscard]] Machines machines_of(const Deployment& d);
[[nodiscard]] Machines machines_of(const TrainingDeployment& d);
/// Devices alone, as one group: as if the weights filled them.
[[nodiscard]] Machines machines_of(const catalog::Gpu& gpu,
                                   std::int64_t gpus,
                                   std::int64_t node_gpus);

/// All machines of a deployment: of one kind, or of both its pools where no machine holds both.
[[nodiscard]] std::vector<Machines> fleet_of(const Deployment& d);

[[nodiscard]] std::int64_t machine_count(std::span<const Machines> fleet);

/// [X-INSTANCES] Cheapest first: for two kinds of machines the same instance of the same place, or
/// where none serves both the cheapest of each, under the name of the larger bill.
[[nodiscard]] std::vector<RentOffer> rent_offers(const catalog::Catalog& catalog,
                                                 std::span<const Machines> fleet,
                                                 const RentFilter& filter);

[[nodiscard]] std::optional<Watts> power_of(std::span<const Machines> fleet);

/// Of a deployment with another workload than its own.
[[nodiscard]] Machines machines_of(const Deployment& d, const workload::Inference& w);

/// [H-POWER] Of all machines, at the wall; nothing where the device's power is not known.
[[nodiscard]] std::optional<Watts> power_of(const Machines& m);

}  // namespace dsplan::plan
