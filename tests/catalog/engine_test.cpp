#include "dsplan/catalog/engine.hpp"

#include <array>

#include <catch2/catch.hpp>

#include "../support/built_in.hpp"

namespace dsplan::catalog {
namespace {

using test::built_in;

std::string weights(const char* engine, const char* format, const char* gpu) {
  return weights_obstacle(*built_in().find<Engine>(engine),
                          *built_in().find<Format>(format),
                          *built_in().find<Gpu>(gpu));
}
std::string cache(const char* engine, const char* format, const char* gpu) {
  return cache_obstacle(*built_in().find<Engine>(engine),
                        *built_in().find<Format>(format),
                        *built_in().find<Gpu>(gpu));
}

TEST_CASE("what a format asks of a device holds from that capability on", "[catalog]") {
  CHECK(weights("vllm", "bf16", "t4") ==
        "bf16 asks for compute capability 8.0, and Tesla T4 has 7.5");
  CHECK(weights("vllm", "bf16", "a100-sxm-80").empty());
  CHECK(weights("vllm", "fp16", "v100-sxm-16").empty());
  CHECK_FALSE(weights("vllm", "awq", "v100-sxm-16").empty());
  CHECK(weights("vllm", "awq", "t4").empty());
  CHECK_FALSE(cache("vllm", "fp8", "t4").empty());
  CHECK(cache("vllm", "fp8", "a100-sxm-80").empty());
  CHECK_FALSE(weights("trtllm", "fp8", "a100-sxm-80").empty());
  CHECK(weights("trtllm", "fp8", "l4").empty());
}

TEST_CASE("where no capability is known the device's own formats decide", "[catalog]") {
  CHECK_FALSE(weights("vllm", "fp8", "mi250x").empty());
  CHECK(weights("vllm", "fp8", "mi300x").empty());
  CHECK(weights("llamacpp", "q4_k_m", "p40").empty());
}

TEST_CASE("a list of capabilities names formats and numbers", "[catalog]") {
  CHECK(are_capabilities({}));
  for (const std::string_view wrong : {"bf16", ":8.0", "bf16:", "bf16:x", "bf16:-1"}) {
    const std::array<std::string_view, 1> list{wrong};
    INFO(wrong);
    CHECK_FALSE(are_capabilities(list));
  }
}

}  // namespace
}  // namespace dsplan::catalog
