// Times, rates and bands of a deployment.
#include "dsplan/plan/latency_answer.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "../support/built_in.hpp"

namespace dsplan::plan {
namespace {

using test::built_in;

DeploymentRequest asked(std::string_view model, std::string_view gpu, std::int64_t batch = 1) {
  DeploymentRequest r;
  r.model.model = &test::model(model);
  r.gpu = std::string(gpu);
  r.batch = batch;
  r.input_tokens = 1024;
  r.output_tokens = 128;
  return r;
}

LatencyAnswer answer(const DeploymentRequest& r) {
  return latency_answer(built_in(), resolve_deployment(built_in(), r));
}

double sum_of(const LatencyAnswer& a, std::string_view phase) {
  double sum = 0.0;
  for (const LatencyTerm& t : a.breakdown) sum += t.phase == phase ? t.time.value : 0.0;
  return sum;
}

struct Case {
  const char* model;
  const char* gpu;
  const char* engine;
  std::int64_t batch;
  std::int64_t gpus;
  std::int64_t input;
};
const std::vector<Case> kCases{{"llama-3.1-8b", "h100-sxm", "vllm", 1, 1, 1024},
                               {"llama-3.1-8b", "h100-sxm", "vllm", 1, 1, 30000},
                               {"llama-3.1-70b", "h100-sxm", "vllm", 32, 8, 2048},
                               {"llama-3.1-70b", "h100-sxm", "vllm", 32, 16, 20000},
                               {"deepseek-v3", "h200-sxm", "sglang", 64, 8, 4096},
                               {"gpt-oss-120b", "b200-sxm", "trtllm", 16, 2, 1024},
                               {"qwen3-30b-a3b", "mi300x", "vllm", 8, 1, 1024},
                               {"llama-3.1-8b", "rtx-4090", "llamacpp", 1, 1, 512},
                               {"llama-3.1-8b", "l4", "transformers", 4, 1, 512}};

DeploymentRequest asked(const Case& c) {
  DeploymentRequest r = asked(c.model, c.gpu, c.batch);
  r.engine = c.engine;
  r.gpus = c.gpus;
  r.input_tokens = c.input;
  return r;
}

TEST_CASE("the terms of each phase add up to its time", "[latency]") {
  for (const Case& c : kCases) {
    const LatencyAnswer a = answer(asked(c));
    INFO(c.model << " on " << c.gpu);
    REQUIRE(a.prefill_s);
    REQUIRE(a.decode_step_s);
    CHECK(sum_of(a, "prefill") == Approx(a.prefill_s->value).epsilon(1e-9));
    CHECK(sum_of(a, "decode") == Approx(a.decode_step_s->value).epsilon(1e-9));
    for (const LatencyTerm& t : a.breakdown) {
      CHECK(t.time.value > 0.0);
      CHECK_FALSE(t.formula.empty());
    }
  }
}

void check_band(const std::optional<Predicted>& figure) {
  REQUIRE(figure);
  REQUIRE(figure->low);
  REQUIRE(figure->high);
  CHECK(std::isfinite(figure->value));
  CHECK(*figure->low > 0.0);
  CHECK(*figure->low <= figure->value);
  CHECK(figure->value <= *figure->high);
}

TEST_CASE("every figure has a band around it", "[latency]") {
  for (const Case& c : kCases) {
    const LatencyAnswer a = answer(asked(c));
    INFO(c.model << " on " << c.gpu);
    for (const auto& figure : {a.ttft_s,
                               a.prefill_s,
                               a.tpot_s,
                               a.e2e_s,
                               a.output_tokens_per_s,
                               a.total_tokens_per_s,
                               a.requests_per_s,
                               a.output_tokens_per_s_per_gpu,
                               a.ttft_p50_s,
                               a.ttft_p90_s,
                               a.ttft_p99_s,
                               a.tpot_p99_s,
                               a.decode_step_s})
      check_band(figure);
    CHECK(a.ttft_p50_s->value <= a.ttft_p90_s->value);
    CHECK(a.ttft_p90_s->value <= a.ttft_p99_s->value);
    CHECK(a.e2e_s->value >= a.ttft_s->value);
  }
}

TEST_CASE("one stream: the whole is the first token and the others", "[latency]") {
  const LatencyAnswer a = answer(asked("llama-3.1-8b", "h100-sxm"));
  CHECK(a.arrival == "single");
  CHECK(a.e2e_s->value == Approx(a.ttft_s->value + 127.0 * a.tpot_s->value));
  CHECK(a.output_tokens_per_s->value == Approx(128.0 / a.e2e_s->value));
  CHECK(a.total_tokens_per_s->value == Approx((1024.0 + 128.0) / a.e2e_s->value));
}

TEST_CASE("more to read takes longer", "[latency]") {
  DeploymentRequest r = asked("llama-3.1-8b", "h100-sxm");
  double ttft = 0.0;
  double tpot = 0.0;
  for (const std::int64_t tokens : {128, 512, 2048, 8192, 32768, 100000}) {
    r.input_tokens = tokens;
    const LatencyAnswer a = answer(r);
    CHECK(a.ttft_s->value > ttft);
    CHECK(a.tpot_s->value > tpot);
    ttft = a.ttft_s->value;
    tpot = a.tpot_s->value;
  }
}

TEST_CASE("more clients wait no less for their tokens, and together get no less", "[latency]") {
  const DeploymentRequest r = asked("llama-3.1-8b", "h100-sxm");
  const auto curve =
      latency_curve(built_in(), r, resolve_deployment(built_in(), r), CurveOver::concurrency);
  REQUIRE(curve.size() > 6);
  for (std::size_t i = 1; i < curve.size(); ++i) {
    INFO(curve[i].x);
    CHECK(curve[i].x > curve[i - 1].x);
    CHECK(curve[i].tpot_s->value >= curve[i - 1].tpot_s->value);
    CHECK(curve[i].output_tokens_per_s->value >= 0.97 * curve[i - 1].output_tokens_per_s->value);
  }
}

TEST_CASE("curves pass through the deployment itself", "[latency]") {
  DeploymentRequest r = asked("llama-3.1-70b", "h100-sxm", 12);
  r.gpus = 4;
  const Deployment d = resolve_deployment(built_in(), r);
  const LatencyAnswer a = latency_answer(built_in(), d);
  const auto at = [&](CurveOver over, double x) {
    for (const LatencyPoint& p : latency_curve(built_in(), r, d, over))
      if (p.x == x) return p.ttft_s.value;
    return 0.0;
  };
  CHECK(at(CurveOver::concurrency, 12.0) == a.ttft_s->value);
  CHECK(at(CurveOver::context, 1152.0) == a.ttft_s->value);
  CHECK(at(CurveOver::gpus, 4.0) == a.ttft_s->value);
  CHECK(at(CurveOver::batch, 12.0) > a.prefill_s->value);
}

TEST_CASE("what a load does not do is absent", "[latency]") {
  DeploymentRequest r = asked("bert-base", "t4", 8);
  r.engine = "transformers";
  r.input_tokens = 384;
  r.output_tokens = 0;
  const LatencyAnswer a = answer(r);
  CHECK(a.arrival == "static");
  CHECK_FALSE(a.tpot_s);
  CHECK_FALSE(a.output_tokens_per_s);
  CHECK_FALSE(a.decode_step_s);
  CHECK(a.bound == a.prefill_bound);
  check_band(a.requests_per_s);
}

TEST_CASE("a size alone has wider bands than the model of its shape", "[latency]") {
  DeploymentRequest r = asked("llama-2-13b", "a100-sxm-80");
  const LatencyAnswer known = answer(r);
  r.model = {};
  r.model.parameters = 13e9;
  r.precision = "fp16";
  const LatencyAnswer sized = answer(r);
  CHECK(*sized.tpot_s->high / sized.tpot_s->value > *known.tpot_s->high / known.tpot_s->value);
}

TEST_CASE("what does not fit is timed all the same", "[latency]") {
  const LatencyAnswer a = answer(asked("llama-3.1-70b", "h100-sxm"));
  CHECK(a.fits == false);
  REQUIRE_FALSE(a.warnings.empty());
  CHECK(a.warnings.front().id == "does-not-fit");
  check_band(a.ttft_s);
}

TEST_CASE("a slice has its part of the device", "[latency]") {
  DeploymentRequest r = asked("llama-3.2-1b", "h100-sxm");
  const LatencyAnswer whole = answer(r);
  r.mig = "3g";
  const LatencyAnswer slice = answer(r);
  CHECK(slice.tpot_s->value > 1.2 * whole.tpot_s->value);
  CHECK(slice.tpot_s->value < 2.0 * whole.tpot_s->value);
  r.mig = "1g.20gb";
  const Deployment d = resolve_deployment(built_in(), r);
  CHECK(d.gpu->memory_gb == Approx(20.0));
  CHECK(*d.gpu->dense_bf16_tflops == Approx(*test::gpu("h100-sxm").dense_bf16_tflops / 7.0));
}

std::string refused(DeploymentRequest r, const std::string& mig, std::int64_t gpus = 1) {
  r.mig = mig;
  r.gpus = gpus;
  return test::refusal([&] { (void)resolve_deployment(built_in(), r); });
}

TEST_CASE("slices that there are not are refused", "[latency]") {
  const DeploymentRequest r = asked("llama-3.2-1b", "h100-sxm");
  CHECK(refused(r, "5g").starts_with("--mig '5g' is no slice of"));
  CHECK(refused(r, "1g.900gb").starts_with("--mig '1g.900gb' is no slice of"));
  CHECK(refused(r, "1g.").starts_with("--mig '1g.' is no slice of"));
  CHECK(refused(asked("llama-3.2-1b", "l4"), "1g").find("cannot be cut") != std::string::npos);
  DeploymentRequest shared = r;
  shared.tp = 2;
  CHECK(refused(shared, "1g", 2).starts_with("slices of a device cannot share a model"));
  shared = r;
  shared.mig = "1g";
  shared.gpus = 2;
  CHECK(resolve_deployment(built_in(), shared).workload.layout == workload::Layout{.dp = 2});
}

TEST_CASE("the guides' rule is FLOPs over 0.8 of the rate", "[latency]") {
  const LatencyAnswer a = rule_latency_answer(1e9, 1024, 32, flops_per_second(312e12));
  CHECK(a.ttft_s->value == Approx(0.262564).epsilon(1e-5));
  CHECK_FALSE(a.ttft_s->low);
  CHECK_FALSE(a.tpot_s);
  CHECK_FALSE(a.fits);
}

TEST_CASE("without a device there is no time", "[latency]") {
  DeploymentRequest r = asked("llama-3.1-8b", "h100-sxm");
  r.gpu.reset();
  CHECK(test::refusal([&] { (void)answer(r); }).starts_with("a time needs a device | name one"));
}

TEST_CASE("layers left in host memory slow a device down, and all on the device do not", "[plan]") {
  DeploymentRequest r = asked("llama-3.1-70b", "rtx-4090");
  r.engine = "llamacpp";
  r.precision = "q4_k_m";
  const LatencyAnswer all = answer(r);
  r.settings.gpu_layers = r.model.model->layers + 1;
  CHECK(answer(r).tpot_s->value == Approx(all.tpot_s->value));
  double last = all.tpot_s->value;
  for (const std::int64_t layers : {60, 40, 20, 0}) {
    r.settings.gpu_layers = layers;
    const LatencyAnswer a = answer(r);
    INFO(layers);
    CHECK(a.tpot_s->value > last);
    CHECK(a.prefill_s->value > all.prefill_s->value);
    CHECK(sum_of(a, "prefill") == Approx(a.prefill_s->value).epsilon(0.02));
    last = a.tpot_s->value;
  }
}

}  // namespace
}  // namespace dsplan::plan
