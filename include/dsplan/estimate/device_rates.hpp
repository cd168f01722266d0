// What one device offers to kernels: its peak rates by number format, and its memory bandwidth. Of
// a part that the runtime sees as several devices, each has its share.
#pragma once

#include <string_view>

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/gpu.hpp"

namespace dsplan::estimate {

/// The dense peak of matrix products in a format ("bf16", "fp8", "fp4", "int8", "fp16", "fp32")
/// with fp32 accumulation. A wider format stands in where the device lacks the format or is slower
/// in it: fp8 for fp4, 16 bits for 8, fp16 for bf16, fp32 for 16 bits. Zero if nothing is known.
/// Source: data sheets (data/gpus.yaml).
[[nodiscard]] FlopsPerSecond peak_rate(const catalog::Gpu& gpu, std::string_view format);

/// The rate of fp16 products accumulated in fp16, where the device is faster in them; else zero.
[[nodiscard]] FlopsPerSecond half_accumulation_rate(const catalog::Gpu& gpu);

/// Does the device multiply in the format itself, with no wider one in its place?
[[nodiscard]] bool multiplies_in(const catalog::Gpu& gpu, std::string_view format);

/// The format that products of `format` run in: itself, or the nearest wider one that the device
/// has a rate of; empty if none is known.
[[nodiscard]] std::string_view multiplied_in(const catalog::Gpu& gpu, std::string_view format);

[[nodiscard]] BytesPerSecond bandwidth(const catalog::Gpu& gpu);

}  // namespace dsplan::estimate
