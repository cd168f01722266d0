#include "dsplan/workload/layout.hpp"

#include <algorithm>
#include <string>

#include "../support/built_in.hpp"

namespace dsplan::workload {
namespace {

using test::engine;
using test::model;

std::string why(const Layout& layout, const char* model_id, const char* engine_id = "vllm") {
  return obstacle(layout, model(model_id), engine(engine_id));
}

TEST_CASE("a layout describes itself by what is not 1", "[workload]") {
  CHECK(describe({}) == "one GPU");
  CHECK(describe({.tp = 4, .pp = 2}) == "tp 4, pp 2");
  CHECK(describe({.dp = 2, .ep = 8, .cp = 2, .attention_dp = 8}) ==
        "dp 2, ep 8, cp 2, attention-dp 8");
}

TEST_CASE("GPUs of a layout multiply, expert parallelism shares those of its group", "[workload]") {
  const Layout l{.tp = 2, .pp = 3, .dp = 5, .ep = 14, .cp = 11, .attention_dp = 7};
  CHECK(group_size(l) == 14);
  CHECK(replica_gpus(l) == 14 * 3 * 11);
  CHECK(gpu_count(l) == 14 * 3 * 11 * 5);
}

TEST_CASE("tensor parallelism divides the attention heads", "[workload]") {
  CHECK(why({.tp = 8}, "llama-3.1-8b").empty());
  CHECK(why({.tp = 32}, "llama-3.1-8b").empty());
  CHECK(why({.tp = 3}, "llama-3.1-8b") == "tp 3 does not divide the 32 attention heads");
  CHECK(why({.tp = 64}, "llama-3.1-8b") == "tp 64 does not divide the 32 attention heads");
  CHECK(why({.tp = 7}, "qwen2.5-7b") == "tp 7 and the 4 KV heads do not divide one another");
  CHECK(why({.tp = 14}, "qwen2.5-7b") == "tp 14 and the 4 KV heads do not divide one another");
  CHECK(why({.tp = 4}, "qwen2.5-7b").empty());
}

TEST_CASE("a latent cache has no heads to divide", "[workload]") {
  CHECK(why({.tp = 16}, "deepseek-v3").empty());
  CHECK(why({.tp = 128}, "deepseek-v3").empty());
  CHECK_FALSE(why({.tp = 3}, "deepseek-v3").empty());
}

TEST_CASE("there are at most as many stages as layers", "[workload]") {
  CHECK(why({.pp = 32}, "llama-3.1-8b").empty());
  CHECK(why({.pp = 33}, "llama-3.1-8b") == "pp 33 exceeds the 32 layers");
}

TEST_CASE("experts are spread over the GPUs that share a layer", "[workload]") {
  CHECK(why({.tp = 8, .ep = 8}, "mixtral-8x7b").empty());
  CHECK(why({.tp = 2, .ep = 2, .attention_dp = 4}, "mixtral-8x7b").empty());
  CHECK(why({.ep = 8, .attention_dp = 8}, "deepseek-v3").empty());
  CHECK(why({.tp = 8, .ep = 8}, "llama-3.1-8b") == "ep 8 needs a model with experts");
  CHECK(why({.tp = 16, .ep = 16}, "mixtral-8x7b") == "ep 16 does not divide the 8 experts");
  CHECK(why({.tp = 2, .ep = 4}, "mixtral-8x7b") ==
        "ep 4 does not divide the 2 GPUs that share a layer (tp x attention-dp)");
  CHECK(why({.pp = 8, .ep = 8}, "mixtral-8x7b", "transformers") ==
        "transformers cannot spread experts (ep)");
}

TEST_CASE("an engine that splits by layers has no tensor parallelism", "[workload]") {
  CHECK(why({.pp = 4}, "llama-3.1-8b", "llamacpp").empty());
  CHECK(why({.tp = 2}, "llama-3.1-8b", "llamacpp") ==
        "llamacpp splits a model by layers: use pp in place of tp");
  CHECK(why({.cp = 2}, "llama-3.1-8b", "llamacpp") ==
        "llamacpp splits a model by layers: use pp in place of tp");
  CHECK(why({.attention_dp = 2}, "llama-3.1-8b", "deepspeed") ==
        "deepspeed has no attention data parallelism");
}

TEST_CASE("the layouts of a replica are exactly those that work", "[workload]") {
  const auto layouts = replica_layouts(20, 8, model("llama-3.1-70b"), engine("vllm"));
  // Of tp 5, 4, 2, 1 (divisors of 20 up to 8), 64 heads leave 4, 2 and 1, with pp 5, 10 and 20 of 80
  // layers.
  REQUIRE(layouts.size() == 3);
  CHECK(layouts[0] == Layout{.tp = 4, .pp = 5});
  CHECK(layouts[1] == Layout{.tp = 2, .pp = 10});
  CHECK(layouts[2] == Layout{.tp = 1, .pp = 20});
  // 32 layers over 3, 6 or 12 stages would leave some deeper than others.
  CHECK(replica_layouts(12, 8, model("llama-3.1-8b"), engine("vllm")).empty());
  CHECK(replica_layouts(64, 1, model("llama-3.1-8b"), engine("vllm")).empty());
  CHECK(replica_layouts(7, 8, model("llama-3.1-8b"), engine("llamacpp")) ==
        std::vector<Layout>{{.tp = 1, .pp = 7}});
}

/// Every tp x pp on `gpus` GPUs, tried one by one.
std::size_t brute_force(std::int64_t gpus,
                        std::int64_t node,
                        const catalog::Model& m,
                        const catalog::Engine& e) {
  std::size_t count = 0;
  for (std::int64_t tp = 1; tp <= gpus; ++tp) {
    for (std::int64_t pp = 1; pp <= gpus; ++pp) {
      if (tp * pp == gpus && tp <= node && m.layers % pp == 0 &&
          obstacle({.tp = tp, .pp = pp}, m, e).empty())
        ++count;
    }
  }
  return count;
}

TEST_CASE("layouts of a replica use all GPUs, within a node, and none is missing", "[workload]") {
  for (const auto& m : test::built_in().all<catalog::Model>()) {
    for (const std::int64_t gpus : {1, 2, 6, 8, 16, 24}) {
      const auto layouts = replica_layouts(gpus, 8, m, engine("vllm"));
      INFO(m.id << " on " << gpus);
      CHECK(layouts.size() == brute_force(gpus, 8, m, engine("vllm")));
      for (const Layout& l : layouts) {
        CHECK(gpu_count(l) == gpus);
        CHECK(l.tp <= 8);
        CHECK(m.attention_heads % l.tp == 0);
      }
      CHECK(std::is_sorted(layouts.begin(), layouts.end(), [](const auto& a, const auto& b) {
        return a.tp > b.tp;
      }));
    }
  }
}

}  // namespace
}  // namespace dsplan::workload
