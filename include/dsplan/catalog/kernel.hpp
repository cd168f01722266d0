// How long one kind of operation takes on a device: what is known of an engine's kernels.
#pragma once

#include "dsplan/catalog/field.hpp"
#include "dsplan/catalog/gpu.hpp"

namespace dsplan::catalog {

/// How long one kind of operation takes on a device, in an engine's kernels and a number format.
///   [K-ROOF] t = start + ((bytes / (memory_efficiency x bandwidth))^p
///                         + (flops / (compute_efficiency x peak))^p)^(1/p)
/// `format` is of the weights (gemm, experts) or of the cache (attention); a label of this table
/// where the catalog has no such format (mxfp4_mxfp8); empty for collectives.
struct Kernel {
  std::string_view id{};            ///< h100-sxm/vllm/gemm/bf16; h100-sxm/vllm/all_reduce/8
  std::string_view gpu{};           ///< id of the device measured; empty: any of the architecture
  std::string_view architecture{};  ///< or compute capability, where gpu is empty; empty: any
  std::string_view device_class{};  ///< narrows the architecture, or empty
  std::string_view engine{};        ///< whose kernels, or a communication library; empty: any
  std::string_view version{};       ///< of the engine as measured
  std::string_view operation{};     ///< gemm, experts, decode_attention, all_reduce ...
  std::string_view format{};
  std::string_view computes_in{};  ///< whose peak rate products are held against
  std::int64_t gpus = 0;           ///< that take part in a collective
  double start_us = 0.0;
  double memory_efficiency = 0.0;
  double compute_efficiency = 0.0;
  double sharpness = 0.0;              ///< p
  double us_per_sequence_head = 0.0;   ///< decode attention: per sequence and KV head
  double chunk_overhead_tokens = 0.0;  ///< prefill attention: work of every prompt token beside
  double gb_per_s = 0.0;               ///< collectives: bytes of the message over time
  double median_error_percent = 0.0;
  TextList sources{};
};

template <>
std::span<const Field<Kernel>> fields_of<Kernel>();
template <>
KindName kind_of<Kernel>();

/// Is it an operation between devices, known by `gpus` and `gb_per_s`?
[[nodiscard]] bool is_collective(const Kernel& kernel);

/// The row for the device's class, as `find_kernel` would choose were the device itself not timed.
[[nodiscard]] const Kernel* find_class_kernel(std::span<const Kernel> rows,
                                              const Gpu& gpu,
                                              std::string_view engine,
                                              std::string_view operation,
                                              std::string_view format);

/// The row nearest to the device and the engine, of exactly this operation, format and
/// (collectives) number of GPUs; null if none. Nearest first: the device's own with the engine's
/// kernels; the device's own, in the order of `rows`; of its compute capability; of its
/// architecture; of any device; in each of the last three the ones of its device class first.
[[nodiscard]] const Kernel* find_kernel(std::span<const Kernel> rows,
                                        const Gpu& gpu,
                                        std::string_view engine,
                                        std::string_view operation,
                                        std::string_view format,
                                        std::int64_t gpus = 0);

}  // namespace dsplan::catalog
