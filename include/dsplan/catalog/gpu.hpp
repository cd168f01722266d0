// An accelerator, or a plain computer by its memory, bandwidth and rate.
#pragma once

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/field.hpp"

namespace dsplan::catalog {

/// One device as the engine sees it. Rates are dense, in 10^12 operations a second, with fp32
/// accumulation where the format is floating point; the sparse figures of the data sheets stand
/// beside them and are never used for an estimate unless asked for.
struct Gpu {
  std::string_view id{};
  std::string_view name{};
  TextList aliases{};         ///< names that mean this entry
  TextList shared_aliases{};  ///< names that people also use for it but that mean another entry
  std::string_view vendor{};
  std::string_view device_class{};
  std::string_view architecture{};
  std::string_view compute_capability{};
  std::string_view status{};
  std::string_view form_factor{};
  std::int64_t year = 0;

  std::string_view memory_type{};
  double memory_gb = 0.0;                      ///< as sold; decimal or binary, as the vendor counts
  std::optional<double> memory_visible_mib{};  ///< as nvidia-smi or its like shows it
  std::optional<double> memory_runtime_gib{};  ///< as the runtime gets it (cudaMemGetInfo total)
  bool unified_memory = false;                 ///< shared with the CPU and the system
  double ecc_cost_fraction = 0.0;              ///< of the memory sold, where ECC is in line
  std::int64_t devices = 1;  ///< that the runtime sees; each has its share of the memory
  double bandwidth_gb_per_s = 0.0;

  std::optional<double> dense_fp64_tflops{};
  std::optional<double> dense_fp32_tflops{};
  std::optional<double> dense_tf32_tflops{};
  std::optional<double> dense_fp16_tflops{};
  std::optional<double> half_accumulation_tflops{};  ///< fp16 accumulated in fp16, where faster
  std::optional<double> dense_bf16_tflops{};
  std::optional<double> dense_fp8_tflops{};
  std::optional<double> dense_fp4_tflops{};
  std::optional<double> dense_int8_tops{};
  std::optional<double> dense_int4_tops{};
  std::optional<double> sparse_tf32_tflops{};
  std::optional<double> sparse_fp16_tflops{};
  std::optional<double> sparse_bf16_tflops{};
  std::optional<double> sparse_fp8_tflops{};
  std::optional<double> sparse_fp4_tflops{};
  std::optional<double> sparse_int8_tops{};
  TextList native_formats{};  ///< formats with a hardware matrix path

  std::string_view link{};                ///< id of the fast link, or empty
  std::optional<double> link_gb_per_s{};  ///< one direction, all links of the device
  std::int64_t scale_up_gpus = 1;         ///< devices within the fast link
  std::int64_t pcie_generation = 0;
  std::int64_t pcie_lanes = 0;
  std::optional<double> power_w{};
  std::int64_t mig_slices = 0;
  std::optional<double> l2_mib{};
  std::optional<double> price_usd{};
  std::string_view price_kind{};
  std::string_view price_date{};
  TextList traps{};  ///< what people get wrong about this row
  TextList sources{};
};

template <>
std::span<const Field<Gpu>> fields_of<Gpu>();
template <>
KindName kind_of<Gpu>();

/// "8.9" as 8.9. Nothing where there is none or it is not CUDA's.
[[nodiscard]] std::optional<double> cuda_capability(const Gpu& gpu);

/// The memory that a program can allocate on one idle device of the part, before an engine takes
/// its share. The runtime's own figure where the catalog has it; else the rule of docs/formulas.md
/// [M-CAP].
[[nodiscard]] Bytes runtime_memory(const Gpu& gpu);

/// How `runtime_memory` was come by, in words for `--explain`.
[[nodiscard]] std::string_view runtime_memory_rule(const Gpu& gpu);

}  // namespace dsplan::catalog
