// Pools of prompts and of decoding, against sums by hand and Little's law.
#include "dsplan/traffic/pool_pair.hpp"

#include "../support/serving.hpp"

namespace dsplan::traffic {
namespace {

constexpr double kStep = 0.010;
constexpr double kToken = 0.0001;
constexpr double kInput = 500.0;
constexpr double kOutput = 101.0;

Scheduling scheduling() {
  Scheduling s;
  s.cache_tokens = 1e9;
  s.step_tokens = 2000;
  return s;
}

/// The pair points at the steps, which must outlive it.
PoolPair pair_on(const estimate::StepModel& steps, double servers, double replicas) {
  PoolPair p;
  p.load = {.input_tokens = kInput, .output_tokens = kOutput};
  p.scheduling = scheduling();
  p.steps = &steps;
  p.prompts = prompt_pool(steps, p.scheduling, p.load, servers);
  p.way = {.seconds = 0.004, .lanes = 2.0};
  p.replicas = replicas;
  return p;
}

TEST_CASE("a pool of prompts runs as many a second as its fullest steps do", "[traffic]") {
  const auto steps = test::plain_steps(kStep, kToken);
  const PromptPool p =
      prompt_pool(steps, scheduling(), {.input_tokens = kInput, .output_tokens = 1.0}, 3.0);
  CHECK(p.together == 4.0);
  CHECK(p.first_s == Approx(kStep + kInput * kToken));
  CHECK(p.more_s == Approx(kInput * kToken));
  CHECK(prompt_rate(p) == Approx(3.0 * 4.0 / (kStep + 4.0 * kInput * kToken)));
}

TEST_CASE("one client waits for nobody", "[traffic]") {
  const auto steps = test::plain_steps(kStep, kToken);
  const PoolPair pair = pair_on(steps, 1.0, 1.0);
  const PairTimes t = pair_times(pair, 1.0);
  const double decode = kStep + kToken;
  CHECK(t.ttft_s.mean == Approx(kStep + kInput * kToken + 0.004 + decode));
  CHECK(t.ttft_s.p99 == Approx(t.ttft_s.mean));
  CHECK(t.tpot_s.mean == Approx(decode));
  CHECK(t.e2e_s == Approx(t.ttft_s.mean + 100.0 * decode));
  CHECK(t.requests_per_s == Approx(1.0 / t.e2e_s));
}

TEST_CASE("clients are the rate times the time of a request, at any load", "[traffic]") {
  const auto steps = test::plain_steps(kStep, kToken);
  for (const double servers : {1.0, 2.0, 8.0}) {
    const PoolPair pair = pair_on(steps, servers, 2.0);
    double rate = 0.0;
    for (const double clients : {1.0, 4.0, 16.0, 64.0, 256.0}) {
      INFO(servers << " servers, " << clients << " clients");
      const PairTimes t = pair_times(pair, clients);
      CHECK(t.requests_per_s * t.e2e_s == Approx(clients).epsilon(1e-6));
      CHECK(total(t.first) == Approx(t.ttft_s.mean).epsilon(1e-12));
      CHECK(t.prompt_load < 1.0);
      CHECK(t.requests_per_s > rate);
      CHECK(t.ttft_s.p50 <= t.ttft_s.p90);
      CHECK(t.ttft_s.p90 <= t.ttft_s.p99);
      CHECK(t.tpot_s.p99 >= t.tpot_s.mean);
      rate = t.requests_per_s;
    }
  }
}

TEST_CASE("the most clients keep the prompts at 80 % of their rate, one more does not",
          "[traffic]") {
  const auto steps = test::plain_steps(kStep, kToken);
  const PoolPair pair = pair_on(steps, 1.0, 4.0);
  const double most = most_clients(pair, 1000.0);
  REQUIRE(most > 1.0);
  CHECK(pair_times(pair, most).prompt_load <= kPromptLoad * (1.0 + 1e-9));
  CHECK(pair_times(pair, most + 2.0).prompt_load > kPromptLoad);
}

TEST_CASE("where decoding is the narrow end, its sequences are what was asked for", "[traffic]") {
  const auto steps = test::plain_steps(kStep, kToken);
  const PoolPair pair = pair_on(steps, 64.0, 1.0);
  const double most = most_clients(pair, 8.0);
  CHECK(pair_times(pair, most).running <= 8.0 * (1.0 + 1e-9));
  CHECK(pair_times(pair, most + 1.0).running > 8.0);
}

TEST_CASE("requests beyond what the decode pool holds wait for room", "[traffic]") {
  const auto steps = test::plain_steps(kStep, kToken);
  PoolPair pair = pair_on(steps, 64.0, 1.0);
  pair.scheduling.max_seqs = 8;
  const PairTimes t = pair_times(pair, 100.0);
  CHECK(t.running == Approx(8.0));
  CHECK(t.first.room_s > 0.5 * t.e2e_s);
  CHECK(t.requests_per_s * t.e2e_s == Approx(100.0).epsilon(1e-6));
}

TEST_CASE("taking requests over holds up the steps that do", "[traffic]") {
  auto steps = test::plain_steps(kStep, kToken);
  const BatchLoad load{.input_tokens = kInput, .output_tokens = kOutput};
  Scheduling s = scheduling();
  const auto taking = [&](double sequences) {
    return decode_gap(steps, s, load, sequences).step_s -
           mean_decode_seconds(steps, load, sequences);
  };
  CHECK(taking(64.0) == Approx(0.0).margin(1e-12));
  s.request_s = 0.002;
  CHECK(taking(64.0) == Approx(0.002 * 64.0 / kOutput));
  // Of replicas that step together any may be the one.
  steps.routed_per_token = 16.0;
  CHECK(taking(8.0) == Approx(0.002 * (1.0 - std::exp(-16.0 * 8.0 / kOutput))));
  CHECK(taking(256.0) == Approx(0.002 * 256.0 / kOutput));
}

}  // namespace
}  // namespace dsplan::traffic
