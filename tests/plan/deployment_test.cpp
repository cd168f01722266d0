// From a request to a checked deployment: defaults, and refusals in their exact words.
#include "dsplan/plan/deployment.hpp"

#include <algorithm>
#include <string>

#include "dsplan/estimate/memory.hpp"

#include "../support/built_in.hpp"

namespace dsplan::plan {
namespace {

using test::built_in;

DeploymentRequest ask(const char* model) {
  DeploymentRequest request;
  request.model.model = &test::model(model);
  return request;
}

Deployment resolve(const DeploymentRequest& request) {
  return resolve_deployment(built_in(), request);
}

std::string refused(const DeploymentRequest& request) {
  return test::refusal([&] { (void)resolve(request); });
}

const UsedInput* filled(const Deployment& d, std::string_view name) {
  const auto found = std::find_if(
      d.filled.begin(), d.filled.end(), [&](const UsedInput& i) { return i.name == name; });
  return found == d.filled.end() ? nullptr : &*found;
}

bool assumes(const Deployment& d, std::string_view id) {
  return std::any_of(
      d.assumptions.begin(), d.assumptions.end(), [&](const Assumption& a) { return a.id == id; });
}

bool warns(const Deployment& d, std::string_view id) {
  return std::any_of(
      d.warnings.begin(), d.warnings.end(), [&](const Warning& w) { return w.id == id; });
}

TEST_CASE("what is not said takes its default, and says so", "[plan]") {
  const Deployment d = resolve(ask("llama-3.1-8b"));
  CHECK(d.workload.batch == 1);
  CHECK(d.workload.input_tokens == 2048);
  CHECK(d.workload.output_tokens == 256);
  CHECK(d.workload.engine->id == "vllm-0.21");
  CHECK(d.workload.precision.dense->id == "bf16");
  CHECK(d.workload.precision.kv->id == "bf16");
  CHECK(d.workload.layout == workload::Layout{});
  CHECK(d.gpu == nullptr);
  CHECK_FALSE(d.shape_assumed);
  CHECK(d.parameters == 8030261248.0);
  for (const char* name :
       {"batch", "input_tokens", "output_tokens", "engine", "precision", "kv_precision", "gpus"}) {
    INFO(name);
    CHECK(filled(d, name) != nullptr);
  }
  CHECK(filled(d, "precision")->origin == Origin::catalog);
  CHECK(filled(d, "batch")->origin == Origin::built_in);
  CHECK(warns(d, "not-measured"));  // the constants of vLLM 0.21 are those of 0.19
}

TEST_CASE("an engine serves the checkpoint's format, or the nearest that it can", "[plan]") {
  DeploymentRequest r = ask("deepseek-v3");
  CHECK(resolve(r).workload.precision.dense->id == "fp8_block");
  r.engine = "llamacpp";
  const Deployment d = resolve(r);
  CHECK(d.workload.precision.dense->bits_per_weight >= 8.0);
  CHECK(assumes(d, "precision"));
  CHECK(d.workload.precision.kv->id == "fp16");
}

TEST_CASE("dense layers and experts may have formats of their own", "[plan]") {
  DeploymentRequest r = ask("mixtral-8x7b");
  r.precision = "bf16+int4";
  CHECK(resolve(r).workload.precision.dense->id == "bf16");
  CHECK(resolve(r).workload.precision.experts->id == "int4");
  r = ask("llama-3.1-8b");
  r.precision = "bf16+int4";
  CHECK(refused(r) ==
        "'bf16+int4' names a format for experts, and llama-3.1-8b has none | give one format");
}

TEST_CASE("a context is split into prompt and output", "[plan]") {
  DeploymentRequest r = ask("llama-3.1-8b");
  r.context = 8192;
  CHECK(resolve(r).workload.input_tokens == 7936);
  CHECK(resolve(r).workload.output_tokens == 256);
  CHECK(assumes(resolve(r), "context-split"));
  r.context = 100;
  CHECK(resolve(r).workload.output_tokens == 50);
  r.context = 1;
  CHECK(resolve(r).workload.input_tokens == 1);
  CHECK(resolve(r).workload.output_tokens == 0);
  r.context = 8192;
  r.output_tokens = 192;
  CHECK(resolve(r).workload.input_tokens == 8000);
  r.input_tokens = 8000;
  CHECK(resolve(r).workload.input_tokens == 8000);
  r.input_tokens = 7999;
  CHECK(refused(r) ==
        "--context 8192 is not the sum of input and output tokens | give two of --context, "
        "--input-tokens and --output-tokens");
}

TEST_CASE("a context beyond the published limit is warned of", "[plan]") {
  DeploymentRequest r = ask("llama-2-13b");
  r.context = 4096;
  CHECK_FALSE(warns(resolve(r), "context-limit"));
  r.context = 4097;
  CHECK(warns(resolve(r), "context-limit"));
}

TEST_CASE("an engine off its known devices is warned of", "[plan]") {
  DeploymentRequest r = ask("llama-3.1-8b");
  r.gpu = "mi300x";
  CHECK_FALSE(warns(resolve(r), "engine-on-gpu"));
  r.engine = "trtllm";
  CHECK(warns(resolve(r), "engine-on-gpu"));
  r.engine = "mlc";
  CHECK(warns(resolve(r), "generic-engine"));
}

TEST_CASE("GPUs without a layout take the first that fits", "[plan]") {
  DeploymentRequest r = ask("llama-3.1-70b");
  r.gpu = "h100-sxm";
  r.gpus = 4;
  const Deployment d = resolve(r);
  CHECK(d.workload.layout == workload::Layout{.tp = 4});
  CHECK(assumes(d, "layout"));
  CHECK_FALSE(d.layout_given);
  r.engine = "llamacpp";
  CHECK(resolve(r).workload.layout == workload::Layout{.pp = 4});
}

TEST_CASE("GPUs left over by a layout hold copies", "[plan]") {
  DeploymentRequest r = ask("llama-3.1-70b");
  r.gpu = "h100-sxm";
  r.gpus = 8;
  r.tp = 4;
  const Deployment d = resolve(r);
  CHECK(d.workload.layout == workload::Layout{.tp = 4, .dp = 2});
  CHECK(assumes(d, "replicas"));
  r.gpus.reset();
  CHECK(workload::gpu_count(resolve(r).workload.layout) == 4);
}

TEST_CASE("nodes times GPUs of a node are the GPUs", "[plan]") {
  DeploymentRequest r = ask("llama-3.1-405b");
  r.gpu = "h100-sxm";
  r.nodes = 2;
  CHECK(workload::gpu_count(resolve(r).workload.layout) == 16);
  r.gpus = 12;
  CHECK(refused(r) == "--gpus 12 is not --nodes x --gpus-per-node = 16 | give one or the other");
}

TEST_CASE("a name with several meanings is an assumption", "[plan]") {
  DeploymentRequest r = ask("llama-3.1-8b");
  r.gpu = "h100";
  CHECK(assumes(resolve(r), "gpu-name"));
  r.gpu = "h100-sxm";
  CHECK_FALSE(assumes(resolve(r), "gpu-name"));
}

TEST_CASE("13B alone takes the Llama-2-13B shape, scaled", "[plan]") {
  DeploymentRequest r;
  r.model.parameters = 13e9;
  const Deployment d = resolve(r);
  CHECK(d.workload.model->id == "llama-2-13b");
  CHECK(d.shape_assumed);
  CHECK(d.parameters == 13e9);
  CHECK(d.workload.parameter_scale == Approx(13e9 / 13015864320.0));
  CHECK(d.workload.precision.dense->id == "bf16");
  CHECK(filled(d, "model")->origin == Origin::assumed);
  CHECK(assumes(d, "shape"));
}

TEST_CASE("an active size takes the shape of a mixture of experts", "[plan]") {
  DeploymentRequest r;
  r.model.parameters = 30e9;
  r.model.active_parameters = 3e9;
  CHECK(catalog::is_moe(*resolve(r).workload.model));
  r.model.active_parameters.reset();
  CHECK_FALSE(catalog::is_moe(*resolve(r).workload.model));
}

struct Refused {
  const char* what;
  void (*set)(DeploymentRequest&);
  const char* message;
};

constexpr Refused kRefused[] = {
    {"no batch",
     [](DeploymentRequest& r) { r.batch = 0; },
     "--batch must be at least 1 | leave it out for the default"},
    {"no context",
     [](DeploymentRequest& r) { r.context = 0; },
     "--context must be at least 1 | leave it out for the default"},
    {"no prompt",
     [](DeploymentRequest& r) { r.input_tokens = 0; },
     "--input-tokens must be at least 1 | leave it out for the default"},
    {"no GPUs",
     [](DeploymentRequest& r) { r.gpus = 0; },
     "--gpus must be at least 1 | leave it out for the default"},
    {"no ranks",
     [](DeploymentRequest& r) { r.tp = 0; },
     "--tp must be at least 1 | leave it out for the default"},
    {"no tokens of a step",
     [](DeploymentRequest& r) { r.settings.max_batched_tokens = 0; },
     "--max-batched-tokens must be at least 1 | leave it out for the default"},
    {"an unknown GPU",
     [](DeploymentRequest& r) { r.gpu = "h101-sxm"; },
     "unknown gpu 'h101-sxm' | did you mean 'h100-sxm'?"},
    {"an unknown engine",
     [](DeploymentRequest& r) { r.engine = "vlllm"; },
     "unknown engine 'vlllm' | did you mean 'vllm'?"},
    {"an unknown format",
     [](DeploymentRequest& r) { r.precision = "bf116"; },
     "unknown format 'bf116' | did you mean 'bf16'?"},
    {"an unreadable version",
     [](DeploymentRequest& r) { r.engine_version = "latest"; },
     "'latest' is not a version | write it as the engine does, for example 0.11.0"},
    {"a format of the cache for weights",
     [](DeploymentRequest& r) { r.precision = "kv-int4"; },
     "'kv-int4' is a format of the KV cache, not of weights | use --kv-precision for it"},
    {"a format that the engine lacks",
     [](DeploymentRequest& r) { r.precision = "exl2-4bpw"; },
     "vllm-0.21 does not serve weights in exl2-4bpw | its families: float, fp8, awq, int8, gptq, "
     "int4, nvfp, mx, bnb, gguf"},
    {"a cache that the engine lacks",
     [](DeploymentRequest& r) { r.kv_precision = "q4_0"; },
     "vllm-0.21 does not keep its KV cache in q4_0 | it can: bf16, fp16, fp32, fp8"},
    {"layers on the host with vLLM",
     [](DeploymentRequest& r) { r.settings.gpu_layers = 10; },
     "--gpu-layers: vllm-0.21 does not leave layers in host memory | use --engine llamacpp"},
    {"a product that is not the GPUs",
     [](DeploymentRequest& r) {
       r.gpus = 8;
       r.tp = 3;
     },
     "layout tp 3 needs 3 GPUs, not 8 | layouts on 8: tp 8; tp 4, pp 2; tp 2, pp 4; pp 8"},
    {"ranks that do not divide the heads",
     [](DeploymentRequest& r) { r.tp = 3; },
     "tp 3 does not divide the 32 attention heads | layouts that work: none on 3 GPUs, or --pp 3 "
     "for "
     "stages of unequal depth"},
    {"experts that are not there",
     [](DeploymentRequest& r) { r.tp = 2, r.ep = 2; },
     "ep 2 needs a model with experts | layouts that work: tp 2; pp 2"},
    {"a number of GPUs that nothing divides",
     [](DeploymentRequest& r) { r.gpus = 37; },
     "heads and layers of llama-3.1-8b do not divide over 37 GPUs | give --gpus 32 or 64"}};

TEST_CASE("what cannot be deployed is refused with its mend", "[plan]") {
  for (const Refused& row : kRefused) {
    DeploymentRequest r = ask("llama-3.1-8b");
    row.set(r);
    INFO(row.what);
    CHECK(refused(r) == row.message);
  }
}

TEST_CASE("a node is the fast link's domain, else a box of eight", "[plan]") {
  CHECK(node_size(test::gpu("h100-sxm")) == 8);
  CHECK(node_size(test::gpu("rtx-4090")) == 8);
  CHECK(node_size(test::gpu("apple-m3-ultra")) == 1);
  CHECK(node_size(test::gpu("gb200")) == 72);
}

}  // namespace
}  // namespace dsplan::plan
