#include "dsplan/plan/training_recommendation.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "../support/built_in.hpp"
#include "../support/program.hpp"

namespace dsplan {
namespace {

using plan::TrainingPlan;
using plan::TrainingQuestion;
using plan::TrainingRecommendation;
using test::built_in;
using Json = nlohmann::json;

TrainingQuestion asked(std::string_view model,
                       const std::vector<std::string>& gpus,
                       std::vector<std::int64_t> counts) {
  TrainingQuestion q;
  q.search.base.model.model = &test::model(model);
  q.search.base.seq_len = 4096;
  q.search.base.global_batch = 64;
  for (const std::string& gpu : gpus)
    q.devices.push_back(built_in().resolve<catalog::Gpu>(gpu).entry);
  q.counts = std::move(counts);
  q.methods = {workload::Method::full};
  return q;
}

TrainingQuestion usual() {
  return asked("llama-3.1-8b", {"h100-sxm", "a100-sxm-80", "mi300x"}, {1, 2, 4, 8, 16});
}

TrainingRecommendation answer(const TrainingQuestion& q) {
  return plan::training_recommendation(built_in(), q);
}

/// Of one device and count, by the search that brute force checks.
std::optional<TrainingPlan> best_of(const TrainingQuestion& q,
                                    const catalog::Gpu& gpu,
                                    std::int64_t gpus) {
  auto one = q.search;
  one.base.gpu = std::string(gpu.id);
  one.gpus = gpus;
  const auto found = plan::training_search(built_in(), one);
  if (found.deployments.empty()) return std::nullopt;
  return found.deployments.front();
}

double price(const TrainingPlan& p) { return p.cost.million_tokens.value().value; }

TEST_CASE("the cheapest training plan is that of all devices and counts, one by one") {
  const TrainingQuestion q = usual();
  double least = 1e300;
  for (const auto* gpu : q.devices)
    for (const auto n : q.counts)
      if (const auto p = best_of(q, *gpu, n); p && p->cost.million_tokens)
        least = std::min(least, price(*p));
  const auto found = answer(q);
  REQUIRE_FALSE(found.deployments.empty());
  const auto cheapest = std::min_element(
      found.deployments.begin(), found.deployments.end(), [](const auto& a, const auto& b) {
        return price(a) < price(b);
      });
  CHECK(price(*cheapest) >= least);
  CHECK(price(found.deployments.front()) <= least * (1.0 + plan::kTieShare));
}

TEST_CASE("what ties with the best is told and ordered by time") {
  const auto found = answer(usual());
  const auto& plans = found.deployments;
  REQUIRE(plans.size() > 1);
  for (std::size_t i = 1; i < plans.size(); ++i) {
    CHECK(plans[i].rank == static_cast<std::int64_t>(i) + 1);
    if (plans[i].tie) {
      CHECK(plans[i - 1].tie);
      CHECK(plans[i - 1].performance.step_s.value <= plans[i].performance.step_s.value);
    } else if (!plans[i - 1].tie) {
      CHECK(price(plans[i - 1]) <= price(plans[i]));
    }
  }
}

TEST_CASE("by latency the fastest training plan comes first, whatever it costs") {
  TrainingQuestion q = usual();
  q.objective = plan::Objective::latency;
  const auto found = answer(q);
  for (const auto* gpu : q.devices)
    for (const auto n : q.counts)
      if (const auto p = best_of(q, *gpu, n))
        CHECK(found.deployments.front().performance.step_s.value <=
              p->performance.step_s.value * (1.0 + plan::kTieShare));
}

TEST_CASE("a frontier of training plans has none that another beats in both") {
  TrainingQuestion q = usual();
  q.frontier = true;
  const auto found = answer(q);
  REQUIRE(found.deployments.size() > 1);
  for (std::size_t i = 1; i < found.deployments.size(); ++i) {
    CHECK(found.deployments[i - 1].performance.step_s.value <
          found.deployments[i].performance.step_s.value);
    CHECK(price(found.deployments[i - 1]) > price(found.deployments[i]));
  }
}

TEST_CASE("limits of training hold, and the change of a near miss admits it") {
  TrainingQuestion q = usual();
  const auto free = answer(q);
  const double rent = *free.deployments.front().cost.usd_per_month;
  const auto with = [&](auto set) {
    TrainingQuestion limited = usual();
    set(limited.limits);
    return answer(limited);
  };
  for (const auto& p : with([&](auto& l) { l.usd_per_month = rent / 2.0; }).deployments)
    CHECK(*p.cost.usd_per_month <= rent / 2.0);
  for (const auto& p : with([](auto& l) { l.power_w = 12000.0; }).deployments)
    CHECK(*p.power_w <= 12000.0);
  for (const auto& p : with([](auto& l) { l.tokens_per_s = 60000.0; }).deployments)
    CHECK(p.performance.tokens_per_s.value >= 60000.0);
  const auto none = with([](auto& l) { l.tokens_per_s = 1e9; });
  CHECK(none.deployments.empty());
  REQUIRE(none.relax);
  REQUIRE_FALSE(none.rejected.empty());
  const auto& nearest = none.rejected.front();
  CHECK(nearest.binding_constraint == "throughput");
  CHECK(none.relax->starts_with(nearest.change));
  const double admitted = std::stod(nearest.change.substr(nearest.change.find(' ')));
  CHECK_FALSE(with([&](auto& l) { l.tokens_per_s = admitted; }).deployments.empty());
}

TEST_CASE("where a limit keeps every plan out, the misses are of the limit and not of memory") {
  TrainingQuestion q = asked("llama-3.1-70b", {"h100-sxm"}, {64});
  q.limits.power_w = 10000.0;
  const auto none = answer(q);
  CHECK(none.deployments.empty());
  REQUIRE_FALSE(none.rejected.empty());
  for (const auto& miss : none.rejected) CHECK(miss.binding_constraint == "power");
  REQUIRE(none.relax);
  CHECK(none.relax->starts_with("--max-power "));
}

TEST_CASE("with a provider asked for, plans are what it rents out") {
  TrainingQuestion q = usual();
  const auto any = answer(q);
  CHECK(std::any_of(any.deployments.begin(), any.deployments.end(), [](const auto& p) {
    return p.gpu == "h100-sxm";
  }));
  q.search.cost.rent.providers = {"azure"};
  q.search.most = 20;
  const auto azure = answer(q);
  REQUIRE_FALSE(azure.deployments.empty());
  for (const TrainingPlan& p : azure.deployments) CHECK(p.cost.usd_per_hour);
}

TEST_CASE("a run that fits on no number of GPUs allowed names the number that holds it") {
  TrainingQuestion q = asked("llama-3.1-405b", {"h100-sxm"}, {1, 2, 4, 8});
  q.open_counts = true;
  const auto few = answer(q);
  CHECK(few.deployments.empty());
  REQUIRE(few.relax);
  const std::int64_t more = std::stoll(few.relax->substr(few.relax->find(' ')));
  q.counts = {more};
  CHECK_FALSE(answer(q).deployments.empty());
  q.counts = {more / 2};
  CHECK(answer(q).deployments.empty());
}

TEST_CASE("fine-tuning lists the best of full, LoRA and QLoRA, and QLoRA holds the least") {
  TrainingQuestion q = asked("llama-3.1-8b", {"a100-sxm-80"}, {1, 2, 4, 8});
  q.methods = {workload::Method::full, workload::Method::lora, workload::Method::qlora};
  q.search.base.framework = "transformers";
  q.search.most = 1;
  const auto found = answer(q);
  const auto of = [&](const char* way) {
    const auto p = std::find_if(found.deployments.begin(),
                                found.deployments.end(),
                                [&](const TrainingPlan& plan) { return plan.workload == way; });
    REQUIRE(p != found.deployments.end());
    return *p;
  };
  CHECK(of("qlora").memory.weights < of("lora").memory.weights);
  CHECK(price(of("training")) > price(of("lora")));
  q.devices = {built_in().resolve<catalog::Gpu>("rtx-4060").entry};
  q.counts = {1};
  const auto small = answer(q);
  CHECK(std::none_of(small.deployments.begin(), small.deployments.end(), [](const auto& p) {
    return p.workload == "lora";
  }));
}

TEST_CASE("the training recommendation is the same with any number of threads") {
  TrainingQuestion q = usual();
  const auto alone = answer(q);
  q.search.jobs = 3;
  const auto shared = answer(q);
  REQUIRE(alone.deployments.size() == shared.deployments.size());
  CHECK(alone.evaluated == shared.evaluated);
  for (std::size_t i = 0; i < alone.deployments.size(); ++i)
    CHECK(alone.deployments[i].flags == shared.deployments[i].flags);
}

// ---- through the command line ----

Json result_of(const std::string& line) {
  const test::Run run = test::run(test::words(line + " -o json"));
  INFO(line << "\n" << run.err);
  REQUIRE(run.code == 0);
  return Json::parse(run.out)["result"];
}

TEST_CASE("latency on the flags of a recommended run gives its step and utilisation") {
  for (const char* question :
       {"recommend -w training --model gpt3-175b --gpu a100 --gpus 64 --global-batch 64 --seq-len "
        "2048",
        "recommend -w training --model mixtral-8x7b --gpu h100-sxm --max-gpus 32 --precision fp8",
        "recommend -w training --model llama-3.1-8b --engine fsdp2 --gpu l40s --gpus 8",
        "recommend --params 13B -w training --gpu h200-sxm --gpus 8 --optimizer adamw-8bit",
        "recommend --scenario fine-tuning --model llama-3.1-8b --gpu a100 --gpu rtx-4090",
        "recommend --scenario research-training --model llama-3.1-70b --vendor nvidia"}) {
    const Json recommended = result_of(question);
    REQUIRE_FALSE(recommended["deployments"].empty());
    for (const Json& d : recommended["deployments"]) {
      const Json timed = result_of("latency " + d["flags"].get<std::string>());
      CHECK(timed["step_s"] == d["performance"]["step_s"]);
      CHECK(timed["mfu"] == d["performance"]["mfu"]);
    }
  }
}

TEST_CASE("a recommended run has the keys of a recommended deployment, and its own") {
  const Json d =
      result_of("recommend -w training --model llama-3.1-8b --gpu h100 --gpus 8")["deployments"][0];
  for (const char* key : {"rank",
                          "model",
                          "engine",
                          "gpu",
                          "gpus",
                          "nodes",
                          "replicas",
                          "tp",
                          "pp",
                          "dp",
                          "ep",
                          "cp",
                          "attention_dp",
                          "pools",
                          "precision",
                          "kv_precision",
                          "batch",
                          "context_tokens",
                          "max_seqs",
                          "max_batched_tokens",
                          "memory",
                          "performance",
                          "cost",
                          "power_w",
                          "reasons",
                          "flags",
                          "vpp",
                          "micro_batch",
                          "zero",
                          "recompute",
                          "sequence_parallel"})
    CHECK(d.contains(key));
  for (const char* key :
       {"usd_per_hour", "usd_per_month", "usd_per_million_output_tokens", "capex_usd"})
    CHECK(d["cost"].contains(key));
}

TEST_CASE("training scenarios work by themselves, and list what each device can train") {
  for (const char* line :
       {"recommend --scenario research-training", "recommend --scenario fine-tuning"}) {
    const Json listed = result_of(line);
    CHECK(listed["by_device"] == true);
    CHECK(listed["deployments"].size() > 100);
  }
}

TEST_CASE("flags without use in training are refused with the mend") {
  const auto refusal = [](const std::string& flags) {
    const auto run = test::run(
        test::words("recommend -w training --model llama-3.1-8b --gpu h100-sxm --gpus 8 " + flags));
    CHECK(run.code == 2);
    return run.err;
  };
  for (const char* flags : {"--max-ttft 2s", "--max-tpot 50ms", "--max-latency 2s"})
    CHECK(refusal(flags).find("--min-throughput") != std::string::npos);
  CHECK(refusal("--concurrency 4").find("--global-batch") != std::string::npos);
  CHECK(refusal("--context 4096").find("--context") != std::string::npos);
  CHECK(refusal("--scenario production").find("research-training") != std::string::npos);
  CHECK(refusal("--tp 4 --pp 4").find("16") != std::string::npos);
}

}  // namespace
}  // namespace dsplan
