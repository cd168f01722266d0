// What machines need beside their devices.
#include "dsplan/plan/host_answer.hpp"

#include <string>
#include <vector>

#include "dsplan/estimate/exchange.hpp"

#include "../support/built_in.hpp"

namespace dsplan::plan {
namespace {

using test::built_in;

DeploymentRequest asked(std::string_view model, std::string_view gpu, std::int64_t gpus) {
  DeploymentRequest r;
  r.model.model = &test::model(model);
  r.gpu = std::string(gpu);
  r.gpus = gpus;
  r.batch = 8;
  r.input_tokens = 1000;
  r.output_tokens = 200;
  return r;
}

HostAnswer answer(const DeploymentRequest& r, const HostRequest& request = {}) {
  const Deployment d = resolve_deployment(built_in(), r);
  return host_answer(built_in(), d, latency_answer(built_in(), d), request);
}

double sum_of(const HostAnswer& a, std::string_view figure) {
  double sum = 0.0;
  for (const HostTerm& t : a.terms) sum += t.figure == figure ? t.amount : 0.0;
  return sum;
}

TEST_CASE("parts of storage and power add up", "[host]") {
  for (const auto& r : {asked("llama-3.1-8b", "l4", 1),
                        asked("llama-3.1-70b", "h100-sxm", 8),
                        asked("llama-3.1-405b", "h100-sxm", 16)}) {
    const HostAnswer a = answer(r);
    CHECK(sum_of(a, "storage") == Approx(a.storage.value));
    REQUIRE(a.power_w);
    CHECK(sum_of(a, "power") == Approx(*a.power_w));
    CHECK(*a.all_power_w == Approx(*a.power_w * static_cast<double>(a.machines)));
  }
}

TEST_CASE("a machine with fewer devices draws less", "[host]") {
  DeploymentRequest r = asked("llama-3.1-70b", "h100-sxm", 12);
  r.tp = 4;
  r.pp = 3;
  const HostAnswer a = answer(r);
  CHECK(a.machines == 2);
  CHECK(2.0 * *a.power_w - *a.all_power_w == Approx(4 * 700.0 * 1.1 / 0.94));
}

TEST_CASE("memory holds the weights that a machine reads", "[host]") {
  for (const char* model : {"llama-3.1-8b", "llama-3.1-70b", "llama-3.1-405b"}) {
    const HostAnswer a = answer(asked(model, "h200-sxm", 8));
    double loaded = 0.0;
    for (const HostTerm& t : a.terms)
      if (t.part == "weights that the machine reads") loaded = t.amount;
    CHECK(a.ram.value > loaded);
    CHECK(loaded / a.storage_bandwidth_bytes_per_s == Approx(a.load_time.cold.value));
    CHECK(a.load_time.warm->value < a.load_time.cold.value);
  }
}

TEST_CASE("one machine needs no fast network, a model over two does", "[host]") {
  const HostAnswer one = answer(asked("llama-3.1-70b", "h100-sxm", 8));
  CHECK(one.network.name == "1 GbE");
  CHECK(one.network.bytes_per_step.value == 0.0);
  DeploymentRequest wide = asked("llama-3.1-405b", "h100-sxm", 16);
  wide.tp = 8;
  wide.pp = 2;
  const HostAnswer two = answer(wide);
  CHECK(two.machines == 2);
  CHECK(two.network.rdma);
  CHECK(two.network.bytes_per_step.value > 0.0);
  DeploymentRequest copies = asked("llama-3.1-8b", "h100-sxm", 16);
  copies.dp = 16;
  copies.batch = 64;
  const HostAnswer apart = answer(copies);
  CHECK(apart.machines == 2);
  CHECK_FALSE(apart.network.rdma);
}

TEST_CASE("a rack that one fast link joins needs no network between its machines", "[host]") {
  const HostAnswer rack = host_answer(built_in(), test::gpu("gb200"), 72, 72);
  CHECK(rack.machines == 18);
  CHECK(rack.gpus_per_machine == 4);
  CHECK_FALSE(rack.network.rdma);
  const HostAnswer servers = host_answer(built_in(), test::gpu("b200-sxm"), 72, 8);
  CHECK(servers.machines == 9);
  CHECK(servers.network.rdma);
}

TEST_CASE("caches that one machine hands another need a network, those within one do not",
          "[host]") {
  DeploymentRequest r = asked("llama-3.1-70b", "h200-sxm", 4);
  r.tp = 4;
  r.batch = 64;
  r.prefill_pool = PrefillPool{};
  r.prefill_pool->tp = 1;
  r.prefill_pool->dp = 4;
  const HostAnswer one = answer(r);
  CHECK(one.machines == 1);
  CHECK(one.gpus_per_machine == 8);
  CHECK(one.network.bytes_per_step.value == 0.0);
  r.prefill_pool->dp = 8;
  const HostAnswer two = answer(r);
  const Deployment d = resolve_deployment(built_in(), r);
  const LatencyAnswer l = latency_answer(built_in(), d);
  CHECK(two.machines == 2);
  CHECK(two.network.bytes_per_step.value == Approx(l.pools->cache.value));
  CHECK(two.network.needed_bytes_per_s >= l.pools->cache.value * l.requests_per_s->value);
}

TEST_CASE("logs follow requests and retention", "[host]") {
  HostRequest r;
  r.requests_per_day = 1000000;
  r.log_retention = seconds(10.0 * 86400.0);
  const HostAnswer few = answer(asked("llama-3.1-8b", "h100-sxm", 1), r);
  r.log_retention = seconds(20.0 * 86400.0);
  const HostAnswer more = answer(asked("llama-3.1-8b", "h100-sxm", 1), r);
  CHECK(more.storage.value - few.storage.value == Approx(1e7 * (1024.0 + 5.0 * 1200.0)));
}

TEST_CASE("a device that is a computer has its own host", "[host]") {
  DeploymentRequest r = asked("llama-3.1-8b", "jetson-agx-orin-64", 1);
  r.engine = "llamacpp";
  r.batch = 1;
  const HostAnswer a = answer(r);
  CHECK_FALSE(a.cpu_cores);
  CHECK_FALSE(a.psus);
  CHECK(a.ram == gb(64.0));
  CHECK(*a.power_w < 100.0);
}

TEST_CASE("a training run has checkpoints and exchanges gradients", "[host]") {
  TrainingRequest t;
  t.model.model = &test::model("llama-3.1-8b");
  t.gpu = "h100-sxm";
  t.gpus = 16;
  t.optimizer = "adamw";
  const TrainingDeployment d = resolve_training(built_in(), t);
  const HostAnswer a = host_answer(built_in(), d, training_speed_answer(built_in(), d, {}), {});
  REQUIRE(a.checkpoint);
  CHECK(a.checkpoint->value == Approx(d.parameters * 14.0));
  CHECK(a.storage_bandwidth_bytes_per_s >= 80e9);
  CHECK(a.network.rdma);
  const auto sent = estimate::training_exchange(d.training, 8);
  CHECK(sent.hidden.value > 0.0);
  CHECK(a.network.bytes_per_step == sent.exposed + sent.hidden);
  CHECK(estimate::training_exchange(d.training, 16).hidden.value == 0.0);
}

}  // namespace
}  // namespace dsplan::plan
