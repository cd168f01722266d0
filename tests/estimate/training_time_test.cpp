#include "dsplan/estimate/training_time.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "dsplan/ingest/training_speed_table.hpp"
#include "dsplan/plan/training_speed.hpp"

#include "../support/built_in.hpp"

namespace dsplan {
namespace {

using test::built_in;
using workload::Training;

Training training(std::string_view model, std::string_view framework = "megatron") {
  Training t;
  t.model = &test::model(model);
  t.framework = &test::entry<catalog::Framework>(framework);
  t.optimizer = &test::entry<catalog::Optimizer>("adamw");
  t.seq_len = 4096;
  return t;
}

Training on(Training t, const workload::Layout& layout, std::int64_t micro_batches) {
  t.layout = layout;
  t.global_batch = t.micro_batch * layout.dp * micro_batches;
  return t;
}

plan::TrainingDeployment deployed(const Training& t, std::string_view gpu) {
  plan::TrainingDeployment d;
  d.training = t;
  d.gpu = &test::gpu(gpu);
  return d;
}

estimate::TrainingTime time_on(const Training& t, std::string_view gpu) {
  return estimate::training_time(t, plan::training_hardware(built_in(), deployed(t, gpu), {}));
}

double step(const Training& t, std::string_view gpu = "h100-sxm") {
  return estimate::total(time_on(t, gpu)).value;
}

double per_gpu(const Training& t, std::string_view gpu = "h100-sxm") {
  return static_cast<double>(t.global_batch * t.seq_len) / step(t, gpu) /
         static_cast<double>(workload::gpu_count(t));
}

// ---- properties ----

TEST_CASE("the terms of an answer add up to the step, whatever the method and layout") {
  for (const auto method :
       {workload::Method::full, workload::Method::lora, workload::Method::qlora}) {
    for (const workload::Layout& layout : {workload::Layout{.dp = 8},
                                           workload::Layout{.tp = 4, .pp = 2, .dp = 2},
                                           workload::Layout{.tp = 2, .pp = 4, .cp = 2}}) {
      Training t = on(training("llama-3.1-8b"), layout, 8);
      t.method = method;
      const auto a = plan::training_speed_answer(built_in(), deployed(t, "h100-sxm"), {});
      double sum = 0.0;
      double shares = 0.0;
      for (const auto& term : a.breakdown) {
        CHECK(term.time.value > 0.0);
        sum += term.time.value;
        shares += term.share;
      }
      CHECK(sum == Approx(a.step_s.value));
      CHECK(shares == Approx(1.0));
      CHECK(a.step_s.low < a.step_s.value);
      CHECK(*a.tokens_per_s_per_gpu.low < a.tokens_per_s_per_gpu.value);
      CHECK(a.tokens_per_s.value * a.step_s.value ==
            Approx(static_cast<double>(t.global_batch * t.seq_len)));
      CHECK(a.hfu.value >= a.mfu.value);
      CHECK(a.mfu_full.value > a.mfu.value);
    }
  }
}

TEST_CASE("more micro-batches take longer and waste less of a pipeline") {
  double last_step = 0.0;
  double last_speed = 0.0;
  double last_bubble = 1.0;
  for (const std::int64_t m : {4, 8, 16, 64, 256}) {
    const Training t = on(training("llama-3-70b"), {.tp = 8, .pp = 4, .dp = 2}, m);
    const auto time = time_on(t, "h100-sxm");
    const double bubble = time.bubble / estimate::total(time);
    CHECK(step(t) > last_step);
    CHECK(per_gpu(t) > last_speed);
    CHECK(bubble < last_bubble);
    last_step = step(t);
    last_speed = per_gpu(t);
    last_bubble = bubble;
  }
}

TEST_CASE("more ranks with the same work each are never faster each, and few micro-batches show") {
  for (const char* framework : {"megatron", "fsdp2", "nanotron", "generic"}) {
    double last = 1e300;
    for (const std::int64_t dp : {8, 16, 64, 256, 1024}) {
      const double speed = per_gpu(on(training("llama-3.1-8b", framework), {.dp = dp}, 1));
      INFO(framework << " dp " << dp);
      CHECK(speed <= last * 1.0001);
      last = speed;
    }
  }
  const double few = per_gpu(on(training("llama-3.1-8b", "nanotron"), {.dp = 512}, 1));
  const double many = per_gpu(on(training("llama-3.1-8b", "nanotron"), {.dp = 512}, 64));
  CHECK(few < 0.7 * many);
}

TEST_CASE("interleaving shortens the bubble, recomputation costs, adapters save") {
  const Training plain = on(training("llama-3-70b"), {.tp = 4, .pp = 8, .dp = 2}, 16);
  Training changed = plain;
  changed.vpp = 10;
  CHECK(time_on(changed, "h100-sxm").bubble < time_on(plain, "h100-sxm").bubble);
  changed = plain;
  changed.recompute = workload::Recompute::full;
  CHECK(step(changed) > 1.15 * step(plain));
  CHECK(step(changed) < 1.45 * step(plain));
  changed = plain;
  changed.method = workload::Method::lora;
  CHECK(step(changed) < 0.8 * step(plain));
  const double lora = step(changed);
  changed.method = workload::Method::qlora;
  CHECK(step(changed) > lora);
}

TEST_CASE("sharded gradients are reduced for every micro-batch, whole ones once a step") {
  const auto gradients = [](std::int64_t stage, std::int64_t micro_batches) {
    Training t = on(training("llama-3.1-8b", "deepspeed-megatron"), {.dp = 64}, micro_batches);
    t.sharding = workload::zero_stage(stage);
    return time_on(t, "h100-sxm").gradients.value;
  };
  CHECK(gradients(1, 16) == gradients(1, 1));
  CHECK(gradients(2, 1) == gradients(1, 1));
  CHECK(gradients(2, 16) > 5.0 * gradients(2, 1));
}

TEST_CASE("chunks of a pipeline cost messages: with many micro-batches the fewest are fastest") {
  const auto with_chunks = [](std::int64_t vpp, std::int64_t micro_batches) {
    Training t = on(training("gpt3-175b"), {.tp = 8, .pp = 4, .dp = 2}, micro_batches);
    t.vpp = vpp;
    return step(t, "a100-sxm-80");
  };
  CHECK(with_chunks(6, 8) < with_chunks(1, 8));
  CHECK(with_chunks(24, 1024) > with_chunks(1, 1024));
}

TEST_CASE("tensor-parallel traffic hides where runs were seen to hide it, not on Ampere") {
  const auto shown = [](std::string_view gpu, std::string_view framework) {
    const Training t = on(training("llama-3-70b", framework), {.tp = 8, .dp = 1}, 8);
    return time_on(t, gpu).tensor.value;
  };
  CHECK(shown("h100-sxm", "megatron") < 0.3 * shown("h100-sxm", "megatron-plain"));
  CHECK(shown("a100-sxm-80", "megatron") == shown("a100-sxm-80", "megatron-plain"));
}

TEST_CASE("states on the host take time, and so does a lowered power limit") {
  Training t = on(training("llama-3.1-8b", "fsdp2"), {.dp = 8}, 2);
  const double usual = step(t);
  plan::TrainingSpeedOptions limited;
  limited.power_share = 0.7;
  const auto hw = plan::training_hardware(built_in(), deployed(t, "h100-sxm"), limited);
  CHECK(estimate::total(estimate::training_time(t, hw)).value > usual);
  t.offload.optimizer = true;
  CHECK(step(t) > usual);
  CHECK(time_on(t, "h100-sxm").optimizer.value == 0.0);
}

TEST_CASE("every device with a rate trains, below its peak") {
  for (const catalog::Gpu& gpu : built_in().all<catalog::Gpu>()) {
    for (const auto compute : {workload::Compute::bf16, workload::Compute::fp8}) {
      Training t = on(training("llama-3.1-8b", "generic"), {.dp = 8}, 4);
      t.compute = compute;
      if (estimate::training_peak(t, gpu).value <= 0.0) continue;
      INFO(gpu.id);
      const auto a = plan::training_speed_answer(built_in(), deployed(t, gpu.id), {});
      CHECK(std::isfinite(a.step_s.value));
      CHECK(a.mfu.value > 0.0);
      CHECK(a.hfu.value < 0.9);
    }
  }
}

TEST_CASE("a time needs a device") {
  plan::TrainingDeployment d = deployed(training("llama-3.1-8b"), "h100-sxm");
  d.gpu = nullptr;
  CHECK(test::refusal([&] { (void)plan::training_speed_answer(built_in(), d, {}); }) ==
        "a time needs a GPU | say --gpu");
}

// ---- reference ----

struct CountedFlops {
  const char* model;
  std::int64_t seq_len;
  std::int64_t mtp_layers;
  double gflop_per_token;
};
// As implied by NVIDIA's tables, TFLOP/s over tokens/s, attention causal.
constexpr CountedFlops kCounted[] = {{"llama-3-8b", 8192, 0, 51.47},
                                     {"llama-3-70b", 8192, 0, 449.22},
                                     {"llama-3.1-405b", 8192, 0, 2523.96},
                                     {"deepseek-v3", 4096, 0, 249.81},
                                     {"deepseek-v3", 4096, 1, 259.99},
                                     {"qwen3-30b-a3b", 4096, 0, 23.006},
                                     {"qwen3-235b-a22b", 4096, 0, 148.03},
                                     {"gpt-oss-120b", 4096, 0, 32.63}};

TEST_CASE("model FLOPs of a token agree with published tables within 0.1 %", "[reference]") {
  for (const CountedFlops& c : kCounted) {
    Training t = training(c.model);
    t.seq_len = c.seq_len;
    t.mtp_layers = c.mtp_layers;
    INFO(c.model << " mtp " << c.mtp_layers);
    const double flops = estimate::training_work(t).causal.value / static_cast<double>(c.seq_len);
    CHECK(flops / 1e9 == Approx(c.gflop_per_token).epsilon(0.001));
  }
}

TEST_CASE("both FLOP conventions and the hardware's count", "[reference]") {
  // Llama-3-8B at 8,192: 6 x 7.505e9 of matrices and head, 6 x 32 x 4096 x 8192 of causal
  // attention.
  Training t = training("llama-3-8b");
  t.seq_len = 8192;
  const double tokens = 8192.0;
  const estimate::TrainingWork w = estimate::training_work(t);
  const double attention = 6.0 * 32.0 * 4096.0 * 8192.0;
  CHECK((w.full - w.causal).value / tokens == Approx(attention).epsilon(1e-9));
  CHECK(w.hardware == w.causal);
  t.recompute = workload::Recompute::selective;
  CHECK((estimate::training_work(t).hardware - w.causal).value / tokens ==
        Approx(attention / 3.0).epsilon(1e-9));
}

// ---- rows of measurements ----

ingest::TrainingCells row(std::vector<std::pair<std::string, std::string>> changed) {
  ingest::TrainingCells cells{{"id", "x"},
                              {"framework", "megatron"},
                              {"model", "llama-3-8b"},
                              {"gpu", "h100-sxm"},
                              {"n_gpus", "8"},
                              {"seq_len", "8192"},
                              {"precision", "bf16"},
                              {"micro_batch", "1"},
                              {"global_batch", "128"}};
  for (auto& [column, text] : changed) cells[column] = text;
  return cells;
}

ingest::TrainingSpeedRow read(std::vector<std::pair<std::string, std::string>> changed) {
  ingest::NameCache names(built_in());
  return ingest::read_training_speed_row(row(std::move(changed)), names);
}

TEST_CASE("labels of recipes are read by their words") {
  using workload::NarrowRecipe;
  CHECK(read({{"precision", "fp8row"}}).training->narrow == NarrowRecipe::row);
  CHECK(read({{"precision", "mxfp8"}}).training->narrow == NarrowRecipe::block);
  CHECK(read({{"precision", "FP8-MX"}}).training->narrow == NarrowRecipe::block);
  CHECK(read({{"precision", "nvfp4"}}).training->narrow == NarrowRecipe::fp4);
  CHECK(read({{"precision", "FP8-CS"}}).training->narrow == NarrowRecipe::tensor);
  CHECK_FALSE(read({{"note", "eager"}}).training->compiled);
  CHECK(read({{"note", "500 W part"}}).options.power_share == Approx(5.0 / 7.0));
  CHECK(read({{"source", "MooreThreads/SimuMax@1:x"}}).training->framework->id == "megatron-plain");
  CHECK(read({{"precision", "fp16"}}).training->framework->id == "megatron-2022");
  CHECK(read({{"framework", "some-stack"}}).note ==
        "framework 'some-stack' is answered as generic");
  const auto completed = read({{"micro_batch", ""}});
  CHECK(completed.training->micro_batch == 1);
  CHECK(completed.note == "no micro-batch: taken as 1");
}

TEST_CASE("rows that no run can have are skipped with the reason") {
  CHECK(read({{"tp", "5"}, {"n_gpus", "5"}}).skipped ==
        "tp 5 does not divide the 32 attention heads");
  CHECK(read({{"ep", "8"}}).skipped == "ep 8 needs a model with experts");
  CHECK(read({{"pp", "64"}, {"n_gpus", "64"}}).skipped == "pp 64 exceeds the 32 layers");
  CHECK(read({{"tp", "4"}, {"pp", "4"}}).skipped == "tp 4 x pp 4 x cp 1 x dp 1 is not n_gpus 8");
  CHECK(read({{"n_gpus", ""}}).skipped == "n_gpus is not stated");
  CHECK(read({{"gpu", ""}}).skipped == "gpu is not stated");
  CHECK_THAT(read({{"gpu", "h1000"}}).skipped, Catch::Contains("h1000"));
  CHECK(read({{"seq_len", ""}}).skipped == "seq_len is not stated");
}

/// Absolute errors of tests/accuracy/training_speed.csv, as shares; and how many bands hold.
struct SpeedErrors {
  std::vector<double> errors;
  double held = 0.0;
};
SpeedErrors speed_errors() {
  const std::string path = DSPLAN_TEST_DATA_DIR "/training_speed.csv";
  const std::string text = test::file_text(path);
  const std::string header = text.substr(0, text.find('\n'));
  std::vector<std::string> columns{""};
  for (const char c : header) {
    if (c == ',') {
      columns.emplace_back();
    } else {
      columns.back().push_back(c);
    }
  }
  ingest::NameCache names(built_in());
  SpeedErrors result;
  for (const auto& line : test::csv_rows(path, header)) {
    ingest::TrainingCells cells;
    for (std::size_t i = 0; i < columns.size(); ++i) cells[columns[i]] = line[i];
    const auto run = ingest::read_training_speed_row(cells, names);
    if (!run.training) continue;
    const double measured = std::stod(cells["tokens_per_s_per_gpu"]);
    const plan::Predicted p = ingest::predicted_speed(run, built_in());
    result.errors.push_back(std::abs(p.value / measured - 1.0));
    if (measured >= *p.low && measured <= *p.high) result.held += 1.0;
  }
  return result;
}

TEST_CASE("the fitted runs stay within their errors", "[reference]") {
  SpeedErrors all = speed_errors();
  REQUIRE(all.errors.size() > 580);
  std::sort(all.errors.begin(), all.errors.end());
  double mean = 0.0;
  for (const double e : all.errors) mean += e / static_cast<double>(all.errors.size());
  CHECK(mean < 0.075);
  CHECK(all.errors[all.errors.size() / 2] < 0.045);
  CHECK(all.held / static_cast<double>(all.errors.size()) > 0.75);
}

}  // namespace
}  // namespace dsplan
