#include "rule_load.hpp"

#include <array>
#include <optional>
#include <string>

#include "dsplan/base/error.hpp"
#include "dsplan/report/catalog_report.hpp"

#include "deployment_request.hpp"

namespace dsplan::cli {

RuleLoad rule_load(const CommandContext& context) {
  const Inputs& in = context.inputs;
  RuleLoad load;
  load.source = model_of(context);
  load.answer.inputs = used_inputs(in);
  load.answer.assumptions = load.source.assumptions;
  load.format =
      context.catalog.resolve<catalog::Format>(in.text("precision").value_or("fp16")).entry;
  if (!in.has("precision"))
    load.answer.inputs.push_back({"precision", "fp16", Origin::built_in, ""});
  if (const auto name = in.text("gpu")) {
    const auto match = context.catalog.resolve<catalog::Gpu>(*name);
    load.gpu = match.entry;
    if (!match.note.empty()) load.answer.assumptions.push_back({"gpu-name", match.note, "--gpu"});
  }
  load.batch = in.count("batch").value_or(load.batch);
  load.gpus = in.count("gpus").value_or(load.gpus);
  load.tokens = in.count("input-tokens").value_or(in.count("context").value_or(load.tokens));
  if (load.batch < 1 || load.gpus < 1 || load.tokens < 1)
    throw Error(
        ErrorCode::usage, "--seq-len, --batch and --gpus must be at least 1", "give counts");
  load.answer.sources = [&catalog = context.catalog,
                         used = report::EntriesUsed{.gpu = load.gpu, .dense = load.format}] {
    return report::catalog_sources(catalog, used);
  };
  return load;
}

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
