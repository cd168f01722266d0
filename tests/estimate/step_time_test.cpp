// The time of a step: its parts add up, it grows with the load, and no device beats its data sheet.
#include "dsplan/estimate/step_time.hpp"

#include <array>

#include "dsplan/estimate/device_rates.hpp"
#include "dsplan/estimate/weights.hpp"

#include "../support/serving.hpp"

namespace dsplan::estimate {
namespace {

using test::built_in;

constexpr std::array<std::string_view, 4> kModels{
    "llama-3.1-8b", "qwen3-30b-a3b", "deepseek-v3", "gemma-3-27b"};

double sum(const std::vector<StepShare>& shares) {
  double seconds = 0.0;
  for (const StepShare& s : shares) seconds += s.time.value;
  return seconds;
}

TEST_CASE("integer inputs shorten prompts where the device multiplies integers", "[step]") {
  const auto prompt = [](const char* gpu, const char* format) {
    auto w = test::inference("llama-3.1-8b");
    w.precision.dense = w.precision.experts = built_in().find<catalog::Format>(format);
    return linear_seconds(test::steps(w, test::gpu(gpu)), 4096.0);
  };
  CHECK(prompt("a100-sxm-80", "w8a8-int8") < 0.6 * prompt("a100-sxm-80", "bf16"));
  CHECK(prompt("a100-sxm-80", "int8") > 0.9 * prompt("a100-sxm-80", "bf16"));
  CHECK(prompt("h100-sxm", "w8a8-int8") < prompt("h100-sxm", "bf16"));
}

TEST_CASE("the parts of a step add up to it", "[estimate]") {
  for (const auto id : kModels) {
    INFO(id);
    StepModel m = test::steps(id, "h100-sxm");
    const Chunk chunk{512.0, 1500.0};
    const std::vector<Chunk> chunks{chunk};
    const double decode = decode_step(m, 16.0, 16000.0).value;
    const double mixed = mixed_step(m, 16.0, 16000.0, chunks).value;
    CHECK(sum(step_shares(m, 16.0, 16000.0, {})) == Approx(decode).epsilon(1e-12));
    CHECK(sum(step_shares(m, 16.0, 16000.0, chunks)) == Approx(mixed).epsilon(1e-12));
    tabulate(m);
    CHECK(decode_step(m, 16.0, 16000.0).value == Approx(decode).epsilon(0.015));
    CHECK(mixed_step(m, 16.0, 16000.0, chunks).value == Approx(mixed).epsilon(0.015));
  }
}

TEST_CASE("a table of steps stays near them", "[estimate]") {
  const StepModel m = test::steps("llama-3.1-8b", "h100-sxm");
  StepModel fast = m;
  tabulate(fast);
  for (double n = 1.0; n < 20000.0; n *= 1.3) {
    INFO(n);
    CHECK(linear_seconds(fast, n) == Approx(linear_seconds(m, n)).epsilon(0.05));
  }
}

TEST_CASE("chunks that are alike count as so many", "[estimate]") {
  const StepModel m = test::steps("gemma-3-27b", "h100-sxm");
  const std::vector<Chunk> three(3, Chunk{100.0, 700.0});
  const std::vector<Chunk> once{Chunk{100.0, 700.0, 3.0}};
  CHECK(mixed_step(m, 2.0, 500.0, once).value ==
        Approx(mixed_step(m, 2.0, 500.0, three).value).epsilon(1e-12));
}

TEST_CASE("steps grow with sequences, context and prompt tokens", "[estimate]") {
  for (const auto id : kModels) {
    INFO(id);
    const StepModel m = test::steps(id, "h200-sxm");
    double before = 0.0;
    for (const double n : {1.0, 2.0, 8.0, 64.0, 256.0}) {
      const double now = decode_step(m, n, n * 1000.0).value;
      CHECK(now > before);
      before = now;
    }
    CHECK(decode_step(m, 8.0, 80000.0).value > decode_step(m, 8.0, 8000.0).value);
    before = 0.0;
    for (const double tokens : {64.0, 512.0, 2048.0, 8192.0}) {
      const Chunk chunk{0.0, tokens};
      const double now = mixed_step(m, 4.0, 4000.0, {&chunk, 1}).value;
      CHECK(now > before);
      before = now;
    }
  }
}

TEST_CASE("tensor parallelism shortens large steps", "[estimate]") {
  auto w = test::inference("llama-3.1-70b");
  const auto& gpu = test::gpu("h100-sxm");
  double before = linear_seconds(test::steps(w, gpu), 2048.0);
  for (const std::int64_t tp : {2, 4, 8}) {
    w.layout.tp = tp;
    const double now = linear_seconds(test::steps(w, gpu), 2048.0);
    CHECK(now < before);
    before = now;
  }
}

TEST_CASE("one stream never beats the memory nor prompts the matrix rate", "[estimate]") {
  constexpr double kPrompt = 4096.0;
  for (const auto model : {"llama-3.1-8b", "qwen2.5-0.5b"}) {
    const auto w = test::inference(model);
    const auto parts = weights(w, stages(w).front());
    const double read = (total(parts) - parts.embedding).value;
    for (const auto& gpu : built_in().all<catalog::Gpu>()) {
      const double peak = peak_rate(gpu, "bf16").value;
      if (peak <= 0.0) continue;
      INFO(model << " on " << gpu.id);
      const StepModel m = test::steps(w, gpu);
      CHECK(decode_step(m, 1.0, 100.0).value >= read / bandwidth(gpu).value);
      const Chunk chunk{0.0, kPrompt};
      // The head works on one token of the prompt.
      const double flops = 2.0 * kPrompt * (read - parts.head.value) / 2.0;
      const double best = std::max(peak, half_accumulation_rate(gpu).value);
      CHECK(mixed_step(m, 0.0, 0.0, {&chunk, 1}).value >= flops / best);
    }
  }
}

TEST_CASE("older kernels read shared heads again", "[estimate]") {
  const auto w = test::inference("llama-3.1-70b");
  const auto& gpu = test::gpu("a100-sxm-80");
  catalog::Stack stack = test::stack("vllm", gpu);
  const auto attention = [&] {
    const StepModel m = step_model(w, test::platform(gpu), stack);
    return decode_attention_seconds(m, 64.0, 64000.0);
  };
  const double once = attention();
  stack.kv_reread_exponent = 0.5;
  CHECK(attention() > 1.5 * once);
  stack.copies_kv_heads = true;
  CHECK(attention() > 5.0 * once);
}

}  // namespace
}  // namespace dsplan::estimate
