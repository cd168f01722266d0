// How many GPUs: each answer holds what was asked, one GPU fewer does not.
#include "dsplan/plan/cards_answer.hpp"

#include <string>

#include "dsplan/plan/latency_answer.hpp"
#include "dsplan/solve/cards.hpp"
#include "dsplan/solve/memory_limits.hpp"

#include "../support/built_in.hpp"

namespace dsplan::plan {
namespace {

using test::built_in;

Deployment deployed(std::string_view model, std::string_view gpu, std::int64_t batch = 1) {
  DeploymentRequest r;
  r.model.model = &test::model(model);
  r.gpu = std::string(gpu);
  r.batch = batch;
  r.input_tokens = 1024;
  r.output_tokens = 128;
  return resolve_deployment(built_in(), r);
}

TimeLimit within(double seconds) { return {seconds, Statistic::mean}; }

/// The least time per token over the whole space on exactly so many GPUs, each layout timed.
double least_tpot(Deployment d, std::int64_t gpus) {
  double least = 1e9;
  const solve::LayoutSpace space{
      .node_gpus = d.node_gpus, .most_copies = d.workload.batch, .attention_copies = true};
  for (const auto& layout : solve::layouts_on(gpus, d.workload, space)) {
    d.workload.layout = layout;
    if (!solve::holds(d.workload, *d.gpu)) continue;
    const LatencyAnswer a = latency_answer(built_in(), d);
    if (*a.fits) least = std::min(least, a.tpot_s->value);
  }
  return least;
}

TEST_CASE("the fewest GPUs for a time agree with timing every layout", "[cards]") {
  struct Case {
    const char* model;
    const char* gpu;
    std::int64_t batch;
    double tpot_s;
  };
  int found = 0;
  for (const Case& c : {Case{"llama-3.1-70b", "h100-sxm", 1, 0.02},
                        Case{"llama-3.1-70b", "h100-sxm", 4, 0.012},
                        Case{"qwen3-30b-a3b", "a100-sxm-80", 8, 0.006},
                        Case{"llama-3.1-8b", "l40s", 2, 0.008}}) {
    const Deployment d = deployed(c.model, c.gpu, c.batch);
    CardsRequest r;
    r.max_tpot = within(c.tpot_s);
    r.most_gpus = 8;
    const CardsAnswer a = cards_answer(built_in(), d, r);
    std::optional<std::int64_t> brute;
    for (std::int64_t n = *a.gpus_for_memory; n <= 8 && !brute; ++n) {
      if (least_tpot(d, n) <= c.tpot_s) brute = n;
    }
    INFO(c.model << " on " << c.gpu);
    CHECK(a.gpus_for_latency == brute);
    CHECK(a.met == brute.has_value());
    if (!brute) continue;
    ++found;
    CHECK(a.needs.back().tpot_s->value == Approx(least_tpot(d, *brute)));
    CHECK(*a.gpus == std::max(*a.gpus_for_memory, *a.gpus_for_latency));
  }
  CHECK(found >= 2);
}

TEST_CASE("throughput is reached, and with one copy fewer it is not", "[cards]") {
  const Deployment d = deployed("llama-3.1-8b", "a100-sxm-80");
  CardsRequest r;
  r.output_tokens_per_s = 20000.0;
  r.max_tpot = within(0.05);
  const CardsAnswer a = cards_answer(built_in(), d, r);
  REQUIRE(a.met);
  const CardsNeed& need = a.needs.back();
  CHECK(need.output_tokens_per_s->value >= 20000.0);
  CHECK(need.tpot_s->value <= 0.05);
  CHECK(a.gpus == a.gpus_for_throughput);
  Deployment same = d;
  same.workload.layout = *need.layout;
  same.workload.batch = *need.concurrency;
  CHECK(latency_answer(built_in(), same).output_tokens_per_s->value ==
        Approx(need.output_tokens_per_s->value));
  REQUIRE(need.layout->dp > 1);
  same.workload.batch -= same.workload.batch / need.layout->dp;
  same.workload.layout.dp -= 1;
  CHECK(latency_answer(built_in(), same).output_tokens_per_s->value < 20000.0);
}

TEST_CASE("more is never asked of fewer GPUs", "[cards]") {
  const Deployment d = deployed("qwen3-32b", "h100-sxm");
  std::int64_t before = 0;
  for (const double rate : {500.0, 5000.0, 20000.0, 100000.0}) {
    CardsRequest r;
    r.output_tokens_per_s = rate;
    const CardsAnswer a = cards_answer(built_in(), d, r);
    REQUIRE(a.gpus_for_throughput);
    CHECK(*a.gpus_for_throughput >= before);
    CHECK(*a.gpus_for_throughput >= *a.gpus_for_memory);
    before = *a.gpus_for_throughput;
  }
}

TEST_CASE("copies share a batch that no copy holds, and one GPU fewer has no layout for it",
          "[cards]") {
  for (const char* gpu : {"l4", "h100-sxm", "rtx-4090"}) {
    for (const std::int64_t batch : {1, 64, 1000}) {
      Deployment d = deployed("llama-3.1-8b", gpu, batch);
      d.workload.input_tokens = 16000;
      INFO(gpu << " with " << batch);
      const CardsAnswer a = cards_answer(built_in(), d, {});
      REQUIRE(a.met);
      d.workload.layout = *a.layout;
      CHECK(solve::holds(d.workload, *d.gpu));
      const solve::LayoutSpace space{
          .node_gpus = d.node_gpus, .most_copies = batch, .attention_copies = true};
      for (std::int64_t fewer = 1; fewer < *a.gpus; ++fewer)
        CHECK_FALSE(solve::holding_layout(fewer, d.workload, *d.gpu, space));
    }
  }
}

TEST_CASE("GPUs that do not hold it have no largest batch", "[cards]") {
  CardsRequest request;
  request.given_gpus = 4;
  const CardsAnswer a = cards_answer(built_in(), deployed("llama-3.1-405b", "h100-sxm"), request);
  CHECK_FALSE(a.met);
  CHECK(a.gpus == 4);
  CHECK_FALSE(a.max_batch);
  CHECK_FALSE(a.max_context_tokens);
  CHECK(a.reasons.front().find("give --gpus 12") != std::string::npos);
}

TEST_CASE("too few GPUs for a throughput are told how many do", "[cards]") {
  CardsRequest request;
  request.output_tokens_per_s = 5000.0;
  const Deployment d = deployed("llama-3.1-70b", "h100-sxm");
  const CardsAnswer wide = cards_answer(built_in(), d, request);
  REQUIRE(wide.met);
  request.most_gpus = *wide.gpus_for_throughput - 1;
  const CardsAnswer narrow = cards_answer(built_in(), d, request);
  CHECK_FALSE(narrow.met);
  CHECK(narrow.reasons.front().find(": " + std::to_string(*wide.gpus_for_throughput) + " GPUs") !=
        std::string::npos);
}

TEST_CASE("a time that nothing reaches is refused with the best reached", "[cards]") {
  CardsRequest r;
  r.max_tpot = within(1e-5);
  r.most_gpus = 8;
  const CardsAnswer a = cards_answer(built_in(), deployed("llama-3.1-70b", "h100-sxm"), r);
  CHECK_FALSE(a.met);
  CHECK_FALSE(a.gpus);
  CHECK(a.gpus_for_memory);
  REQUIRE(a.reasons.size() == 1);
  CHECK(a.reasons.front().find("the best is") != std::string::npos);
}

TEST_CASE("the most sequences within a time hold it, and one more does not", "[cards]") {
  CardsRequest r;
  r.max_tpot = within(0.03);
  const Deployment d = deployed("llama-3.1-8b", "a100-sxm-80");
  const CardsAnswer a = cards_answer(built_in(), d, r);
  Deployment same = d;
  same.workload.layout = *a.layout;
  same.workload.batch = *a.max_concurrency;
  CHECK(latency_answer(built_in(), same).tpot_s->value <= 0.03);
  same.workload.batch += 1;
  CHECK(latency_answer(built_in(), same).tpot_s->value > 0.03);
}

RuleCardsQuestion guides() {
  RuleCardsQuestion q;
  q.parameters = 1e9;
  q.format = &test::format("fp16");
  q.gpu = &test::gpu("a100-sxm-40");
  q.batch = 32;
  q.tokens = 1024;
  q.latency = seconds(0.016);
  q.rate = flops_per_second(312e12);
  q.peak = "dense";
  return q;
}

CardsAnswer by_rule(const RuleCardsQuestion& q) {
  DeploymentRequest r;
  r.model.parameters = q.parameters;
  r.gpu = std::string(q.gpu->id);
  r.batch = q.batch;
  r.input_tokens = q.tokens;
  r.output_tokens = 0;
  return rule_cards_answer(built_in(), q, resolve_deployment(built_in(), r));
}

TEST_CASE("the guides' numbers, corrected", "[cards]") {
  RuleCardsQuestion q = guides();
  CardsAnswer a = by_rule(q);
  CHECK(a.gpus_for_memory == 5);
  CHECK(a.gpus_for_latency == 17);
  CHECK(a.gpus == 17);
  q.reserve_fraction = 0.0;
  q.rate = flops_per_second(624e12);
  q.peak = "sparse";
  a = by_rule(q);
  CHECK(a.gpus_for_memory == 4);
  CHECK(a.gpus_for_latency == 9);
}

TEST_CASE("the largest models fit, and are the largest", "[cards]") {
  DeploymentRequest r;
  r.gpu = "h100-sxm";
  r.gpus = 2;
  const auto models = largest_models(built_in(), r);
  REQUIRE(models.size() >= 2);
  for (std::size_t i = 1; i < models.size(); ++i)
    CHECK(models[i - 1].parameters >= models[i].parameters);
  for (const LargestModel& m : models) CHECK(m.headroom_fraction >= 0.0);
}

}  // namespace
}  // namespace dsplan::plan
