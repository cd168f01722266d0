// Which row stands for an engine's software: by engine, maker, architecture, build, version, year.
#include "dsplan/catalog/stack.hpp"

#include "../support/built_in.hpp"

namespace dsplan::catalog {
namespace {

using test::built_in;

std::string found(std::string_view engine,
                  std::string_view version,
                  std::string_view gpu,
                  const SoftwareAge& age = {}) {
  const Stack* row = find_stack(built_in().all<Stack>(), engine, version, test::gpu(gpu), age);
  return row == nullptr ? "none" : std::string(row->id);
}

TEST_CASE("the version decides among an engine's rows", "[catalog]") {
  CHECK(found("vllm", "0.2.7", "h100-sxm") == "vllm-0.1");
  CHECK(found("vllm", "0.4.2", "h100-sxm") == "vllm-0.3");
  CHECK(found("vllm", "0.11.0", "h100-sxm") == "vllm");
  CHECK(found("vllm", "", "h100-sxm") == "vllm-0.18");
  CHECK(found("trtllm", "0.9.0", "a100-sxm-80") == "trtllm-0.1");
  CHECK(found("trtllm", "0.17.0", "a100-sxm-80") == "trtllm-0.10");
  CHECK(found("llamacpp", "b2824", "rtx-4090") == "llamacpp-2023-ada-consumer");
  CHECK(found("llamacpp", "b5000", "rtx-4090") == "llamacpp-ada-consumer");
}

TEST_CASE("without a version the year decides, and a version beats it", "[catalog]") {
  CHECK(found("vllm", "", "h100-sxm", {.year = 2023.2}) == "vllm-0.1");
  CHECK(found("vllm", "", "h100-sxm", {.year = 2024.5}) == "vllm-0.3");
  CHECK(found("vllm", "", "h100-sxm", {.year = 2025.5}) == "vllm-0.7");
  CHECK(found("vllm", "", "h100-sxm", {.year = 2026.5}) == "vllm-0.18");
  CHECK(found("vllm", "0.6.3", "h100-sxm", {.year = 2023.2}) == "vllm-0.6");
  CHECK(found("unheard-of", "", "h100-sxm", {.year = 2022.0}) == "any");
  CHECK(found("unheard-of", "", "h100-sxm") == "any-2025");
}

TEST_CASE("the device decides before the version", "[catalog]") {
  CHECK(found("vllm", "0.11.0", "mi300x") == "vllm-amd-0.6");
  CHECK(found("vllm", "0.11.0", "gaudi2") == "vllm-gaudi");
  CHECK(found("vllm", "", "ascend-910b3-64") == "vllm-ascend");
  CHECK(found("sglang", "", "mi300x") == "any-device-2025");
  CHECK(found("llamacpp", "", "apple-m3-ultra") == "llamacpp-apple");
  CHECK(found("mlc", "", "rtx-4090") == "mlc-consumer");
  CHECK(found("mlc", "", "a100-sxm-80") == "mlc");
  CHECK(found("llamacpp", "", "l40s") == "llamacpp-ada");
}

TEST_CASE("a word of the build names a row of its own", "[catalog]") {
  CHECK(found("vllm", "0.4.3", "mi300x") == "vllm-amd");
  CHECK(found("vllm", "0.4.3", "mi300x", {.build = "vLLM 0.4.3+ROCm614"}) == "vllm-amd-release");
}

TEST_CASE("every row names a public source and a scheduler", "[catalog]") {
  for (const Stack& row : built_in().all<Stack>()) {
    INFO(row.id);
    CHECK_FALSE(row.sources.empty());
    CHECK(row.step_ms > 0.0);
    CHECK_FALSE(row.scheduler.empty());
    const double share = row.memory_efficiency > 0.0 ? row.memory_efficiency : 1.0;
    CHECK(share / row.kernel_factor <= 1.12);
    CHECK(share <= 1.0);
  }
}

}  // namespace
}  // namespace dsplan::catalog
