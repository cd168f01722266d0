// The answer to "what else does the server need?", for inference and for training.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dsplan/base/note.hpp"
#include "dsplan/base/units.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/plan/deployment.hpp"
#include "dsplan/plan/latency_answer.hpp"
#include "dsplan/plan/software_need.hpp"
#include "dsplan/plan/training_deployment.hpp"
#include "dsplan/plan/training_speed.hpp"

namespace dsplan::plan {

/// What a user may say of storage; an absent value takes the default, which the answer states.
struct HostRequest {
  std::optional<std::int64_t> requests_per_day;
  std::optional<Seconds> log_retention;
  std::optional<Seconds> checkpoint_interval;
};

/// A part of a sum, with its formula; parts of the same name add up to that figure.
struct HostTerm {
  std::string figure;  ///< "ram", "storage", "power" ...
  std::string part;
  double amount = 0.0;
  std::string unit;  ///< "B", "W"
  std::string formula;
};

struct HostThreads {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

struct HostNetwork {
  std::string name;  ///< class: "InfiniBand HDR 200 Gb/s"
  double gbit_per_s = 0.0;
  std::int64_t ports = 1;  ///< of a machine
  bool rdma = false;
  Bytes bytes_per_step;             ///< that a machine sends to others
  std::optional<double> step_s;     ///< the step that they belong to
  double needed_bytes_per_s = 0.0;  ///< of a machine
};

struct HostSupplies {
  std::int64_t count = 0;
  double watts = 0.0;  ///< of each
  std::string redundancy;
};

struct HostCooling {
  std::string kind;  ///< air or liquid
  std::int64_t rack_units = 0;
  double w_per_rack_unit = 0.0;
  std::int64_t air_rack_units = 0;  ///< at which air would do
};

struct LoadTime {
  Seconds cold;
  std::optional<Seconds> warm;  ///< with a warm page cache; absent: not known of the bus
};

struct HostNote {
  std::string id;
  std::string text;
};

/// Of one machine of `machines`, unless said otherwise. Absent: not known of the device.
struct HostAnswer {
  std::int64_t machines = 1;
  std::int64_t gpus_per_machine = 1;
  std::optional<std::int64_t> cpu_cores;  ///< physical; absent: the device is the computer
  std::optional<HostThreads> cpu_threads;
  Bytes ram;
  Bytes storage;
  double storage_bandwidth_bytes_per_s = 0.0;
  std::int64_t storage_iops = 0;
  std::optional<Bytes> checkpoint;  ///< one, of training
  HostNetwork network;
  std::optional<double> power_w;      ///< at the wall
  std::optional<double> all_power_w;  ///< of all machines
  std::optional<HostSupplies> psus;
  std::optional<HostCooling> cooling;
  LoadTime load_time;
  SoftwareNeed software;
  std::vector<HostTerm> terms;
  std::vector<HostNote> advice;
  bool fits = true;  ///< in the devices' memory
  Notes notes;
};

/// Throws a usage error without a device.
[[nodiscard]] HostAnswer host_answer(const catalog::Catalog& catalog,
                                     const Deployment& deployment,
                                     const LatencyAnswer& latency,
                                     const HostRequest& request);
/// Of devices without a model, as if weights filled them.
[[nodiscard]] HostAnswer host_answer(const catalog::Catalog& catalog,
                                     const catalog::Gpu& gpu,
                                     std::int64_t gpus,
                                     std::int64_t node_gpus);
[[nodiscard]] HostAnswer host_answer(const catalog::Catalog& catalog,
                                     const TrainingDeployment& deployment,
                                     const TrainingSpeedAnswer& speed,
                                     const HostRequest& request);

}  // namespace dsplan::plan
