#include "dsplan/plan/training_search.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "dsplan/solve/training_limits.hpp"

#include "../support/built_in.hpp"

namespace dsplan {
namespace {

using plan::TrainingPoint;
using plan::TrainingScreen;
using plan::TrainingSearchRequest;
using test::built_in;
using workload::Training;

TrainingSearchRequest asked(std::string_view model,
                            const std::string& gpu,
                            std::int64_t gpus,
                            std::int64_t global_batch,
                            std::int64_t seq_len = 4096) {
  TrainingSearchRequest r;
  r.base.model.model = &test::model(model);
  r.base.gpu = gpu;
  r.base.global_batch = global_batch;
  r.base.seq_len = seq_len;
  r.gpus = gpus;
  return r;
}

/// 175B on 64 A100, batch 64: the question that published planners are timed with.
TrainingSearchRequest gpt3() { return asked("gpt3-175b", "a100-sxm-80", 64, 64, 2048); }

TrainingScreen screen_of(const TrainingSearchRequest& r) {
  return plan::training_screen(built_in(), plan::training_search_base(built_in(), r), r);
}

void check_same(const std::vector<TrainingPoint>& a, const std::vector<TrainingPoint>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].step_s == b[i].step_s);
    CHECK(a[i].short_bytes == b[i].short_bytes);
    CHECK(a[i].training.layout == b[i].training.layout);
    CHECK(a[i].training.micro_batch == b[i].training.micro_batch);
    CHECK(a[i].training.vpp == b[i].training.vpp);
  }
}

void check_same(const TrainingScreen& a, const TrainingScreen& b) {
  CHECK(a.evaluated == b.evaluated);
  CHECK(a.valid == b.valid);
  check_same(a.plans, b.plans);
  check_same(a.misses, b.misses);
}

std::vector<TrainingSearchRequest> small_questions() {
  std::vector<TrainingSearchRequest> all{asked("llama-3.1-8b", "a100-sxm-80", 1, 16),
                                         asked("llama-3.1-8b", "a100-sxm-40", 8, 64),
                                         asked("llama-3.1-70b", "h100-sxm", 16, 96),
                                         asked("gpt3-175b", "a100-sxm-80", 64, 64, 2048),
                                         asked("mixtral-8x7b", "h100-sxm", 16, 32)};
  for (const char* framework : {"torchtitan", "deepspeed-megatron", "transformers"}) {
    all.push_back(asked("llama-3.1-8b", "a100-sxm-80", 8, 64));
    all.back().base.framework = framework;
  }
  for (const auto method : {workload::Method::lora, workload::Method::qlora}) {
    all.push_back(asked("llama-3.1-8b", "rtx-4090", 2, 16, 2048));
    all.back().base.method = method;
  }
  return all;
}

// ---- the whole space, by brute force ----

/// Every combination of the space, judged one by one by the functions behind `memory`, `latency`.
struct BruteForce {
  std::int64_t evaluated = 0;
  std::int64_t valid = 0;
  double best_s = 0.0;

  void judge(const Training& t,
             const catalog::Gpu& gpu,
             const estimate::TrainingHardware& hardware) {
    if (!workload::obstacle(t).empty() || workload::recompute(t) != t.recompute) return;
    if (t.sharding && (t.sharding->weights || t.sharding->gradients)) return;  // not Megatron's
    if (t.offload.parameters) return;
    ++evaluated;
    if (!solve::holds(t, gpu)) return;
    ++valid;
    const double step = estimate::total(estimate::training_time(t, hardware)).value;
    if (best_s == 0.0 || step < best_s) best_s = step;
  }
};

/// The choices of one layout and micro-batch.
void judge_recipes(BruteForce& all,
                   Training t,
                   const catalog::Gpu& gpu,
                   const estimate::TrainingHardware& hardware) {
  const bool ring = t.layout.dp * t.layout.cp > 1;
  const int splits = t.layout.tp > 1 ? 2 : 1;
  for (std::int64_t vpp = 1; vpp <= t.model->layers; ++vpp) {
    for (int recipe = 0; recipe < 3 * splits * (ring ? 4 : 1) * 4; ++recipe) {
      int rest = recipe;
      const auto next = [&rest](int choices) {
        const int choice = rest % choices;
        rest /= choices;
        return choice;
      };
      t.vpp = vpp;
      t.recompute = static_cast<workload::Recompute>(next(3));
      t.sequence_parallel = next(splits) == 1;
      if (ring) t.sharding = workload::zero_stage(next(4));
      const int away = next(4);
      t.offload = {away % 2 == 1, away / 2 == 1};
      all.judge(t, gpu, hardware);
    }
  }
}

