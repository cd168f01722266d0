#include "dsplan/plan/host_answer.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/estimate/collectives.hpp"
#include "dsplan/estimate/exchange.hpp"
#include "dsplan/estimate/host.hpp"
#include "dsplan/estimate/power.hpp"
#include "dsplan/estimate/training_memory.hpp"

#include "machines.hpp"
#include "pair_figures.hpp"
#include "resolution.hpp"

namespace dsplan::plan {
namespace {

constexpr double kDay = 86400.0;
constexpr double kRetentionDays = 183.0;
constexpr double kCheckpointInterval = 3600.0;

double as_double(std::int64_t n) { return static_cast<double>(n); }

void add(HostAnswer& a,
         const char* figure,
         const char* part,
         double amount,
         const char* unit,
         const char* formula) {
  if (amount > 0.0) a.terms.push_back({figure, part, amount, unit, formula});
}

// ---- network ----

/// The step that asks for most, and what a machine sends in it.
struct Demand {
  estimate::SentBytes sent;
  double step_s = 0.0;
};

double needed(const Demand& d) {
  if (d.step_s <= 0.0) return 0.0;
  return std::max(d.sent.exposed.value / (estimate::kExposedShare * d.step_s),
                  d.sent.hidden.value / (estimate::kHiddenShare * d.step_s));
}

void set_network(HostAnswer& a, const Machines& m, const Demand& d) {
  const auto network =
      estimate::network_class(a.machines, m.networked, bytes_per_second(needed(d)));
  a.network.name = std::string(network.name);
  a.network.gbit_per_s = network.gbit_per_s;
  a.network.ports = network.ports;
  a.network.rdma = network.rdma;
  a.network.bytes_per_step = d.sent.exposed + d.sent.hidden;
  if (a.network.bytes_per_step.value > 0.0) a.network.step_s = d.step_s;
  a.network.needed_bytes_per_s = needed(d);
  add(a, "network", "waited for, a step", d.sent.exposed.value, "B", "H-EXCHANGE");
  add(a, "network", "behind the step's work", d.sent.hidden.value, "B", "H-EXCHANGE");
}

/// [P-POOLS] The caches that a decoding machine is sent, if prompts run on others: one for each of
/// its requests.
Demand cache_demand(const Deployment& d, std::span<const Machines> fleet, const LatencyAnswer& l) {
  if (fleet.size() == 1) return {};
  return {{{}, cache_of(d.workload)}, as_double(fleet.front().count) / l.requests_per_s->value};
}

Demand serving_demand(const Deployment& d, const Machines& m, const LatencyAnswer& l) {
  if (!m.networked) return {};
  const auto of = [&](double tokens, double step_s) {
    return Demand{estimate::serving_exchange(d.workload, m.machine_gpus, tokens), step_s};
  };
  const Demand prefill = of(as_double(d.workload.input_tokens), l.prefill_s->value);
  if (!l.decode_step_s) return prefill;
  const Demand decode = of(*l.running_sequences * *l.tokens_per_step, l.decode_step_s->value);
  return needed(decode) > needed(prefill) ? decode : prefill;
}

// ---- storage ----

void set_storage(HostAnswer& a, const estimate::StorageNeed& need) {
  const estimate::StorageBytes s = estimate::storage(need);
  a.storage = total(s);
  a.storage_bandwidth_bytes_per_s = estimate::storage_bandwidth(need).value;
  a.storage_iops = estimate::storage_iops(need.trains);
  add(a, "storage", "two copies of the weights", s.weights.value, "B", "H-STORAGE");
  add(a, "storage", "three checkpoints", s.checkpoints.value, "B", "H-STORAGE");
  add(a, "storage", "logs", s.logs.value, "B", "H-STORAGE");
  add(a, "storage", "system and containers", s.system.value, "B", "H-STORAGE");
}

estimate::StorageNeed storage_need(const Machines& m) {
  estimate::StorageNeed need;
  need.trains = m.trains;
  need.machines = m.count;
  need.devices = m.machine_gpus;
  need.weights = m.checkpoint;
  need.loaded = m.loaded;
  return need;
}

void add_logs(HostAnswer& a,
              estimate::StorageNeed& need,
              const Deployment& d,
              const LatencyAnswer& l,
              const HostRequest& r) {
  const double retention = r.log_retention ? r.log_retention->value : kRetentionDays * kDay;
  const double served = l.requests_per_s->value * kDay;
  const double a_day = r.requests_per_day ? as_double(*r.requests_per_day) : served;
  need.log_retention = seconds(retention);
  // Machines keep the logs of their own requests.
  need.requests_per_day = a_day / as_double(need.machines);
  need.tokens_per_request = as_double(workload::context_tokens(d.workload));
  if (!r.log_retention) fill(a.notes, "log_retention", "183d", Origin::built_in);
  if (r.requests_per_day) return;
  assume(a.notes,
         "requests-per-day",
         "logs are of " + text(std::llround(served)) +
             " requests a day, all that the plan can serve at this load",
         "--requests-per-day");
}

/// [H-STORAGE] Of full training: weights, master copy and states of each parameter. Adapters: the
/// states that one copy of the run holds, and the adapters, half as much.
Bytes checkpoint_of(const TrainingDeployment& d) {
  const workload::Training& t = d.training;
  const estimate::TrainingGpu gpu = estimate::training_memory(t).worst_gpu();
  if (t.method != workload::Method::full) {
    constexpr double kWithAdapters = 1.5;
    const double shards =
        workload::sharding(t).optimizer ? as_double(t.layout.dp * t.layout.cp) : 1.0;
    return gpu.optimizer * (kWithAdapters * shards * as_double(t.layout.tp * t.layout.pp));
  }
  const double weight = t.compute == workload::Compute::fp32 ? 4.0 : t.framework->weight_bytes;
  const bool masters =
      t.master_weights.value_or(t.framework->master_weights && t.optimizer->master_weights);
  const double state = t.optimizer->state_bits > 0.0 ? t.optimizer->state_bits / 8.0
                       : masters || weight >= 4.0    ? 4.0
                                                     : weight;
  const double master = masters && weight < 4.0 ? 4.0 : 0.0;
  return bytes(std::ceil(d.parameters * (weight + master + t.optimizer->states * state)));
}

// ---- power, memory, loading ----

void set_power(HostAnswer& a, std::span<const Machines> fleet) {
  const Machines& m = fleet.front();
  const auto power = estimate::machine_power(m.parts);
  if (!power) {
    return warn(a.notes,
                "power-unknown",
                "the catalog has no power of " + std::string(m.gpu->id) +
                    ": power, supplies and cooling are unknown; an overlay supplies power_w");
  }
  const Watts wall = estimate::at_the_wall(*power);
  a.power_w = wall.value;
  a.all_power_w = power_of(fleet)->value;
  add(a, "power", "devices", power->devices.value, "W", "H-POWER");
  add(a, "power", "cores", power->cores.value, "W", "H-POWER");
  add(a, "power", "memory", power->memory.value, "W", "H-POWER");
  add(a, "power", "drives", power->drives.value, "W", "H-POWER");
  add(a, "power", "network ports", power->ports.value, "W", "H-POWER");
  add(a, "power", "fans", power->fans.value, "W", "H-POWER");
  add(a, "power", "lost in supplies", wall.value - total(*power).value, "W", "H-POWER");
  if (m.computer) return;  // it comes with its supply and its case
  const auto psus = estimate::supplies(*power);
  const std::string feed = text(psus.count / 2);
  a.psus = HostSupplies{psus.count, psus.each.value, feed + "+" + feed};
  const auto cool = estimate::cooling(m.machine_gpus, wall);
  a.cooling = HostCooling{cool.liquid ? "liquid" : "air",
                          cool.rack_units,
                          cool.per_rack_unit.value,
                          cool.air_rack_units};
}

void set_load_time(HostAnswer& a, const Machines& m, const estimate::Interconnect& ways) {
  a.load_time.cold = m.loaded / bytes_per_second(a.storage_bandwidth_bytes_per_s);
  if (ways.host_bus.value > 0.0 && !m.computer) a.load_time.warm = m.device / ways.host_bus;
}

void set_machine(HostAnswer& a, const Machines& m) {
  a.machines = m.count;
  a.gpus_per_machine = m.machine_gpus;
  a.ram = m.ram;
  if (m.computer) return;
  a.cpu_cores = m.parts.cores;
  const auto threads = estimate::worker_threads(m.parts.cores);
  a.cpu_threads = HostThreads{threads.low, threads.high};
  add(a, "ram", "weights that the machine reads", m.loaded.value, "B", "H-RAM");
  add(a, "ram", "kept in host memory", m.offloaded.value, "B", "H-RAM");
  add(a, "ram", "processes and system", estimate::process_ram(m.machine_gpus).value, "B", "H-RAM");
  add(a,
      "ram",
      "the guides' least for the size",
      estimate::rule_ram(m.parameters, m.trains).value,
      "B",
      "H-RAM");
}

void advise(HostAnswer& a, const Machines& m) {
  const auto add_advice = [&](const char* id, std::string what) {
    a.advice.push_back({id, std::move(what)});
  };
  if (m.computer) return;
  add_advice("swappiness",
             "vm.swappiness=1: weights in the page cache must not push the engine out");
  add_advice("thp", "transparent huge pages on madvise: always can stall allocations");
  if (m.offloaded.value > 0.0 || m.trains)
    add_advice("hugepages", "reserve huge pages for pinned host buffers, 2 MiB each");
  if (m.machine_gpus > 1)
    add_advice("numa",
               "bind each worker to the cores and memory of the socket its device hangs on");
  if (a.network.rdma)
    add_advice("rdma", "ulimit -l unlimited, and GPUDirect RDMA with one port beside each device");
}

}  // namespace

HostAnswer host_answer(const catalog::Catalog& catalog,
                       const Deployment& d,
                       const LatencyAnswer& latency,
                       const HostRequest& r) {
  const std::vector<Machines> fleet = fleet_of(d);
  const Machines& m = fleet.front();
  HostAnswer a;
  a.fits = latency.fits.value_or(true);
  set_machine(a, m);
  a.machines = machine_count(fleet);
  const Demand step = serving_demand(d, m, latency);
  const Demand caches = cache_demand(d, fleet, latency);
  set_network(a, m, needed(caches) > needed(step) ? caches : step);
  estimate::StorageNeed need = storage_need(m);
  add_logs(a, need, d, latency, r);
  set_storage(a, need);
  set_power(a, fleet);
  set_load_time(
      a,
      m,
      estimate::interconnect(*d.gpu, catalog.all<catalog::Link>(), d.node_gpus, d.link, d.network));
  a.software = software_need(catalog, *d.gpu, d.workload.engine, d.workload.precision.dense);
  advise(a, m);
  return a;
}

HostAnswer host_answer(const catalog::Catalog& catalog,
                       const catalog::Gpu& gpu,
                       std::int64_t gpus,
                       std::int64_t node_gpus) {
  const Machines m = machines_of(gpu, gpus, node_gpus);
  HostAnswer a;
  set_machine(a, m);
  set_network(a, m, {});
  set_storage(a, storage_need(m));
  set_power(a, std::vector{m});
  set_load_time(
      a, m, estimate::interconnect(gpu, catalog.all<catalog::Link>(), node_gpus, nullptr, nullptr));
  a.software = software_need(catalog, gpu, nullptr, nullptr);
  advise(a, m);
  assume(a.notes,
         "no-model",
         "no model named: memory, storage and loading are those of weights that fill the devices",
         "--model");
  return a;
}

HostAnswer host_answer(const catalog::Catalog& catalog,
                       const TrainingDeployment& d,
                       const TrainingSpeedAnswer& speed,
                       const HostRequest& r) {
  const Machines m = machines_of(d);
  HostAnswer a;
  a.fits = speed.fits;
  set_machine(a, m);
  Demand demand;
  if (m.networked)
    demand = {estimate::training_exchange(d.training, m.machine_gpus), speed.step_s.value};
  set_network(a, m, demand);
  estimate::StorageNeed need = storage_need(m);
  need.checkpoint = checkpoint_of(d);
  need.checkpoint_interval = r.checkpoint_interval.value_or(seconds(kCheckpointInterval));
  if (!r.checkpoint_interval) fill(a.notes, "checkpoint_interval", "1h", Origin::built_in);
  a.checkpoint = need.checkpoint;
  set_storage(a, need);
  set_power(a, std::vector{m});
  set_load_time(
      a,
      m,
      estimate::interconnect(*d.gpu, catalog.all<catalog::Link>(), d.node_gpus, nullptr, nullptr));
  a.software = software_need(catalog, *d.gpu, nullptr, nullptr);
  advise(a, m);
  return a;
}

}  // namespace dsplan::plan
