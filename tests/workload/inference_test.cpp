#include "dsplan/workload/inference.hpp"

#include "../support/built_in.hpp"

namespace dsplan::workload {
namespace {

using test::gpu;
using test::inference;

struct Limits {
  const char* engine;
  const char* gpu;
  std::int64_t batched_tokens;
  std::int64_t seqs;
};

// vLLM: 8,192 tokens on cards of 70 GiB and more, but 2,048 on A100
// (vllm/engine/arg_utils.py). SGLang: by memory (server_args.py).
constexpr Limits kLimits[] = {{"vllm", "h100-sxm", 8192, 1024},
                              {"vllm", "a100-sxm-80", 2048, 256},
                              {"vllm", "a100-pcie-80", 2048, 256},
                              {"vllm", "rtx-4090", 2048, 256},
                              {"vllm", "h200-sxm", 8192, 1024},
                              {"vllm", "mi300x", 16384, 1024},
                              {"sglang", "rtx-4090", 2048, 24},
                              {"sglang", "l40s", 4096, 32},
                              {"sglang", "h100-sxm", 8192, 256},
                              {"trtllm", "h100-sxm", 8192, 2048},
                              {"llamacpp", "rtx-4090", 512, 1}};

TEST_CASE("an engine takes its step limits from the size of the device", "[workload]") {
  for (const Limits& row : kLimits) {
    INFO(row.engine << " on " << row.gpu);
    const StepLimits limits = step_limits(inference("llama-3.1-8b", row.engine), &gpu(row.gpu));
    CHECK(limits.batched_tokens == row.batched_tokens);
    CHECK(limits.seqs == row.seqs);
  }
}

TEST_CASE("without a device a server's card stands in", "[workload]") {
  CHECK(step_limits(inference("llama-3.1-8b"), nullptr).batched_tokens == 8192);
}

TEST_CASE("settings override an engine's limits", "[workload]") {
  Inference w = inference("llama-3.1-8b");
  w.settings.max_batched_tokens = 4096;
  w.settings.max_seqs = 64;
  CHECK(step_limits(w, &gpu("a100-sxm-80")).batched_tokens == 4096);
  CHECK(step_limits(w, &gpu("a100-sxm-80")).seqs == 64);
  w.settings.max_batched_tokens = 32;
  CHECK(step_limits(w, &gpu("a100-sxm-80")).seqs == 32);
}

TEST_CASE("an engine without limits runs all prompts in one step", "[workload]") {
  Inference w = inference("llama-3.1-8b", "transformers");
  w.batch = 4;
  const StepLimits limits = step_limits(w, &gpu("a100-sxm-80"));
  CHECK(limits.batched_tokens == 4096);
  CHECK(limits.seqs == 4);
}

TEST_CASE("sequences are dealt to copies, the fullest counts", "[workload]") {
  Inference w = inference("deepseek-v3");
  w.batch = 9;
  CHECK(sequences_per_gpu(w) == 9);
  w.layout.dp = 2;
  CHECK(sequences_per_gpu(w) == 5);
  w.layout.attention_dp = 4;
  CHECK(sequences_per_gpu(w) == 2);
  CHECK(context_tokens(w) == 1280);
}

}  // namespace
}  // namespace dsplan::workload
