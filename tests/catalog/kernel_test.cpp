// Kernel times: which row stands for a device, and that the built-in rows are sound.
#include "dsplan/catalog/kernel.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "../support/built_in.hpp"

namespace dsplan::catalog {
namespace {

using test::built_in;

constexpr Gpu kCard{
    .id = "card", .device_class = "consumer", .architecture = "ada", .compute_capability = "8.9"};

/// The id of the row found for `kCard`, or "none".
std::string found(std::span<const Kernel> rows, std::string_view engine) {
  const Kernel* row = find_kernel(rows, kCard, engine, "gemm", "bf16");
  return row == nullptr ? "none" : std::string(row->id);
}

TEST_CASE("the nearest kernel row is taken, step by step", "[catalog]") {
  // Nearest last: each row beats those before it.
  constexpr std::array kRows{
      Kernel{.id = "any", .operation = "gemm", .format = "bf16"},
      Kernel{.id = "arch", .architecture = "ada", .operation = "gemm", .format = "bf16"},
      Kernel{.id = "arch-class",
             .architecture = "ada",
             .device_class = "consumer",
             .operation = "gemm",
             .format = "bf16"},
      Kernel{.id = "capability", .architecture = "8.9", .operation = "gemm", .format = "bf16"},
      Kernel{.id = "capability-class",
             .architecture = "8.9",
             .device_class = "consumer",
             .operation = "gemm",
             .format = "bf16"},
      Kernel{.id = "own-other",
             .gpu = "card",
             .engine = "trtllm",
             .operation = "gemm",
             .format = "bf16"},
      Kernel{
          .id = "own-own", .gpu = "card", .engine = "vllm", .operation = "gemm", .format = "bf16"}};
  CHECK(found({}, "vllm") == "none");
  for (std::size_t n = 1; n <= kRows.size(); ++n) {
    CHECK(found(std::span(kRows).first(n), "vllm") == kRows[n - 1].id);
  }
}

TEST_CASE("kernel rows of other devices, classes and engines' classes do not count", "[catalog]") {
  constexpr std::array kRows{
      Kernel{.id = "a", .gpu = "other", .operation = "gemm", .format = "bf16"},
      Kernel{.id = "b", .architecture = "hopper", .operation = "gemm", .format = "bf16"},
      Kernel{.id = "c",
             .architecture = "ada",
             .device_class = "data-center",
             .operation = "gemm",
             .format = "bf16"},
      Kernel{.id = "d",
             .architecture = "ada",
             .engine = "sglang",
             .operation = "gemm",
             .format = "bf16"},
      Kernel{.id = "e", .gpu = "card", .operation = "gemm", .format = "fp8"},
      Kernel{.id = "f", .gpu = "card", .operation = "experts", .format = "bf16"}};
  CHECK(found(kRows, "vllm") == "none");
}

const Kernel& row(std::string_view gpu,
                  std::string_view engine,
                  std::string_view operation,
                  std::string_view format,
                  std::int64_t gpus = 0) {
  const Kernel* found =
      find_kernel(built_in().all<Kernel>(), test::gpu(gpu), engine, operation, format, gpus);
  REQUIRE(found != nullptr);
  return *found;
}

TEST_CASE("devices and engines get their kernels", "[catalog]") {
  CHECK(row("h100-sxm", "vllm", "gemm", "bf16").id == "h100-sxm/vllm/gemm/bf16");
  CHECK(row("h100-sxm", "llamacpp", "gemm", "bf16").id == "h100-sxm/trtllm/gemm/bf16");
  CHECK(row("a100-sxm-80", "vllm", "experts", "int4").id == "a100-sxm-80/sglang/experts/int4");
  CHECK(row("h100-pcie", "vllm", "gemm", "bf16").id == "hopper/gemm/bf16");
  CHECK(row("a100-pcie-40", "vllm", "gemm", "bf16").id == "compute-8.0/gemm/bf16");
  CHECK(row("a40", "vllm", "gemm", "bf16").id == "any/gemm/bf16");
  CHECK(row("rtx-3090", "vllm", "gemm", "bf16").id == "compute-8.6-consumer/gemm/bf16");
  CHECK(row("rtx-4090", "vllm", "gemm", "bf16").id == "ada-consumer/gemm/bf16");
  CHECK(row("l4", "vllm", "gemm", "fp8").id == "ada/gemm/fp8");
  CHECK(row("b100", "vllm", "gemm", "nvfp4").id == "blackwell/gemm/nvfp4");
  CHECK(row("rtx-5090", "vllm", "gemm", "bf16").id == "compute-12.0/gemm/bf16");
  CHECK(row("dgx-spark-gb10", "vllm", "gemm", "bf16").id == "compute-12.1/gemm/bf16");
  CHECK(row("jetson-agx-orin-64", "vllm", "gemm", "bf16").id == "ampere-embedded/gemm/bf16");
  CHECK(row("v100-sxm-32", "vllm", "gemm", "bf16").id == "any/gemm/bf16");
}

TEST_CASE("collectives are of exactly the number of GPUs", "[catalog]") {
  CHECK(row("h100-sxm", "vllm", "all_reduce", "", 8).id == "h100-sxm/vllm/all_reduce/8");
  CHECK(row("h100-sxm", "nccl", "all_reduce", "", 8).id == "h100-sxm/nccl/all_reduce/8");
  CHECK(row("h100-sxm", "vllm", "all_to_all", "", 4).id == "h100-sxm/nccl/all_to_all/4");
  const auto rows = built_in().all<Kernel>();
  CHECK(find_kernel(rows, test::gpu("h100-sxm"), "vllm", "all_reduce", "", 3) == nullptr);
  CHECK(find_kernel(rows, test::gpu("h100-pcie"), "vllm", "all_reduce", "", 2) == nullptr);
}

TEST_CASE("every device has a row for each computation", "[catalog]") {
  for (const Gpu& gpu : built_in().all<Gpu>()) {
    for (const char* operation : {"gemm", "experts", "decode_attention", "prefill_attention"}) {
      INFO(gpu.id << " " << operation);
      CHECK(find_kernel(built_in().all<Kernel>(), gpu, "", operation, "bf16") != nullptr);
    }
  }
}

TEST_CASE("every kernel row stands for some device", "[catalog]") {
  const auto gpus = built_in().all<Gpu>();
  for (const Kernel& k : built_in().all<Kernel>()) {
    if (!k.gpu.empty()) continue;
    INFO(k.id);
    CHECK(std::any_of(gpus.begin(), gpus.end(), [&](const Gpu& gpu) {
      return find_kernel({&k, 1}, gpu, k.engine, k.operation, k.format, k.gpus) != nullptr;
    }));
  }
}

TEST_CASE("kernels start within a millisecond and no collective beats the link", "[catalog]") {
  for (const Kernel& k : built_in().all<Kernel>()) {
    INFO(k.id);
    CHECK(k.start_us < 1000.0);
    CHECK(k.median_error_percent < 50.0);
    if (!is_collective(k)) continue;
    const Gpu& gpu = test::gpu(k.gpu);
    // A message over a link, or over PCIe 5 x16 both ways, of which each device sends its share.
    const double one_way = gpu.link_gb_per_s.value_or(64.0);
    CHECK(k.gb_per_s <= 2.0 * one_way);
  }
}

}  // namespace
}  // namespace dsplan::catalog
