// The least software of a deployment, as far as the catalog knows.
#include "dsplan/plan/software_need.hpp"

#include "../support/built_in.hpp"

namespace dsplan::plan {
namespace {

using test::built_in;

SoftwareNeed need_of(std::string_view gpu, std::string_view engine, std::string_view format) {
  return software_need(built_in(),
                       test::gpu(gpu),
                       built_in().find<catalog::Engine>(engine),
                       built_in().find<catalog::Format>(format));
}

TEST_CASE("the toolkit is the first that compiles for the device", "[software]") {
  CHECK(need_of("v100-sxm-16", "llamacpp", "fp16").min_cuda == "9.0");
  CHECK(need_of("a100-sxm-80", "vllm", "bf16").min_cuda == "11.0");
  CHECK(need_of("h100-sxm", "vllm", "fp8").min_cuda == "11.8");
  CHECK(need_of("h100-sxm", "vllm", "fp8").min_driver == "520.61.05");
  CHECK(need_of("b200-sxm", "vllm", "nvfp4").min_cuda == "12.8");
  CHECK(need_of("b300-sxm", "vllm", "nvfp4").min_cuda == "12.9");
  CHECK(need_of("mi300x", "vllm", "fp8").min_rocm == "6.0");
  CHECK_FALSE(need_of("mi300x", "vllm", "fp8").min_cuda);
  CHECK_FALSE(need_of("gaudi2", "vllm", "bf16").min_cuda);
}

TEST_CASE("a format is multiplied from the first capability that has it", "[software]") {
  const auto capability = [](std::string_view format) {
    return need_of("a100-sxm-80", "vllm", format).format_compute_capability;
  };
  CHECK(capability("fp8") == 8.9);
  CHECK(capability("nvfp4") == 10.0);
  CHECK(capability("bf16") == 8.0);
  CHECK_FALSE(need_of("a100-sxm-80", "vllm", "fp8").native_format);
  CHECK(need_of("l40s", "vllm", "fp8").native_format);
  CHECK_FALSE(need_of("mi300x", "vllm", "fp8").format_compute_capability);
}

TEST_CASE("every NVIDIA, and every AMD data-center device has a toolkit", "[software]") {
  for (const catalog::Gpu& gpu : built_in().all<catalog::Gpu>()) {
    INFO(gpu.id);
    if (gpu.compute_capability.empty() || gpu.status == "announced") continue;
    if (gpu.vendor == "amd" && gpu.device_class != "data-center") continue;
    CHECK(catalog::first_toolkit(built_in().all<catalog::Toolkit>(), gpu) != nullptr);
  }
}

}  // namespace
}  // namespace dsplan::plan
