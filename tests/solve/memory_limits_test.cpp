// Inverses of the estimate: N holds and N+1 does not.
#include "dsplan/solve/memory_limits.hpp"

#include <string>

#include "../support/built_in.hpp"

namespace dsplan::solve {
namespace {

using workload::Inference;

constexpr const char* kModels[] = {"llama-3.1-8b",
                                   "qwen3-32b",
                                   "gemma-3-27b",
                                   "mixtral-8x7b",
                                   "gpt-oss-20b",
                                   "qwen3-next-80b-a3b",
                                   "deepseek-v2-lite",
                                   "llama-2-13b",
                                   "gemma-2-9b",
                                   "deepseek-v3"};
constexpr const char* kGpus[] = {
    "rtx-4090", "l40s", "a100-sxm-80", "h100-sxm", "b200-sxm", "mi300x"};
constexpr const char* kEngines[] = {"vllm", "vllm-0.21", "sglang", "trtllm", "transformers"};

std::string name(const Inference& w, const char* gpu) {
  return std::string(w.model->id) + " on " + std::string(w.engine->id) + " and " + gpu;
}

template <typename Check>
void for_all(const Check& check) {
  for (const char* model : kModels) {
    for (const char* engine : kEngines) {
      for (const char* gpu : kGpus) check(test::inference(model, engine), gpu);
    }
  }
}

TEST_CASE("the largest batch holds and one more does not", "[solve]") {
  int none = 0;
  int some = 0;
  for_all([&](const Inference& w, const char* id) {
    const auto& gpu = test::gpu(id);
    const std::int64_t most = max_batch(w, gpu);
    INFO(name(w, id) << ": " << most);
    CHECK((most == 0 || holds(with_batch(w, most), gpu)));
    CHECK((most == kMostSequences || !holds(with_batch(w, most + 1), gpu)));
    (most == 0 ? none : some) += 1;
  });
  CHECK(none >= 50);
  CHECK(some >= 100);
}

TEST_CASE("the longest context holds and one token more does not", "[solve]") {
  int limited = 0;
  int by_model = 0;
  for_all([&](const Inference& w, const char* id) {
    const auto& gpu = test::gpu(id);
    const std::int64_t most = max_context(w, gpu);
    INFO(name(w, id) << ": " << most);
    CHECK((most == 0 || holds(with_context(w, most), gpu)));
    CHECK(most <= w.model->max_context_tokens);
    if (most == w.model->max_context_tokens) {
      ++by_model;
    } else {
      CHECK_FALSE(holds(with_context(w, most + 1), gpu));
      ++limited;
    }
  });
  CHECK(limited >= 50);
  CHECK(by_model >= 50);
}

TEST_CASE("limits of llama.cpp hold on both sides too", "[solve]") {
  for (const char* model : {"llama-3.1-8b", "gpt-oss-20b", "gemma-2-9b"}) {
    for (const char* id : {"rtx-4090", "l40s"}) {
      const Inference w = test::inference(model, "llamacpp", "q8_0", "q8_0");
      const auto& gpu = test::gpu(id);
      const std::int64_t batch = max_batch(w, gpu);
      const std::int64_t context = max_context(w, gpu);
      INFO(name(w, id) << ": batch " << batch << ", context " << context);
      CHECK(batch >= 1);
      CHECK(holds(with_batch(w, batch), gpu));
      CHECK_FALSE(holds(with_batch(w, batch + 1), gpu));
      CHECK(holds(with_context(w, context), gpu));
      CHECK((context == w.model->max_context_tokens || !holds(with_context(w, context + 1), gpu)));
    }
  }
}

TEST_CASE("the search agrees with trying every batch", "[solve]") {
  for (const char* engine : kEngines) {
    for (const std::int64_t dp : {1, 3}) {
      Inference w = test::inference("qwen3-8b", engine);
      w.input_tokens = 12000;
      w.layout.dp = dp;
      for (const char* id : {"rtx-4090", "l40s", "a100-sxm-80"}) {
        std::int64_t brute = 0;
        while (holds(with_batch(w, brute + 1), test::gpu(id))) ++brute;
        INFO(name(w, id));
        CHECK(max_batch(w, test::gpu(id)) == brute);
      }
    }
  }
}

TEST_CASE("the search agrees with trying every context", "[solve]") {
  for (const char* engine : {"vllm", "transformers"}) {
    Inference w = test::inference("llama-2-13b", engine);
    w.batch = 12;
    const auto& gpu = test::gpu("l40s");
    std::int64_t brute = 0;
    for (std::int64_t n = 1; n <= w.model->max_context_tokens; ++n) {
      if (holds(with_context(w, n), gpu)) brute = n;
    }
    INFO(name(w, "l40s"));
    CHECK(max_context(w, gpu) == brute);
  }
}

TEST_CASE("a context keeps the output while there is room for a prompt", "[solve]") {
  const Inference w = test::inference("llama-3.1-8b");
  CHECK(with_context(w, 5000).output_tokens == 256);
  CHECK(with_context(w, 5000).input_tokens == 4744);
  CHECK(with_context(w, 257).output_tokens == 256);
  CHECK(with_context(w, 257).input_tokens == 1);
  CHECK(with_context(w, 10).output_tokens == 9);
  CHECK(with_context(w, 10).input_tokens == 1);
  CHECK(with_context(w, 1).output_tokens == 0);
  CHECK(with_context(w, 1).input_tokens == 1);
  CHECK(with_batch(w, 7).batch == 7);
}

TEST_CASE("a larger device holds no less", "[solve]") {
  for (const char* engine : kEngines) {
    const Inference w = test::inference("qwen3-8b", engine);
    INFO(engine);
    CHECK(max_batch(w, test::gpu("h100-sxm")) <= max_batch(w, test::gpu("h200-sxm")));
    CHECK(max_context(w, test::gpu("rtx-4090")) <= max_context(w, test::gpu("l40s")));
  }
}

}  // namespace
}  // namespace dsplan::solve
