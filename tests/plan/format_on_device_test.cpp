// Formats that a device lacks, in deployments and in what is said of formats.
#include <algorithm>

#include <catch2/catch.hpp>

#include "dsplan/plan/quantize_answer.hpp"

#include "../support/built_in.hpp"

namespace dsplan::plan {
namespace {

using test::built_in;

TEST_CASE("a checkpoint in bf16 runs in fp16 where the device has no bf16", "[deployment]") {
  DeploymentRequest r;
  r.model.model = built_in().find<catalog::Model>("llama-3.1-8b");
  r.gpu = "v100-sxm-32";
  const Deployment d = resolve_deployment(built_in(), r);
  CHECK(d.workload.precision.dense->id == "fp16");
  CHECK(d.workload.precision.kv->id == "fp16");
  r.precision = "bf16";
  const Deployment said = resolve_deployment(built_in(), r);
  CHECK(said.workload.precision.dense->id == "bf16");
  CHECK(std::any_of(said.warnings.begin(), said.warnings.end(), [](const Warning& w) {
    return w.id == "format-on-gpu";
  }));
  r.precision.reset();
  for (const auto& f : quantize_answer(built_in(), r).formats) {
    CHECK(f.format != "bf16");
    CHECK(f.format != "awq");
  }
}

}  // namespace
}  // namespace dsplan::plan
