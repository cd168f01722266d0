// A pool of prompts said in one option, and the deployment it makes.
#include "dsplan/plan/prefill_pool.hpp"

#include <catch2/catch.hpp>

#include "dsplan/base/error.hpp"
#include "dsplan/plan/latency_answer.hpp"

#include "../support/built_in.hpp"

namespace dsplan::plan {
namespace {

using test::built_in;

struct Refused {
  std::string what;
  std::string hint;
};

Refused refused(std::string_view text) {
  try {
    (void)parse_prefill_pool(text);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::usage);
    return {error.what(), error.hint()};
  }
  return {};
}

TEST_CASE("a pool is read and written alike", "[pools]") {
  const PrefillPool p = parse_prefill_pool("tp=2,dp=4,max-batched-tokens=16k");
  CHECK(p.tp == 2);
  CHECK(p.dp == 4);
  CHECK(p.max_batched_tokens == 16000);
  CHECK_FALSE(p.gpus);
  CHECK(text_of(p) == "tp=2,dp=4,max-batched-tokens=16000");
  CHECK(text_of(parse_prefill_pool("tp=1,dp=1,ep=1")) == "tp=1");
}

TEST_CASE("what is wrong with a pool is said with its mend", "[pools]") {
  CHECK_THAT(refused("atention-dp=2").hint, Catch::Contains("attention-dp"));
  CHECK_THAT(refused("colour=2").hint, Catch::Contains("max-batched-tokens"));
  CHECK_THAT(refused("tp").what, Catch::Contains("KEY=COUNT"));
  CHECK_THAT(refused("").what, Catch::Contains("KEY=COUNT"));
  CHECK_THAT(refused("tp=2,").what, Catch::Contains("KEY=COUNT"));
  CHECK_THAT(refused("tp=2,tp=4").what, Catch::Contains("twice"));
  CHECK_THAT(refused("tp=0").what, Catch::Contains("at least 1"));
  CHECK_THAT(refused("tp=-1").what, Catch::Contains("at least 1"));
  CHECK_THAT(refused("tp=two").what, Catch::Contains("at least 1"));
}

DeploymentRequest paired(std::string_view pool) {
  DeploymentRequest r;
  r.model.model = &test::model("llama-3.1-70b");
  r.gpu = "h200-sxm";
  r.gpus = 2;
  r.tp = 2;
  r.precision = "fp8";
  r.batch = 32;
  r.input_tokens = 4000;
  r.output_tokens = 500;
  r.prefill_pool = parse_prefill_pool(pool);
  return r;
}

TEST_CASE("the pool of prompts holds no answers and as many prompts as its steps", "[pools]") {
  const Deployment d = resolve_deployment(built_in(), paired("tp=1,dp=2,max-batched-tokens=8192"));
  REQUIRE(d.prefill);
  CHECK(all_gpus(d) == 4);
  CHECK(d.prefill->workload.output_tokens == 0);
  CHECK(d.prefill->workload.batch == 4);
  CHECK(d.workload.batch == 32);
}

TEST_CASE("pools that cannot be are refused", "[pools]") {
  const auto refuses = [](DeploymentRequest r) {
    CHECK_THROWS_AS(resolve_deployment(built_in(), r), Error);
  };
  DeploymentRequest r = paired("tp=1,dp=2");
  r.output_tokens = 0;
  refuses(r);
  r = paired("tp=1,dp=2");
  r.engine = "transformers";
  refuses(r);
  r = paired("tp=1");
  r.gpu.reset();
  refuses(r);
  refuses(paired("tp=3"));
  refuses(paired("tp=2,dp=2,gpus=5"));
}

LatencyAnswer answer(const DeploymentRequest& r) {
  return latency_answer(built_in(), resolve_deployment(built_in(), r));
}

TEST_CASE("the parts of the first token add up, and those of both phases", "[pools]") {
  for (const std::int64_t batch : {1, 8, 64}) {
    DeploymentRequest r = paired("tp=1,dp=2");
    r.batch = batch;
    const LatencyAnswer a = answer(r);
    const auto sum_of = [&](std::string_view phase) {
      double sum = 0.0;
      for (const LatencyTerm& t : a.breakdown) sum += t.phase == phase ? t.time.value : 0.0;
      return sum;
    };
    INFO(batch);
    CHECK(sum_of("first token") == Approx(a.ttft_s->value).epsilon(1e-9));
    CHECK(sum_of("prefill") == Approx(a.prefill_s->value).epsilon(1e-9));
    CHECK(sum_of("decode") == Approx(a.decode_step_s->value).epsilon(1e-9));
    CHECK(a.e2e_s->value == Approx(a.ttft_s->value + 499.0 * a.tpot_s->value).epsilon(1e-9));
    CHECK(a.requests_per_s->value * a.e2e_s->value == Approx(batch).epsilon(1e-6));
    CHECK(a.output_tokens_per_s_per_gpu->value == Approx(a.output_tokens_per_s->value / 4.0));
    CHECK(a.ttft_p50_s->value <= a.ttft_p90_s->value);
    CHECK(a.ttft_p90_s->value <= a.ttft_p99_s->value);
    CHECK(a.tpot_s->value <= a.tpot_p99_s->value);
  }
}

TEST_CASE("prompts do not disturb decoding on pools of their own", "[pools]") {
  DeploymentRequest r = paired("tp=1,dp=2");
  const LatencyAnswer two = answer(r);
  r.prefill_pool.reset();
  const LatencyAnswer one = answer(r);
  CHECK(two.tpot_s->value < one.tpot_s->value);
  CHECK(two.pools);
  CHECK_FALSE(one.pools);
}

TEST_CASE("more copies for prompts shorten the queue, and a slower network the way", "[pools]") {
  const LatencyAnswer few = answer(paired("tp=1,dp=2"));
  const LatencyAnswer more = answer(paired("tp=1,dp=4"));
  CHECK(more.ttft_s->value < few.ttft_s->value);
  CHECK(more.pools->prompt_load < few.pools->prompt_load);
  CHECK(few.pools->crosses == "the link of the machine");
  const LatencyAnswer far = answer(paired("tp=1,dp=8"));
  CHECK(far.pools->crosses == "the network");
  CHECK(far.pools->transfer.value > more.pools->transfer.value);
}

TEST_CASE("every rank of a latent cache is sent all of it", "[pools]") {
  DeploymentRequest r;
  r.model.model = &test::model("deepseek-v3");
  r.gpu = "h200-sxm";
  r.gpus = 8;
  r.tp = 8;
  r.output_tokens = 100;
  r.prefill_pool = parse_prefill_pool("tp=8");
  const auto tensor = answer(r).pools->cache;
  r.tp = 1;
  r.attention_dp = 8;
  r.ep = 8;
  CHECK(tensor.value == Approx(8.0 * answer(r).pools->cache.value));
}

}  // namespace
}  // namespace dsplan::plan
