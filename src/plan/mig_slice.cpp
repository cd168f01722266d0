#include "mig_slice.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "dsplan/base/parse.hpp"

#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using catalog::Gpu;

constexpr double kMemoryParts = 8.0;

struct Share {
  double compute = 0.0;  ///< of seven
  double memory = 0.0;   ///< of eight
};

/// The usual slices by their compute; four of the memory go with three of the compute.
constexpr std::array<Share, 5> kSlices{
    Share{1.0, 1.0}, Share{2.0, 2.0}, Share{3.0, 4.0}, Share{4.0, 4.0}, Share{7.0, 8.0}};

/// "20" of "1g.20gb" in parts of the device's memory.
std::optional<double> memory_parts(const Gpu& gpu, std::string_view text) {
  if (text.size() < 3 || !text.ends_with("gb")) return std::nullopt;
  const auto size = parse_number(text.substr(0, text.size() - 2));
  if (!size) return std::nullopt;
  const double parts = std::round(*size / (gpu.memory_gb / kMemoryParts));
  return parts >= 1.0 && parts <= kMemoryParts ? std::optional(parts) : std::nullopt;
}

std::optional<Share> share_named(const Gpu& gpu, std::string_view name) {
  const auto dot = name.find('.');
  const std::string_view profile = name.substr(0, dot);
  for (Share share : kSlices) {
    if (profile != std::to_string(static_cast<int>(share.compute)) + "g") continue;
    if (dot == std::string_view::npos) return share;
    const auto parts = memory_parts(gpu, name.substr(dot + 1));
    if (!parts) return std::nullopt;
    share.memory = *parts;
    return share;
  }
  return std::nullopt;
}

void scale(std::optional<double>& figure, double factor) {
  if (figure) *figure *= factor;
}

Share share_of(const Gpu& gpu, std::string_view name) {
  if (gpu.mig_slices == 0) {
    refuse(std::string(gpu.name) + " cannot be cut into slices", "leave out --mig");
  }
  const auto share = share_named(gpu, name);
  if (!share) {
    refuse("--mig '" + std::string(name) + "' is no slice of " + std::string(gpu.name),
           "give 1g, 2g, 3g, 4g or 7g, with its memory where that is not the usual: 1g.20gb");
  }
  return *share;
}

}  // namespace

std::int64_t slices_of_device(const Gpu& gpu, std::string_view name) {
  const Share share = share_of(gpu, name);
  const double by_compute = static_cast<double>(gpu.mig_slices) / share.compute;
  return std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::min(by_compute, kMemoryParts / share.memory)));
}

Gpu mig_slice(const Gpu& gpu, std::string_view name) {
  const Share share = share_of(gpu, name);
  const double compute = share.compute / static_cast<double>(gpu.mig_slices);
  const double memory = share.memory / kMemoryParts;
  Gpu slice = gpu;
  slice.memory_gb *= memory;
  slice.bandwidth_gb_per_s *= memory;
  for (auto* figure : {&slice.memory_visible_mib, &slice.memory_runtime_gib, &slice.l2_mib})
    scale(*figure, memory);
  for (auto* figure : {&slice.dense_fp64_tflops,
                       &slice.dense_fp32_tflops,
                       &slice.dense_tf32_tflops,
                       &slice.dense_fp16_tflops,
                       &slice.dense_bf16_tflops,
                       &slice.dense_fp8_tflops,
                       &slice.dense_fp4_tflops,
                       &slice.dense_int8_tops,
                       &slice.dense_int4_tops,
                       &slice.sparse_tf32_tflops,
                       &slice.sparse_fp16_tflops,
                       &slice.sparse_bf16_tflops,
                       &slice.sparse_fp8_tflops,
                       &slice.sparse_fp4_tflops,
                       &slice.sparse_int8_tops})
    scale(*figure, compute);
  slice.link = {};
  slice.link_gb_per_s.reset();
  slice.scale_up_gpus = 1;
  return slice;
}

}  // namespace dsplan::plan
