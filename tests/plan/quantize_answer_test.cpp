// Formats side by side: each row is what `memory` and `latency` say of it.
#include "dsplan/plan/quantize_answer.hpp"

#include <algorithm>
#include <string>

#include "dsplan/plan/latency_answer.hpp"

#include "../support/built_in.hpp"

namespace dsplan::plan {
namespace {

using test::built_in;

DeploymentRequest asked(std::string_view model, std::string_view gpu) {
  DeploymentRequest r;
  r.model.model = &test::model(model);
  r.gpu = std::string(gpu);
  return r;
}

const FormatChoice& row(const QuantizeAnswer& a, std::string_view format) {
  const auto found = std::find_if(a.formats.begin(), a.formats.end(), [&](const FormatChoice& f) {
    return f.format == format;
  });
  INFO(format);
  REQUIRE(found != a.formats.end());
  return *found;
}

TEST_CASE("formats stand by bytes, and every format is listed or refused", "[quantize]") {
  const QuantizeAnswer a = quantize_answer(built_in(), asked("llama-3.1-8b", "h100-sxm"));
  for (std::size_t i = 1; i < a.formats.size(); ++i)
    CHECK(a.formats[i - 1].weights.value <= a.formats[i].weights.value);
  std::size_t offered = 0;
  for (const auto& f : built_in().all<catalog::Format>()) offered += f.weights ? 1 : 0;
  CHECK(a.formats.size() + a.refused.size() == offered);
}

TEST_CASE("a row is what latency says with that precision", "[quantize]") {
  const DeploymentRequest r = asked("qwen3-8b", "l40s");
  const QuantizeAnswer a = quantize_answer(built_in(), r);
  for (const char* format : {"bf16", "fp8", "awq"}) {
    DeploymentRequest one = r;
    one.precision = format;
    const LatencyAnswer latency = latency_answer(built_in(), resolve_deployment(built_in(), one));
    const auto id = built_in().resolve<catalog::Format>(format).entry->id;
    CHECK(row(a, id).tpot_s->value == latency.tpot_s->value);
    CHECK(row(a, id).ttft_s->value == latency.ttft_s->value);
  }
}

TEST_CASE("hardware support follows from the device's rates", "[quantize]") {
  const QuantizeAnswer hopper = quantize_answer(built_in(), asked("llama-3.1-8b", "h100-sxm"));
  CHECK(row(hopper, "fp8").support == "native");
  CHECK(row(hopper, "bf16").support == "native");
  const QuantizeAnswer ampere = quantize_answer(built_in(), asked("llama-3.1-8b", "a100-sxm-80"));
  CHECK(row(ampere, "fp8").support == "emulated");
  CHECK(row(ampere, "fp8").multiplies_in == "bf16");
  const auto awq = built_in().resolve<catalog::Format>("awq").entry->id;
  CHECK(row(ampere, awq).support == "weight-only");
  const QuantizeAnswer blackwell = quantize_answer(built_in(), asked("llama-3.1-8b", "b200-sxm"));
  CHECK(row(blackwell, "nvfp4").support == "native");
  CHECK(row(blackwell, "mxfp8").support == "native");
  CHECK(row(hopper, "mxfp8").support == "weight-only");
  CHECK(row(hopper, "nvfp4").support == "emulated");
}

TEST_CASE("what does not fit has no times, but a number of GPUs that holds it", "[quantize]") {
  const QuantizeAnswer a = quantize_answer(built_in(), asked("llama-3.1-70b", "h100-sxm"));
  const FormatChoice& wide = row(a, "bf16");
  CHECK(wide.fits == false);
  CHECK_FALSE(wide.tpot_s);
  CHECK(wide.gpus_for_memory.value_or(0) > 1);
}

TEST_CASE("published losses are texts of three parts", "[quantize]") {
  const auto cost = catalog::accuracy_cost("llama-3.1-8b: 0.12 perplexity of a corpus");
  REQUIRE(cost);
  CHECK(cost->model == "llama-3.1-8b");
  CHECK(cost->cost == 0.12);
  CHECK(cost->metric == "perplexity of a corpus");
  for (const char* wrong : {"", "0.12 perplexity", "m: perplexity", "m: 0.1", "m: 0.1 ", ": 1 x"})
    CHECK_FALSE(catalog::accuracy_cost(wrong));
}

}  // namespace
}  // namespace dsplan::plan
