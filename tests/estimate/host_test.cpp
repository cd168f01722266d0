// The rest of the server, against the sizing guides' classes.
#include "dsplan/estimate/host.hpp"

#include <catch2/catch.hpp>

#include "dsplan/estimate/power.hpp"

namespace dsplan::estimate {
namespace {

MachineParts machine(std::int64_t devices, double watts) {
  MachineParts p;
  p.devices = devices;
  p.device_w = watts;
  p.cores = host_cores(devices);
  p.memory = gib(128.0);
  p.drives = 2;
  return p;
}

TEST_CASE("threads are 80 to 90 % of the cores", "[host]") {
  const auto range = worker_threads(32);
  CHECK(range.low == 26);
  CHECK(range.high == 28);
  for (const std::int64_t cores : {1, 2, 4, 16, 64, 128}) {
    const auto r = worker_threads(cores);
    CHECK(r.low >= 1);
    CHECK(r.high <= cores);
    if (cores >= 10) CHECK(r.low <= r.high);
  }
}

TEST_CASE("memory holds what the guides ask for and what loading needs", "[host]") {
  CHECK(rule_ram(7e9, false) >= gb(32.0));
  CHECK(rule_ram(7e9, true) >= gb(64.0));
  CHECK(rule_ram(70e9, true) >= gb(128.0));
  CHECK(rule_ram(175e9, false) >= gb(256.0));
  for (const double staged : {0.0, 5.0, 60.0, 140.0, 700.0, 9000.0}) {
    const Bytes ram = host_ram(70e9, false, 8, gb(staged), {});
    CHECK(ram >= gb(staged) + process_ram(8));
    CHECK(ram >= rule_ram(70e9, false));
  }
}

TEST_CASE("storage adds up and logs grow with their retention", "[host]") {
  StorageNeed need;
  need.weights = gb(16.0);
  need.loaded = gb(16.0);
  need.requests_per_day = 1e6;
  need.tokens_per_request = 2000.0;
  need.log_retention = seconds(183.0 * 86400.0);
  const StorageBytes s = storage(need);
  CHECK(total(s) == s.weights + s.checkpoints + s.logs + s.system);
  CHECK(s.logs.value == Approx(1e6 * 183.0 * 11024.0));
  CHECK(s.checkpoints.value == 0.0);
}

TEST_CASE("bandwidth is the largest of its needs", "[host]") {
  StorageNeed need;
  need.loaded = gb(16.0);
  CHECK(storage_bandwidth(need).value == 3e9);
  need.loaded = gb(600.0);
  CHECK(storage_bandwidth(need).value == Approx(10e9));
  need.checkpoint = gb(3600.0);
  need.checkpoint_interval = seconds(3600.0);
  CHECK(storage_bandwidth(need).value == Approx(20e9));
  need.trains = true;
  need.machines = 2;
  need.devices = 8;
  CHECK(storage_bandwidth(need).value == Approx(80e9));
}

TEST_CASE("the class of network follows from what a step needs", "[host]") {
  CHECK(network_class(1, false, {}).gbit_per_s == 1.0);
  CHECK(network_class(4, false, {}).name == "10 GbE");
  const auto coupled = network_class(4, true, bytes_per_second(1e9));
  CHECK(coupled.gbit_per_s == 200.0);
  CHECK(coupled.rdma);
  CHECK(network_class(4, true, bytes_per_second(30e9)).gbit_per_s == 400.0);
  const auto wide = network_class(4, true, bytes_per_second(190e9));
  CHECK(wide.ports == 4);
}

TEST_CASE("four cards of 300 W take two feeds of 1600 W", "[host]") {
  const auto power = machine_power(machine(4, 300.0));
  REQUIRE(power);
  CHECK(total(*power).value == Approx(1.1 * (1200.0 + 32 * 4.4 + 12.8 + 24.0 + 25.0)));
  const Supplies psus = supplies(*power);
  CHECK(psus.count == 2);
  CHECK(psus.each.value == 1600.0);
  CHECK(at_the_wall(*power) > total(*power));
}

TEST_CASE("each feed carries the machine", "[host]") {
  for (const std::int64_t devices : {1, 2, 4, 8}) {
    for (const double watts : {70.0, 300.0, 700.0, 1400.0}) {
      const auto power = machine_power(machine(devices, watts));
      const Supplies psus = supplies(*power);
      CHECK(psus.count % 2 == 0);
      CHECK(psus.each.value * static_cast<double>(psus.count) / 2.0 >= total(*power).value);
    }
  }
}

TEST_CASE("power is unknown where the device's is", "[host]") {
  MachineParts p = machine(8, 400.0);
  p.device_w.reset();
  CHECK_FALSE(machine_power(p));
}

TEST_CASE("air cools four A100, liquid eight", "[host]") {
  const auto wall = [](std::int64_t devices, double watts) {
    return at_the_wall(*machine_power(machine(devices, watts)));
  };
  CHECK_FALSE(cooling(1, wall(1, 400.0)).liquid);
  CHECK_FALSE(cooling(4, wall(4, 400.0)).liquid);
  const Cooling eight = cooling(8, wall(8, 400.0));
  CHECK(eight.liquid);
  CHECK(eight.air_rack_units > eight.rack_units);
}

}  // namespace
}  // namespace dsplan::estimate
