#include <catch2/catch.hpp>

#include "dsplan/base/error.hpp"
#include "dsplan/plan/training_answer.hpp"
#include "dsplan/plan/training_deployment.hpp"
#include "dsplan/solve/training_limits.hpp"

#include "../support/built_in.hpp"

namespace dsplan::plan {
namespace {

const catalog::Catalog& built_in() {
  static const catalog::Catalog kCatalog(catalog::builtin_tables());
  return kCatalog;
}

TrainingRequest asked(std::string_view model, std::string gpu, std::int64_t gpus) {
  TrainingRequest r;
  r.model.model = built_in().find<catalog::Model>(model);
  r.gpu = std::move(gpu);
  r.gpus = gpus;
  return r;
}

TEST_CASE("a training run takes its framework's recipe", "[plan]") {
  const auto d = resolve_training(built_in(), asked("llama-3.1-8b", "h100", 8));
  CHECK(d.training.framework->id == "megatron");
  CHECK(d.training.optimizer->id == "adamw");
  CHECK(workload::gpu_count(d.training) == 8);
  CHECK(d.training.seq_len == 4096);
  TrainingRequest lora = asked("llama-3.1-8b", "h100", 1);
  lora.method = workload::Method::lora;
  CHECK(resolve_training(built_in(), lora).training.framework->id == "transformers");
}

TEST_CASE("a layout whose product is not the GPUs is refused with layouts that work", "[plan]") {
  TrainingRequest r = asked("llama-3.1-8b", "h100", 8);
  r.tp = 2;
  r.pp = 2;
  r.dp = 4;
  try {
    (void)resolve_training(built_in(), r);
    FAIL("it was accepted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "layout tp 2, pp 2, dp 4 needs 16 GPUs, not 8");
    CHECK_THAT(error.hint(), Catch::StartsWith("layouts on 8: dp 8"));
  }
}

TEST_CASE("every fix of a training run fits, and the run itself does not", "[plan]") {
  for (const auto& [model, gpu, gpus] : {std::tuple{"llama-3.1-8b", "l40s", 1},
                                         {"llama-3.1-70b", "h100", 16},
                                         {"qwen3-30b-a3b", "a100", 4}}) {
    const auto d = resolve_training(built_in(), asked(model, gpu, gpus));
    const MemoryAnswer answer = training_memory_answer(built_in(), d);
    INFO(model);
    REQUIRE(answer.fits == false);
    CHECK_FALSE(answer.fixes.empty());
    for (const Fix& fix : answer.fixes) {
      INFO(fix.change);
      CHECK(fix.headroom.value >= 0.0);
    }
  }
}

TEST_CASE("the terms of a training run add up to what the device holds", "[plan]") {
  for (const auto method :
       {workload::Method::full, workload::Method::lora, workload::Method::qlora}) {
    TrainingRequest r = asked("llama-3.1-8b", "h100", 1);
    r.method = method;
    const MemoryAnswer a = training_memory_answer(built_in(), resolve_training(built_in(), r));
    const PerGpuMemory& g = a.per_gpu;
    CHECK(g.total ==
          g.weights + g.kv_cache + g.activations + g.gradients + g.optimizer + g.runtime);
    CHECK(*g.allocated < *g.reserved);
    CHECK(*g.reserved < *g.reserved_p90);
    CHECK(*g.reserved < g.total);
    Bytes sum = bytes(0);
    for (const MemoryTerm& term : a.breakdown) sum += term.size;
    CHECK(sum == g.total);
  }
}

TEST_CASE("the largest micro-batch and sequence hold, and the next do not", "[plan]") {
  const catalog::Gpu& gpu = *built_in().find<catalog::Gpu>("h100");
  for (const char* model : {"llama-3.2-1b", "llama-3.2-3b", "qwen3-0.6b", "gpt2-xl"}) {
    INFO(model);
    const auto t = resolve_training(built_in(), asked(model, "h100", 1)).training;
    const std::int64_t batch = solve::max_micro_batch(t, gpu);
    REQUIRE(batch >= 1);
    CHECK(solve::holds(solve::with_micro_batch(t, batch), gpu));
    CHECK_FALSE(solve::holds(solve::with_micro_batch(t, batch + 1), gpu));
    const std::int64_t length = solve::max_seq_len(t, gpu);
    CHECK(solve::holds(solve::with_seq_len(t, length), gpu));
    if (length < t.model->max_context_tokens) {
      CHECK_FALSE(solve::holds(solve::with_seq_len(t, length + 1), gpu));
    }
  }
}

TEST_CASE("without a device a training run lists those that hold it", "[plan]") {
  TrainingRequest r = asked("llama-3.1-8b", "h100", 1);
  r.gpu.reset();
  const MemoryAnswer a = training_memory_answer(built_in(), resolve_training(built_in(), r));
  CHECK_FALSE(a.fits.has_value());
  CHECK(a.fits_on.size() > 20);
}

}  // namespace
}  // namespace dsplan::plan
