// Memory by hand: each figure with its derivation.
#include "dsplan/estimate/memory.hpp"

#include <cmath>
#include <string_view>
#include <utility>

#include "dsplan/estimate/rule.hpp"

#include "../support/built_in.hpp"

namespace dsplan::estimate {
namespace {

using test::inference;
using workload::Inference;

struct PerToken {
  std::string_view model;
  double bytes;
  double beyond_window;
};

// 16-bit cache on vLLM: layers x KV heads x (key + value width) x 2 B; MLA layers x (512 + 64) x 2
// B.
constexpr PerToken kPerToken[] = {
    {"llama-3.1-8b", 32.0 * 8 * 256 * 2, 131072},
    {"llama-3.1-70b", 80.0 * 8 * 256 * 2, 327680},
    {"llama-2-13b", 40.0 * 40 * 256 * 2, 819200},
    {"llama-2-7b", 32.0 * 32 * 256 * 2, 524288},
    {"qwen3-8b", 36.0 * 8 * 256 * 2, 147456},
    {"qwen3-14b", 40.0 * 8 * 256 * 2, 163840},
    {"deepseek-v3", 61.0 * 576 * 2, 70272},
    {"kimi-k2", 61.0 * 576 * 2, 70272},
    // An indexer adds 128 values of one byte and a 32-bit scale in each layer.
    {"deepseek-v3.2", 61.0 * (576 * 2 + 132), 61.0 * (576 * 2 + 132)},
    // 62 layers x 16 heads x 256 values, of which 10 see all tokens.
    {"gemma-3-27b", 62.0 * 16 * 256 * 2, 10.0 * 16 * 256 * 2},
    // 36 layers x 8 heads x 128 values, of which 18 see all tokens.
    {"gpt-oss-120b", 36.0 * 8 * 128 * 2, 18.0 * 8 * 128 * 2},
    // 12 of 48 layers attend, 2 heads x 512 values.
    {"qwen3-next-80b-a3b", 12.0 * 2 * 512 * 2, 12.0 * 2 * 512 * 2}};

TEST_CASE("a token of cache takes what its layers and heads say", "[reference]") {
  for (const PerToken& row : kPerToken) {
    const Inference w = inference(row.model);
    INFO(row.model);
    CHECK(kv_bytes_per_token(w).value == row.bytes);
    CHECK(kv_bytes_per_token_beyond_window(w).value == row.beyond_window);
  }
}

TEST_CASE("a full context of Qwen3-8B needs the 5.625 GiB that vLLM asks for", "[reference]") {
  // "To serve at least one request with the models's max seq len (40960), (5.62 GiB KV cache is
  // needed": 40,960 x 36 x 2 x 8 x 128 x 2 B.
  const Inference w = inference("qwen3-8b");
  CHECK(in_gib(total(kv_cache(w, stages(w).front(), 1, 40960, 8192))) == 5.625);
}

TEST_CASE("quantized caches take their blocks' bytes", "[reference]") {
  // 32 values and a 16-bit scale: 34 B in q8_0, 18 B in q4_0.
  CHECK(kv_bytes_per_token(inference("llama-3.1-8b", "llamacpp", "bf16", "q8_0")).value ==
        131072.0 / 2 * 34 / 32);
  CHECK(kv_bytes_per_token(inference("llama-3.1-8b", "llamacpp", "bf16", "q4_0")).value ==
        131072.0 / 2 * 18 / 32);
  CHECK(kv_bytes_per_token(inference("llama-3.1-8b", "vllm", "bf16", "fp8")).value == 65536.0);
}

TEST_CASE("Llama-3.1-70B in bf16 takes half its weights at tp 2, and a rope table", "[reference]") {
  Inference w = inference("llama-3.1-70b");
  w.layout.tp = 2;
  const WeightBytes weights = estimate::weights(w, stages(w).front());
  // Matrices over two ranks, (2 x 80 + 1) norms of 8,192 on each, 131,072 positions x 128 x 2 B.
  const double norms = 161.0 * 8192;
  CHECK(weights.small.value == norms * 2);
  CHECK(weights.derived.value == 131072.0 * 128 * 2);
  CHECK(total(weights).value == (70553706496.0 - norms) * 2 / 2 + norms * 2 + 131072.0 * 128 * 2);
  CHECK(in_gib(total(weights)) == Approx(65.74).margin(0.01));
}

TEST_CASE("KV projections are copied when ranks outnumber heads", "[reference]") {
  Inference w = inference("llama-3.1-70b");
  w.layout.tp = 16;
  // Query and output: 2 x 8,192^2 over 16. Key and value: one of 8 heads, 2 x 8,192 x 128.
  CHECK(weights(w, stages(w).front()).attention.value ==
        80.0 * 2 * (2 * 8192.0 * 8192 / 16 + 2 * 8192.0 * 128));
}

TEST_CASE("MLA keeps its down-projections on every rank and vLLM its absorbed copies",
          "[reference]") {
  Inference w = inference("deepseek-v3");
  w.layout.tp = 8;
  const WeightBytes weights = estimate::weights(w, stages(w).front());
  // Down: 7,168 x (1,536 + 576). Up and out over 8: 1,536 x 128 x 192 + 512 x 128 x 256
  // + 128 x 128 x 7,168.
  const double down = 7168.0 * (1536 + 576);
  const double up = 1536.0 * 128 * 192 + 512.0 * 128 * 256 + 128.0 * 128 * 7168;
  CHECK(weights.attention.value == 61.0 * 2 * (down + up / 8));
  // W_UK and W_UV once more: 128 heads x 512 x (128 + 128) x 2 B over 8, and the rope table.
  const double rope = weights.derived.value - 61.0 * 128 * 512 * 256 * 2 / 8;
  CHECK(rope > 0.0);
  CHECK(in_mib(bytes(rope)) < 64.0);
}

TEST_CASE("gemma-3-27b fills its windows and goes on in ten layers", "[reference]") {
  // llama.cpp at 131,072, f16: 10 layers 10,240 MiB, 52 layers of 1,536 cells 624 MiB.
  Inference w = inference("gemma-3-27b", "llamacpp", "bf16", "fp16");
  const KvCacheBytes kv = kv_cache(w, stages(w).front(), 1, 131072, 512);
  CHECK(in_mib(kv.full) == 10240.0);
  CHECK(in_mib(kv.window) == 624.0);
}

TEST_CASE("sequences of llama.cpp multiply the cells of windows", "[reference]") {
  // gpt-oss: window 128 + ubatch 512 = 640, padded to 768 cells.
  Inference w = inference("gpt-oss-20b", "llamacpp", "bf16", "fp16");
  const double cell = 8.0 * 128 * 2;
  for (const std::int64_t sequences : {1, 4}) {
    const KvCacheBytes kv = kv_cache(w, stages(w).front(), sequences, 8192, 512);
    CHECK(kv.window.value == static_cast<double>(sequences) * 12 * 768 * cell);
  }
}

TEST_CASE("MXFP4 experts are padded to the kernel's width", "[reference]") {
  // gpt-oss: 2,880 wide, padded to 3,072; 17 B for 32 weights; 24 layers x 32 experts x 3 matrices.
  const Inference w = inference("gpt-oss-20b", "vllm", "mxfp4");
  const double experts = 24.0 * 32 * 3 * 2880 * 2880 * 17 / 32;
  CHECK(weights(w, stages(w).front()).experts.value == Approx(experts * 3072 / 2880).margin(1));
  CHECK(checkpoint_weights(w).experts.value == Approx(experts).margin(1));
}

TEST_CASE("vLLM pads the vocabulary to 64 entries a rank", "[reference]") {
  // Qwen2.5-7B: 152,064 = 64 x 2,376; gpt2: 50,257 is padded to 50,304.
  const Inference w = inference("gpt2", "vllm", "fp16", "fp16");
  CHECK(weights(w, stages(w).front()).embedding.value == 50304.0 * 768 * 2);
  CHECK(checkpoint_weights(w).embedding.value == 50257.0 * 768 * 2);
}

TEST_CASE("engines keep their share of an H100", "[reference]") {
  const auto& h100 = test::gpu("h100-sxm");
  const double capacity = std::floor(runtime_memory(h100).value);
  const auto usable = [&](const char* engine) {
    const Inference w = inference("llama-3.1-8b", engine);
    const auto memory = inference_memory(w, &h100);
    return std::pair{budget(w, memory.worst_gpu(), h100).usable.value, memory.worst_gpu()};
  };
  // vLLM before 0.21: 0.9 of the device, graphs beside it.
  const auto [vllm, on_vllm] = usable("vllm");
  CHECK(vllm == std::floor(capacity * 0.9 + on_vllm.runtime.graphs.value));
  CHECK(usable("vllm-0.21").first == std::floor(capacity * 0.92));
  // TensorRT-LLM: 0.9 of what its other terms leave.
  const auto [trtllm, on_trtllm] = usable("trtllm");
  const double others = (total(on_trtllm) - total(on_trtllm.kv_cache)).value;
  CHECK(trtllm == std::floor(others + (capacity - others) * 0.9));
  // SGLang: 512 + 1.5 x 8,192 + 128 + 2 x 256 = 13,440 MiB kept, activations inside it.
  const auto [sglang, on_sglang] = usable("sglang");
  CHECK(sglang == std::floor(capacity - (13440.0 * kMebi - on_sglang.activations.value -
                                         on_sglang.runtime.graphs.value)));
  CHECK(usable("transformers").first == capacity);
}

TEST_CASE("a reserve leaves that share of the device free", "[reference]") {
  const auto& h100 = test::gpu("h100-sxm");
  Inference w = inference("llama-3.1-8b");
  w.settings.reserve_fraction = 0.25;
  const auto memory = inference_memory(w, &h100);
  CHECK(budget(w, memory.worst_gpu(), h100).usable.value ==
        std::floor(std::floor(runtime_memory(h100).value) * 0.75));
}

TEST_CASE("the guides' 1B in fp16 at batch 32 takes 2 + 160 + 3 = 165 GB", "[reference]") {
  const RuleMemory m = rule_memory(1e9, test::format("fp16"), 32);
  CHECK(m.weights.value == 2e9);
  CHECK(m.activations.value == 160e9);
  CHECK(m.optimizer.value == 3e9);
  CHECK(total(m).value == 165e9);
}

TEST_CASE("the guides' 13B takes 52, 26, 13 and 6.5 GB, 6.5B half of it", "[reference]") {
  struct Row {
    const char* format;
    double gb;
  };
  constexpr Row kRows[] = {{"fp32", 52}, {"fp16", 26}, {"bf16", 26}, {"int8", 13}, {"int4", 6.5}};
  for (const Row& row : kRows) {
    INFO(row.format);
    CHECK(rule_memory(13e9, test::format(row.format), 1).weights.value == row.gb * 1e9);
    CHECK(rule_memory(6.5e9, test::format(row.format), 1).weights.value == row.gb * 0.5e9);
  }
}

TEST_CASE("the guides' batch halves above 0.9 and doubles below 0.3", "[reference]") {
  CHECK(rule_next_batch(16, 0.95) == 8);
  CHECK(rule_next_batch(16, 0.9) == 16);
  CHECK(rule_next_batch(16, 0.5) == 16);
  CHECK(rule_next_batch(16, 0.3) == 16);
  CHECK(rule_next_batch(16, 0.29) == 32);
  CHECK(rule_next_batch(1, 1.0) == 1);
  CHECK(rule_next_batch(32, 0.1) == 32);
  CHECK(rule_next_batch(20, 0.1) == 32);
}

TEST_CASE("by the rule a card offers its memory as sold less a tenth", "[reference]") {
  CHECK(rule_usable(test::gpu("h100-sxm"), kRuleReserve).value == std::floor(80 * kGibi * 0.9));
  CHECK_FALSE(rule_memory_leaves_out().empty());
  CHECK_FALSE(rule_flops_leaves_out().empty());
}

}  // namespace
}  // namespace dsplan::estimate
