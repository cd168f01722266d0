#include "dsplan/estimate/device_rates.hpp"

#include <algorithm>
#include <array>

namespace dsplan::estimate {
namespace {

using catalog::Gpu;
using Rate = std::optional<double> Gpu::*;

struct NamedRate {
  std::string_view format;
  Rate rate;
  std::string_view wider;  ///< taken where the device lacks the format
};

constexpr std::array kRates{
    NamedRate{"fp4", &Gpu::dense_fp4_tflops, "fp8"},
    NamedRate{"fp8", &Gpu::dense_fp8_tflops, "bf16"},
    NamedRate{"int8", &Gpu::dense_int8_tops, "bf16"},
    NamedRate{"bf16", &Gpu::dense_bf16_tflops, "fp16"},
    NamedRate{"fp16", &Gpu::dense_fp16_tflops, "fp32"},
    NamedRate{"tf32", &Gpu::dense_tf32_tflops, "fp32"},
    NamedRate{"fp32", &Gpu::dense_fp32_tflops, ""},
};

const NamedRate* named(std::string_view format) {
  const auto found = std::find_if(
      kRates.begin(), kRates.end(), [&](const NamedRate& r) { return r.format == format; });
  return found == kRates.end() ? nullptr : &*found;
}

}  // namespace

FlopsPerSecond peak_rate(const Gpu& gpu, std::string_view format) {
  double best = 0.0;
  // A device may have a format and be slower in it than in a wider one (fp16 of Pascal).
  for (const NamedRate* r = named(format); r != nullptr; r = named(r->wider))
    best = std::max(best, (gpu.*r->rate).value_or(0.0));
  return flops_per_second(best * kTera / static_cast<double>(gpu.devices));
}

FlopsPerSecond half_accumulation_rate(const Gpu& gpu) {
  const double devices = static_cast<double>(gpu.devices);
  return flops_per_second(gpu.half_accumulation_tflops.value_or(0.0) * kTera / devices);
}

bool multiplies_in(const Gpu& gpu, std::string_view format) {
  const NamedRate* r = named(format);
  return r != nullptr && (gpu.*r->rate).has_value();
}

std::string_view multiplied_in(const Gpu& gpu, std::string_view format) {
  for (const NamedRate* r = named(format); r != nullptr; r = named(r->wider)) {
    if ((gpu.*r->rate).has_value()) return r->format;
  }
  return {};
}

BytesPerSecond bandwidth(const Gpu& gpu) {
  return bytes_per_second(gpu.bandwidth_gb_per_s * kGiga / static_cast<double>(gpu.devices));
}

}  // namespace dsplan::estimate
