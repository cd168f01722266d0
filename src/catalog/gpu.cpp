#include "dsplan/catalog/gpu.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace dsplan::catalog {
namespace {

constexpr std::array<std::string_view, 5> kClasses{
    "data-center", "workstation", "consumer", "embedded", "cpu"};
constexpr std::array<std::string_view, 3> kStatuses{"shipping", "announced", "rent-only"};

constexpr std::array kFields{
    Field<Gpu>{"id", "catalog id", &Gpu::id, true},
    Field<Gpu>{"name", "as sold", &Gpu::name, true},
    Field<Gpu>{"aliases", "other names that mean this entry", &Gpu::aliases},
    Field<Gpu>{"shared_aliases", "names used for it that mean another entry", &Gpu::shared_aliases},
    Field<Gpu>{"vendor", "maker", &Gpu::vendor, true},
    Field<Gpu>{"device_class", "where it is used", &Gpu::device_class, true, kClasses},
    Field<Gpu>{"architecture", "generation", &Gpu::architecture, true},
    Field<Gpu>{"compute_capability", "CUDA capability or gfx name", &Gpu::compute_capability},
    Field<Gpu>{"status", "can it be had", &Gpu::status, true, kStatuses},
    Field<Gpu>{"form_factor", "card, module or board", &Gpu::form_factor},
    Field<Gpu>{"year", "of release", &Gpu::year},
    Field<Gpu>{"memory_type", "kind of memory", &Gpu::memory_type},
    Field<Gpu>{"memory_gb", "memory as sold", &Gpu::memory_gb, true},
    Field<Gpu>{"memory_visible_mib",
               "memory as nvidia-smi or its like shows it",
               &Gpu::memory_visible_mib},
    Field<Gpu>{"memory_runtime_gib", "memory as the runtime gets it", &Gpu::memory_runtime_gib},
    Field<Gpu>{"unified_memory", "memory shared with CPU and system", &Gpu::unified_memory},
    Field<Gpu>{"ecc_cost_fraction",
               "share of the memory sold that in-line ECC takes",
               &Gpu::ecc_cost_fraction},
    Field<Gpu>{"devices", "devices that the runtime sees in one part", &Gpu::devices},
    Field<Gpu>{"bandwidth_gb_per_s", "memory bandwidth", &Gpu::bandwidth_gb_per_s, true},
    Field<Gpu>{"dense_fp64_tflops", "dense rate", &Gpu::dense_fp64_tflops},
    Field<Gpu>{"dense_fp32_tflops", "dense rate", &Gpu::dense_fp32_tflops},
    Field<Gpu>{"dense_tf32_tflops", "dense rate", &Gpu::dense_tf32_tflops},
    Field<Gpu>{"dense_fp16_tflops", "dense rate, fp32 accumulation", &Gpu::dense_fp16_tflops},
    Field<Gpu>{"half_accumulation_tflops",
               "dense rate of fp16 accumulated in fp16, where faster",
               &Gpu::half_accumulation_tflops},
    Field<Gpu>{"dense_bf16_tflops", "dense rate", &Gpu::dense_bf16_tflops},
    Field<Gpu>{"dense_fp8_tflops", "dense rate", &Gpu::dense_fp8_tflops},
    Field<Gpu>{"dense_fp4_tflops", "dense rate", &Gpu::dense_fp4_tflops},
    Field<Gpu>{"dense_int8_tops", "dense rate", &Gpu::dense_int8_tops},
    Field<Gpu>{"dense_int4_tops", "dense rate", &Gpu::dense_int4_tops},
    Field<Gpu>{"sparse_tf32_tflops", "2:4 sparse rate", &Gpu::sparse_tf32_tflops},
    Field<Gpu>{"sparse_fp16_tflops", "2:4 sparse rate", &Gpu::sparse_fp16_tflops},
    Field<Gpu>{"sparse_bf16_tflops", "2:4 sparse rate", &Gpu::sparse_bf16_tflops},
    Field<Gpu>{"sparse_fp8_tflops", "2:4 sparse rate", &Gpu::sparse_fp8_tflops},
    Field<Gpu>{"sparse_fp4_tflops", "2:4 sparse rate", &Gpu::sparse_fp4_tflops},
    Field<Gpu>{"sparse_int8_tops", "2:4 sparse rate", &Gpu::sparse_int8_tops},
    Field<Gpu>{"native_formats", "formats with a hardware matrix path", &Gpu::native_formats},
    Field<Gpu>{"link", "id of the fast link between devices", &Gpu::link},
    Field<Gpu>{"link_gb_per_s", "fast link, one direction, all links", &Gpu::link_gb_per_s},
    Field<Gpu>{"scale_up_gpus", "devices within the fast link", &Gpu::scale_up_gpus},
    Field<Gpu>{"pcie_generation", "of the host link", &Gpu::pcie_generation},
    Field<Gpu>{"pcie_lanes", "of the host link", &Gpu::pcie_lanes},
    Field<Gpu>{"power_w", "board power limit", &Gpu::power_w},
    Field<Gpu>{"mig_slices", "most MIG instances", &Gpu::mig_slices},
    Field<Gpu>{"l2_mib", "last-level cache on the die", &Gpu::l2_mib},
    Field<Gpu>{"price_usd", "price of one", &Gpu::price_usd},
    Field<Gpu>{"price_kind", "which price it is", &Gpu::price_kind},
    Field<Gpu>{"price_date", "year or date of the price", &Gpu::price_date},
    Field<Gpu>{"traps", "what people get wrong about it", &Gpu::traps},
    Field<Gpu>{"sources", "where the figures come from", &Gpu::sources, true},
};

}  // namespace

template <>
std::span<const Field<Gpu>> fields_of<Gpu>() {
  return kFields;
}
template <>
KindName kind_of<Gpu>() {
  return {"gpu", "gpus"};
}

namespace {

// What the driver keeps of a discrete card: 0.46 GiB on H100 (81,559 MiB shown, 79.18 GiB given),
// 0.44 on T4. What the system keeps of a unified memory: an 8 GB Orin Nano gives programs 7.4 GiB.
constexpr double kDriverReserveGib = 0.45;
constexpr double kUnifiedShare = 0.925;

}  // namespace

std::optional<double> cuda_capability(const Gpu& gpu) {
  const std::string_view text = gpu.compute_capability;
  double capability = 0.0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), capability);
  if (bad != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return capability;
}

Bytes runtime_memory(const Gpu& gpu) {
  const double devices = static_cast<double>(gpu.devices);
  if (gpu.memory_runtime_gib) return gib(*gpu.memory_runtime_gib / devices);
  if (gpu.unified_memory) return gib(gpu.memory_gb * kUnifiedShare / devices);
  if (gpu.memory_visible_mib)
    return mib(*gpu.memory_visible_mib / devices) - gib(kDriverReserveGib);
  return gib(gpu.memory_gb * (1.0 - gpu.ecc_cost_fraction) / devices - kDriverReserveGib);
}

std::string_view runtime_memory_rule(const Gpu& gpu) {
  if (gpu.memory_runtime_gib) return "as the runtime reports it";
  if (gpu.unified_memory) return "92.5 % of the memory sold: the system keeps the rest";
  if (gpu.memory_visible_mib) return "as the driver shows it, less the 0.45 GiB it keeps";
  return "memory sold, counted in GiB, less in-line ECC and the 0.45 GiB the driver keeps";
}

}  // namespace dsplan::catalog