BruteForce brute_force(const TrainingSearchRequest& r) {
  const auto base = plan::training_search_base(built_in(), r);
  const auto hardware = plan::training_hardware(built_in(), base, r.speed);
  BruteForce all;
  for (std::int64_t tp = 1; tp <= std::min(r.gpus, base.node_gpus); ++tp) {
    for (std::int64_t pp = 1; pp <= r.gpus; ++pp) {
      for (std::int64_t cp = 1; cp <= r.gpus; ++cp) {
        if (r.gpus % (tp * pp * cp) != 0) continue;
        Training t = base.training;
        t.layout = {.tp = tp, .pp = pp, .dp = r.gpus / (tp * pp * cp), .cp = cp};
        for (t.micro_batch = 1; t.micro_batch <= t.global_batch; ++t.micro_batch)
          judge_recipes(all, t, *base.gpu, hardware);
      }
    }
  }
  return all;
}

TEST_CASE("the search sees the points that brute force sees, and finds its best") {
  for (const auto& question : {asked("llama-3.1-8b", "a100-sxm-80", 4, 8),
                               asked("llama-3.1-8b", "a100-sxm-80", 8, 12),
                               asked("qwen3-1.7b", "rtx-4090", 6, 12, 2048)}) {
    const BruteForce all = brute_force(question);
    const TrainingScreen found = screen_of(question);
    CHECK(found.evaluated == all.evaluated);
    CHECK(found.valid == all.valid);
    REQUIRE_FALSE(found.plans.empty());
    CHECK(found.plans.front().step_s == all.best_s);
  }
}

TEST_CASE("bounds lose nothing: counts, plans and near misses are those of every point computed") {
  for (TrainingSearchRequest question : small_questions()) {
    const TrainingScreen bounded = screen_of(question);
    question.exhaustive = true;
    check_same(bounded, screen_of(question));
  }
}

TEST_CASE("the answer is the same with any number of threads") {
  TrainingSearchRequest question = gpt3();
  const TrainingScreen alone = screen_of(question);
  for (const std::int64_t jobs : {2, 3, 200}) {
    question.jobs = jobs;
    check_same(alone, screen_of(question));
  }
}

// ---- answers ----

TEST_CASE("what is listed is what latency and memory say of it") {
  const TrainingSearchRequest question = gpt3();
  const auto base = plan::training_search_base(built_in(), question);
  const TrainingScreen screen = screen_of(question);
  const auto answer = plan::training_search(built_in(), question);
  REQUIRE(answer.deployments.size() == 10);
  for (std::size_t i = 0; i < answer.deployments.size(); ++i) {
    auto d = base;
    d.training = screen.plans[i].training;
    const auto speed = plan::training_speed_answer(built_in(), d, {});
    const auto& p = answer.deployments[i];
    CHECK(p.rank == static_cast<std::int64_t>(i) + 1);
    CHECK(speed.fits);
    CHECK(p.performance.step_s.value == speed.step_s.value);
    CHECK(p.performance.step_s.value == screen.plans[i].step_s);
    CHECK(p.performance.mfu.high == speed.mfu.high);
    CHECK(p.memory.headroom.value >= 0.0);
    CHECK(p.memory.headroom.value == -screen.plans[i].short_bytes);
    CHECK(workload::obstacle(d.training).empty());
    CHECK(workload::gpu_count(d.training) == 64);
  }
}

TEST_CASE("flags of a plan say the plan") {
  const auto answer = plan::training_search(built_in(), gpt3());
  const auto& p = answer.deployments.front();
  plan::TrainingRequest r = gpt3().base;
  r.gpus = p.gpus;
  r.tp = p.layout.tp;
  r.pp = p.layout.pp;
  r.dp = p.layout.dp;
  r.cp = p.layout.cp;
  r.vpp = p.vpp;
  r.micro_batch = p.micro_batch;
  r.recompute = p.recompute;
  r.sequence_parallel = p.sequence_parallel;
  r.zero = p.zero;
  r.offload = p.offload;
  const auto d = plan::resolve_training(built_in(), r);
  CHECK(plan::training_speed_answer(built_in(), d, {}).step_s.value == p.performance.step_s.value);
  CHECK(p.flags.find("--tp " + std::to_string(p.layout.tp)) != std::string::npos);
  CHECK(p.flags.find("--recompute " + p.recompute) != std::string::npos);
}

TEST_CASE("the best plan reaches no utilisation that public runs do not") {
  constexpr double kMostOnA100 = 0.68;
  const auto mfu = [](const TrainingSearchRequest& question) {
    const auto answer = plan::training_search(built_in(), question);
    REQUIRE_FALSE(answer.deployments.empty());
    return answer.deployments.front().performance.mfu;
  };
  CHECK(mfu(gpt3()).value < kMostOnA100);
  CHECK(mfu(asked("llama-2-70b", "a100-sxm-80", 64, 512)).value < kMostOnA100);
  CHECK(mfu(asked("llama-3.1-405b", "a100-sxm-80", 256, 512, 8192)).value < kMostOnA100);
  // Batches that hide the pipeline's ends.
  for (const std::int64_t batch : {256, 1024, 2048})
    CHECK(mfu(asked("gpt3-175b", "a100-sxm-80", 64, batch, 2048)).value < kMostOnA100);
}

