// Loads in closed form, against sums by hand.
#include "dsplan/traffic/batch_load.hpp"

#include "../support/serving.hpp"

namespace dsplan::traffic {
namespace {

constexpr double kStep = 0.010;
constexpr double kToken = 0.0001;

Scheduling unlimited() {
  Scheduling s;
  s.cache_tokens = 1e9;
  s.step_tokens = 1000;
  return s;
}

TEST_CASE("prompts share steps up to the budget", "[traffic]") {
  const auto m = test::plain_steps(kStep, kToken);
  const Scheduling s = unlimited();
  CHECK(prompt_seconds(m, s, {.input_tokens = 300.0}, 1.0) == Approx(0.010 + 0.030));
  CHECK(prompt_seconds(m, s, {.input_tokens = 300.0}, 3.0) == Approx(0.010 + 0.090));
  CHECK(prompt_seconds(m, s, {.input_tokens = 300.0}, 4.0) == Approx(0.020 + 0.120));
  CHECK(prompt_seconds(m, s, {.input_tokens = 2500.0}, 1.0) == Approx(0.030 + 0.250));
  CHECK(prompt_seconds(m, s, {.input_tokens = 300.0, .prefix_hit = 0.5}, 1.0) ==
        Approx(0.010 + 0.015));
}

TEST_CASE("a batch runs its prompts, then its answers, in waves", "[traffic]") {
  const auto m = test::plain_steps(kStep, kToken);
  Scheduling s = unlimited();
  const BatchLoad load{.sequences = 8.0, .input_tokens = 100.0, .output_tokens = 11.0};
  const double decode = kStep + 8.0 * kToken;
  const BatchTimes one = batch_times(m, s, load);
  CHECK(one.ttft_s == Approx(kStep + 800.0 * kToken));
  CHECK(one.tpot_s == Approx(decode));
  CHECK(one.e2e_s == Approx(one.ttft_s + 10.0 * decode));
  CHECK(one.output_tokens_per_s == Approx(88.0 / one.e2e_s));
  s.cache_tokens = 4.0 * 111.0;
  const BatchTimes two = batch_times(m, s, load);
  CHECK(two.running == 4.0);
  CHECK(two.e2e_s == Approx(2.0 * (kStep + 400.0 * kToken + 10.0 * (kStep + 4.0 * kToken))));
}

TEST_CASE("offline throughput is its share of steps", "[traffic]") {
  const auto m = test::plain_steps(kStep, kToken);
  Scheduling s = unlimited();
  s.max_seqs = 50;
  const BatchLoad load{.sequences = 1e6, .input_tokens = 100.0, .output_tokens = 20.0};
  const BatchTimes t = offline_times(m, s, load);
  const double request = 20.0 * (kStep + 50.0 * kToken) / 50.0 + 100.0 * kToken;
  CHECK(t.running == 50.0);
  CHECK(t.output_tokens_per_s == Approx(20.0 / request));
}

TEST_CASE("beams share the running sequences", "[traffic]") {
  Scheduling s = unlimited();
  s.max_seqs = 64;
  CHECK(running_limit(s, {.input_tokens = 10.0, .output_tokens = 10.0, .beams = 4.0}) == 16.0);
}

TEST_CASE("a steady load adds prompts to its steps", "[traffic]") {
  const auto m = test::plain_steps(kStep, kToken);
  const Scheduling s = unlimited();
  const BatchLoad load{.sequences = 10.0, .input_tokens = 500.0, .output_tokens = 100.0};
  const BatchTimes t = steady_times(m, s, load);
  const double decode = kStep + 10.0 * kToken;
  CHECK(t.tpot_s == Approx(decode + 0.1 * 500.0 * kToken));
  CHECK(t.tpot_p50_s == Approx(decode));  // nine steps of ten have no prompt
  CHECK(t.tpot_p99_s == Approx(decode + 500.0 * kToken));
  CHECK(t.output_tokens_per_s == Approx(10.0 / t.tpot_s));
}

}  // namespace
}  // namespace dsplan::traffic
