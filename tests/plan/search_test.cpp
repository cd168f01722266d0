#include "dsplan/plan/search.hpp"

#include <catch2/catch.hpp>

#include "dsplan/plan/cost_answer.hpp"
#include "dsplan/plan/latency_answer.hpp"
#include "dsplan/plan/prefill_pool.hpp"
#include "dsplan/plan/recommendation.hpp"

#include "../support/built_in.hpp"

namespace dsplan::plan {
namespace {

using test::built_in;

SearchRequest question(std::string_view model, std::string_view gpu, std::int64_t gpus) {
  SearchRequest r;
  r.base.model.model = built_in().find<catalog::Model>(model);
  r.base.input_tokens = 1024;
  r.base.output_tokens = 256;
  r.devices = {{built_in().find<catalog::Gpu>(gpu), {}}};
  r.engines = {"vllm", "sglang"};
  r.precisions = {"", "fp8"};
  r.kv_precisions = {"", "fp8"};
  r.gpus = gpus;
  return r;
}

void check_same(const SearchPoint& a, const SearchPoint& b) {
  CHECK(a.family == b.family);
  CHECK(a.layout == b.layout);
  CHECK(a.key == b.key);
  CHECK(a.gpus == b.gpus);
  CHECK(a.output_tokens_per_s == b.output_tokens_per_s);
  CHECK(a.prefill.has_value() == b.prefill.has_value());
}

/// One search with bounds and one that computes every point. Pools leave out copies that others
/// beat, so the valid ones are comparable without them.
void check_pruning(SearchRequest r) {
  const SearchResult pruned = search(built_in(), r);
  r.exhaustive = true;
  const SearchResult all = search(built_in(), r);
  CHECK(pruned.evaluated == all.evaluated);
  if (!r.disaggregate) CHECK(pruned.valid == all.valid);
  REQUIRE(pruned.points.size() == all.points.size());
  for (std::size_t i = 0; i < all.points.size(); ++i) check_same(pruned.points[i], all.points[i]);
}

TEST_CASE("pools dearer than the layouts that are kept are left out without loss", "[search]") {
  SearchRequest r = question("llama-3.1-8b", "l40s", 4);
  for (const char* gpu : {"l4", "a100-sxm-80", "h100-sxm", "h200-sxm", "b200-sxm", "mi300x"})
    r.devices.push_back({built_in().find<catalog::Gpu>(gpu), {}});
  r.gpus.reset();
  r.most_gpus = 4;
  for (const Objective o : {Objective::cost, Objective::throughput}) {
    INFO(name_of(o));
    r.objective = o;
    SearchRequest layouts = r;
    layouts.disaggregate = false;
    // Only so many are kept: from there on a bound of the last kept is at work.
    CHECK(search(built_in(), layouts).points.size() == 256);
    check_pruning(r);
  }
}

TEST_CASE("bounds lose nothing: the pruned search finds what computing every point finds",
          "[search]") {
  for (const auto& [model, gpu, gpus] : {std::tuple{"llama-3.1-8b", "l40s", 4},
                                         {"llama-3.1-70b", "h100-sxm", 4},
                                         {"mixtral-8x7b", "h200-sxm", 8}}) {
    SearchRequest r = question(model, gpu, gpus);
    INFO(model);
    check_pruning(r);
    r.limits.tpot = TimeLimit{0.03, Statistic::mean};
    r.limits.ttft = TimeLimit{0.6, Statistic::mean};
    for (const Objective o :
         {Objective::cost, Objective::latency, Objective::throughput, Objective::energy}) {
      INFO(name_of(o));
      r.objective = o;
      check_pruning(r);
    }
  }
}

TEST_CASE("bounds lose nothing where the load is given and the devices are free", "[search]") {
  SearchRequest r = question("llama-3.1-8b", "l40s", 1);
  r.gpus.reset();
  r.most_gpus = 8;
  r.limits.tpot = TimeLimit{0.03, Statistic::mean};
  r.concurrency = 48;
  check_pruning(r);
  r.spare_copies = 1;
  check_pruning(r);
  r.objective = Objective::throughput;
  check_pruning(r);
  r.limits.usd_per_month = 5000.0;
  check_pruning(r);
  r.concurrency.reset();
  r.spare_copies = 0;
  r.limits.output_tokens_per_s = 4000.0;
  check_pruning(r);
}

TEST_CASE("bounds lose nothing and count the same under every limit", "[search]") {
  SearchRequest free = question("llama-3.1-8b", "l40s", 1);
  free.gpus.reset();
  free.most_gpus = 6;
  free.disaggregate = false;
  SearchRequest given = free;
  given.concurrency = 40;
  SearchRequest spare = given;
  spare.spare_copies = 1;
  SearchRequest rate = free;
  rate.limits.output_tokens_per_s = 3000.0;
  for (const SearchRequest& base : {free, given, spare, rate}) {
    for (const Objective o :
         {Objective::cost, Objective::latency, Objective::throughput, Objective::energy}) {
      const auto check = [&](auto change) {
        SearchRequest r = base;
        r.objective = o;
        change(r.limits);
        INFO(name_of(o));
        check_pruning(r);
      };
      check([](SearchLimits&) {});
      check([](SearchLimits& l) { l.usd_per_month = 2000.0; });
      check([](SearchLimits& l) { l.capex_usd = 25000.0; });
      check([](SearchLimits& l) { l.power_w = 1200.0; });
      check([](SearchLimits& l) { l.latency = TimeLimit{5.0, Statistic::mean}; });
    }
  }
}

TEST_CASE("bounds lose nothing on a frontier", "[search]") {
  SearchRequest r = question("llama-3.1-8b", "l40s", 2);
  r.frontier = true;
  check_pruning(r);
}

TEST_CASE("any number of jobs gives the same answer", "[search]") {
  SearchRequest r = question("mixtral-8x7b", "h200-sxm", 8);
  const SearchResult one = search(built_in(), r);
  for (const std::int64_t jobs : {2, 5}) {
    r.jobs = jobs;
    const SearchResult many = search(built_in(), r);
    CHECK(one.evaluated == many.evaluated);
    CHECK(one.valid == many.valid);
    REQUIRE(one.points.size() == many.points.size());
    for (std::size_t i = 0; i < one.points.size(); ++i) check_same(one.points[i], many.points[i]);
  }
}

RecommendRequest limited(std::string_view model, std::string_view gpu) {
  RecommendRequest q;
  q.search = question(model, gpu, 8);
  q.search.limits.tpot = TimeLimit{0.03, Statistic::p99};
  q.search.limits.ttft = TimeLimit{1.0, Statistic::p90};
  q.model_flags = "--model " + std::string(model);
  return q;
}

TEST_CASE("what is recommended holds the limits, and is ranked", "[recommend]") {
  const RecommendRequest q = limited("llama-3.1-70b", "h100-sxm");
  const RecommendAnswer a = recommend(built_in(), q);
  REQUIRE_FALSE(a.deployments.empty());
  double last = 0.0;
  for (const Recommended& d : a.deployments) {
    INFO(d.flags);
    CHECK(d.gpus == 8);
    CHECK(d.performance.tpot_p99_s->value <= 0.03);
    CHECK(d.performance.ttft_s.value <= 1.0);
    CHECK(d.memory.total <= *d.memory.usable);
    CHECK_FALSE(d.reasons.empty());
    REQUIRE(d.cost.million_output);
    CHECK(d.cost.million_output->value >= last);
    last = d.cost.million_output->value;
  }
  CHECK(a.evaluated > a.valid);
}

DeploymentRequest as_request(const RecommendRequest& q, const Recommended& d) {
  DeploymentRequest r = q.search.base;
  r.gpu = d.gpu;
  r.gpus = d.gpus;
  r.engine = d.engine;
  r.precision = d.precision;
  r.kv_precision = d.kv_precision;
  r.tp = d.layout.tp;
  r.pp = d.layout.pp;
  r.dp = d.layout.dp;
  r.ep = d.layout.ep;
  r.cp = d.layout.cp;
  r.attention_dp = d.layout.attention_dp;
  r.batch = d.batch;
  if (d.flags.find("--max-batched-tokens") != std::string::npos)
    r.settings.max_batched_tokens = d.max_batched_tokens;
  if (d.pools) {
    r.gpus = d.pools->decode.gpus;
    const auto said = d.flags.find("--prefill-pool ");
    REQUIRE(said != std::string::npos);
    r.prefill_pool = parse_prefill_pool(d.flags.substr(said + 15));
    r.settings.max_batched_tokens.reset();
  }
  return r;
}

void check_says_the_same(const RecommendRequest& q, const Recommended& d) {
  INFO(d.flags);
  const Deployment deployment = resolve_deployment(built_in(), as_request(q, d));
  const LatencyAnswer l = latency_answer(built_in(), deployment);
  CHECK(l.ttft_s->value == d.performance.ttft_s.value);
  CHECK(l.tpot_s->value == d.performance.tpot_s->value);
  CHECK(l.ttft_p99_s->value == d.performance.ttft_p99_s->value);
  CHECK(l.tpot_p99_s->value == d.performance.tpot_p99_s->value);
  CHECK(l.e2e_s->value == d.performance.e2e_s.value);
  CHECK(l.output_tokens_per_s->value == d.performance.output_tokens_per_s->value);
  CHECK(*l.fits);
  CHECK(l.pools.has_value() == d.pools.has_value());
  const CostAnswer cost = cost_answer(built_in(), deployment, l, q.cost);
  CHECK(cost.machines == d.nodes);
  CHECK(cost.gpus == d.gpus);
  CHECK(cost.usd_per_hour == d.cost.usd_per_hour);
  CHECK(cost.capex_usd == d.cost.capex_usd);
  CHECK(cost.power_w == d.power_w);
}

TEST_CASE("`latency` and `cost` say the same of every deployment that is recommended",
          "[recommend]") {
  std::size_t pools = 0;
  for (const auto& [model, gpu] : {std::pair{"mixtral-8x7b", "h200-sxm"},
                                   {"llama-3.1-70b", "h200-sxm"},
                                   {"llama-3.1-8b", "l40s"},
                                   {"qwen3-30b-a3b", "b200-sxm"}}) {
    for (const bool disaggregate : {false, true}) {
      RecommendRequest q = limited(model, gpu);
      q.search.limits.ttft = TimeLimit{4.0, Statistic::mean};
      q.search.base.input_tokens = 4096;
      q.search.gpus.reset();
      q.search.most_gpus = 20;
      q.search.disaggregate = disaggregate;
      q.most_shown = 8;
      for (const Recommended& d : recommend(built_in(), q).deployments) {
        check_says_the_same(q, d);
        pools += d.pools ? 1 : 0;
      }
    }
  }
  CHECK(pools > 4);
}

TEST_CASE("pools keep their prompts at 80 % of what they can run, on one machine where they fit",
          "[recommend]") {
  RecommendRequest q = limited("llama-3.1-70b", "h200-sxm");
  q.search.limits.ttft = TimeLimit{4.0, Statistic::mean};
  q.search.base.input_tokens = 4096;
  q.search.gpus.reset();
  q.search.most_gpus = 24;
  q.most_shown = 12;
  q.search.fewest_gpus = 2;
  std::size_t pools = 0;
  for (const Recommended& d : recommend(built_in(), q).deployments) {
    if (!d.pools) continue;
    INFO(d.flags);
    ++pools;
    const LatencyAnswer l =
        latency_answer(built_in(), resolve_deployment(built_in(), as_request(q, d)));
    CHECK(l.pools->prompt_load <= 0.8 * (1.0 + 1e-9));
    CHECK(d.performance.tpot_p99_s->value <= 0.03);
    CHECK(d.performance.ttft_p99_s->value > d.performance.ttft_s.value);
    CHECK(d.gpus == d.pools->prefill.gpus + d.pools->decode.gpus);
    CHECK((d.nodes == 1) == (d.gpus <= 8));
    CHECK((l.pools->crosses == "the network") == (d.gpus > 8));
  }
  CHECK(pools > 0);
}

TEST_CASE("no pair of pools takes more machines than one pool that is nearly as good",
          "[recommend]") {
  RecommendRequest q = limited("llama-3.1-8b", "a100-sxm-80");
  q.search.limits.ttft = TimeLimit{0.09, Statistic::mean};
  q.search.limits.tpot.reset();
  q.search.engines = {"vllm", "trtllm"};
  q.search.precisions = {"w8a8-int8"};
  q.search.base.input_tokens = 2048;
  q.search.gpus.reset();
  q.search.most_gpus = 64;
  q.most_shown = 20;
  const RecommendAnswer a = recommend(built_in(), q);
  REQUIRE_FALSE(a.deployments.empty());
  for (const Recommended& pair : a.deployments) {
    if (!pair.pools) continue;
    for (const Recommended& one : a.deployments) {
      if (one.pools || one.nodes >= pair.nodes) continue;
      CHECK(one.cost.million_output->value > 1.05 * pair.cost.million_output->value);
    }
  }
}

TEST_CASE("without an answer the nearest miss says what to relax, and relaxing it helps",
          "[recommend]") {
  RecommendRequest q = limited("llama-3.1-70b", "h100-sxm");
  q.search.limits.ttft.reset();
  q.search.limits.tpot = TimeLimit{0.005, Statistic::mean};
  const RecommendAnswer a = recommend(built_in(), q);
  REQUIRE(a.deployments.empty());
  REQUIRE(a.relax);
  REQUIRE_FALSE(a.rejected.empty());
  CHECK(a.rejected.front().binding_constraint == "tpot");
  q.search.limits.tpot = TimeLimit{a.rejected.front().needed * 1.01, Statistic::mean};
  CHECK_FALSE(recommend(built_in(), q).deployments.empty());
}

TEST_CASE("the limits hold with the spare copies gone", "[recommend]") {
  RecommendRequest q = limited("llama-3.1-8b", "l40s");
  q.search.gpus.reset();
  q.search.concurrency = 64;
  q.search.spare_copies = 1;
  const RecommendAnswer a = recommend(built_in(), q);
  REQUIRE_FALSE(a.deployments.empty());
  for (const Recommended& d : a.deployments) {
    DeploymentRequest r = as_request(q, d);
    r.gpus = *r.gpus / *r.dp * (*r.dp - 1);
    r.dp = *r.dp - 1;
    const LatencyAnswer l = latency_answer(built_in(), resolve_deployment(built_in(), r));
    CHECK(l.tpot_p99_s->value <= 0.03);
    CHECK(*l.fits);
  }
}

}  // namespace
}  // namespace dsplan::plan
