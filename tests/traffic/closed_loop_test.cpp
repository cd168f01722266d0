// Clients in a closed loop: sums by hand, conservation, Little's law, limits.
#include "dsplan/traffic/closed_loop.hpp"

#include "../support/serving.hpp"

namespace dsplan::traffic {
namespace {

Scheduling roomy() {
  Scheduling s;
  s.cache_tokens = 1e9;
  return s;
}

TEST_CASE("one client waits for its prompt and its tokens", "[traffic]") {
  const auto m = test::plain_steps(0.010, 0.0001);
  const ClosedLoop one{
      .clients = 1, .requests_per_client = 5, .input_tokens = 200, .output_tokens = 51};
  const LoopTimes t = simulate(m, one, roomy());
  CHECK(t.ttft_s.mean == Approx(0.030));
  CHECK(t.tpot_s.mean == Approx(0.0101));
  CHECK(t.e2e_s.mean == Approx(0.030 + 50.0 * 0.0101));
  CHECK(t.output_tokens_per_s == Approx(51.0 / t.e2e_s.mean));
}

TEST_CASE("requests per second times their time is the number of clients", "[traffic]") {
  auto m = test::steps("llama-3.1-8b", "h100-sxm");
  estimate::tabulate(m);
  const ClosedLoop many{.clients = 32,
                        .requests_per_client = 20,
                        .input_tokens = 1024,
                        .output_tokens = 256,
                        .shortest_share = 0.8};
  const LoopTimes t = simulate(m, many, roomy());
  CHECK(t.requests_per_s * t.e2e_s.mean == Approx(32.0).epsilon(0.08));
  CHECK(t.output_tokens_per_s / t.requests_per_s == Approx(0.9 * 256.0).epsilon(0.03));
  CHECK(t.mean_running <= 32.0);
}

TEST_CASE("the same seed gives the same times, another one others", "[traffic]") {
  auto m = test::steps("llama-3.1-8b", "h100-sxm");
  estimate::tabulate(m);
  ClosedLoop c{.clients = 8, .input_tokens = 500, .output_tokens = 100, .shortest_share = 0.5};
  const LoopTimes first = simulate(m, c, roomy());
  CHECK(simulate(m, c, roomy()).e2e_s.mean == first.e2e_s.mean);
  c.seed = 2;
  CHECK(simulate(m, c, roomy()).e2e_s.mean != first.e2e_s.mean);
}

TEST_CASE("no more run than the cache and the engine allow", "[traffic]") {
  const auto m = test::plain_steps(0.010, 0.0001);
  const ClosedLoop c{.clients = 40, .input_tokens = 100, .output_tokens = 100};
  Scheduling s = roomy();
  const double free = simulate(m, c, s).mean_running;
  s.reserves_output = true;
  s.cache_tokens = 10.0 * 200.0;
  CHECK(simulate(m, c, s).mean_running <= 10.0);
  s.cache_tokens = 1e9;
  s.max_seqs = 5;
  CHECK(simulate(m, c, s).mean_running <= 5.0);
  CHECK(free > 20.0);
}

TEST_CASE("first tokens wait for a scheduler that looks rarely", "[traffic]") {
  const auto m = test::plain_steps(0.010, 0.0001);
  const ClosedLoop c{
      .clients = 8, .input_tokens = 100, .output_tokens = 200, .shortest_share = 0.5};
  Scheduling s = roomy();
  const double eager = simulate(m, c, s).ttft_s.p50;
  s.poll_interval = 20;
  CHECK(simulate(m, c, s).ttft_s.p50 > eager);
}

}  // namespace
}  // namespace dsplan::traffic
