#include "rule_rate.hpp"

#include <array>
#include <optional>
#include <string>

#include "dsplan/base/error.hpp"

namespace dsplan::cli {

FlopsPerSecond rule_rate(const catalog::Gpu& gpu, const catalog::Format& format, bool sparse) {
  struct Rate {
    std::string_view format;
    std::optional<double> catalog::Gpu::*dense;
    std::optional<double> catalog::Gpu::*sparse;
  };
  static constexpr std::optional<double> catalog::Gpu::*kNone = nullptr;
  static constexpr std::array kRates{
      Rate{"fp16", &catalog::Gpu::dense_fp16_tflops, &catalog::Gpu::sparse_fp16_tflops},
      Rate{"bf16", &catalog::Gpu::dense_bf16_tflops, &catalog::Gpu::sparse_bf16_tflops},
      Rate{"fp32", &catalog::Gpu::dense_fp32_tflops, kNone},
      Rate{"fp8", &catalog::Gpu::dense_fp8_tflops, &catalog::Gpu::sparse_fp8_tflops},
      Rate{"fp4", &catalog::Gpu::dense_fp4_tflops, &catalog::Gpu::sparse_fp4_tflops},
      Rate{"int8", &catalog::Gpu::dense_int8_tops, &catalog::Gpu::sparse_int8_tops}};
  const std::string_view arithmetic =
      format.computes_in.empty() || format.id == "fp16" ? format.id : format.computes_in;
  for (const Rate& rate : kRates) {
    const auto member = sparse ? rate.sparse : rate.dense;
    if (rate.format != arithmetic || member == kNone || !(gpu.*member)) continue;
    return flops_per_second(*(gpu.*member) * kTera);
  }
  throw Error(ErrorCode::usage,
              std::string(gpu.name) + " has no " + (sparse ? "sparse" : "dense") + " rate in " +
                  std::string(arithmetic) + " in the catalog",
              sparse ? "leave out --peak sparse" : "take another --precision");
}

}  // namespace dsplan::cli