TEST_CASE("near misses would be faster, do not fit, and the change named admits them") {
  const auto answer = plan::training_search(built_in(), gpt3());
  REQUIRE_FALSE(answer.rejected.empty());
  CHECK(answer.binding == "memory");
  for (const auto& miss : answer.rejected) {
    CHECK(miss.step_s < answer.deployments.front().performance.step_s.value);
    CHECK(miss.missing.value > 0.0);
    CHECK_FALSE(miss.change.empty());
  }
}

TEST_CASE("ties and spread are of the layouts listed") {
  const auto answer = plan::training_search(built_in(), gpt3());
  const auto& s = answer.spread;
  CHECK(s.best_step_s == answer.deployments.front().performance.step_s.value);
  CHECK(s.best_step_s <= s.median_step_s);
  CHECK(s.median_step_s <= s.worst_step_s);
  const auto ties = std::count_if(
      answer.deployments.begin(), answer.deployments.end(), [](const auto& p) { return p.tie; });
  CHECK(ties == std::min<std::int64_t>(s.ties, 10));
  CHECK_FALSE(answer.notes.empty());
}

TEST_CASE("what is said stands still") {
  TrainingSearchRequest question = gpt3();
  question.base.tp = 4;
  question.base.zero = 1;
  question.base.recompute = "full";
  question.base.sequence_parallel = false;
  question.base.micro_batch = 1;
  question.base.offload = {"optimizer"};
  const auto answer = plan::training_search(built_in(), question);
  REQUIRE_FALSE(answer.deployments.empty());
  std::set<std::int64_t> stages;
  for (const auto& p : answer.deployments) {
    CHECK(p.layout.tp == 4);
    CHECK(p.zero == 1);
    CHECK(p.recompute == "full");
    CHECK_FALSE(p.sequence_parallel);
    CHECK(p.micro_batch == 1);
    CHECK(p.offload == std::vector<std::string>{"optimizer"});
    stages.insert(p.layout.pp);
  }
  CHECK(stages.size() > 1);
}

TEST_CASE("tensor parallelism stays inside the node unless asked") {
  TrainingSearchRequest question = gpt3();
  const auto widest = [](const TrainingScreen& screen) {
    std::int64_t most = 0;
    for (const TrainingPoint& p : screen.plans) most = std::max(most, p.training.layout.tp);
    return most;
  };
  CHECK(widest(screen_of(question)) == 8);
  question.tensor_across_nodes = true;
  CHECK(widest(screen_of(question)) > 8);
}

TEST_CASE("a framework is offered the ZeRO stages that it has") {
  const auto widest = [](const char* framework) {
    TrainingSearchRequest question = asked("llama-3.1-8b", "a100-sxm-80", 8, 64);
    question.base.framework = framework;
    bool gradients = false;
    bool weights_of_stages = false;
    for (const TrainingPoint& p : screen_of(question).plans) {
      const auto spread = workload::sharding(p.training);
      gradients = gradients || spread.gradients;
      weights_of_stages = weights_of_stages || (spread.weights && p.training.layout.pp > 1);
    }
    return std::pair(gradients, weights_of_stages);
  };
  CHECK(widest("megatron") == std::pair(false, false));
  CHECK(widest("fsdp2") == std::pair(true, true));
  CHECK_FALSE(widest("deepspeed-megatron").second);
}

TEST_CASE("overlap is a choice where the framework has the switch") {
  TrainingSearchRequest question = asked("llama-3.1-8b", "h100-sxm", 8, 64);
  question.base.tp = 8;
  CHECK_FALSE(screen_of(question).plans.front().training.async_tensor_parallel);
  question.base.framework = "torchtitan";
  CHECK(screen_of(question).plans.front().training.async_tensor_parallel);
}

TEST_CASE("without a plan that fits the nearest are told, nearest first") {
  const auto answer = plan::training_search(built_in(), asked("llama-3.1-405b", "l4", 2, 2));
  CHECK(answer.deployments.empty());
  CHECK(answer.valid == 0);
  CHECK(answer.evaluated > 0);
  CHECK(answer.binding == "memory");
  REQUIRE_FALSE(answer.rejected.empty());
  CHECK(std::is_sorted(answer.rejected.begin(),
                       answer.rejected.end(),
                       [](const auto& a, const auto& b) { return a.missing < b.missing; }));
}

TEST_CASE("a search without GPUs or with an unknown name is refused") {
  TrainingSearchRequest question = gpt3();
  question.gpus = 0;
  CHECK(test::refusal([&] { (void)plan::training_search(built_in(), question); }).find("--gpus") !=
        std::string::npos);
  question = gpt3();
  question.base.gpu.reset();
  CHECK(test::refusal([&] { (void)plan::training_search(built_in(), question); }).find("GPU") !=
        std::string::npos);
}

}  // namespace
}  // namespace dsplan
