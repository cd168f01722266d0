// What must hold for every model, engine and layout.
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "dsplan/estimate/memory.hpp"
#include "dsplan/estimate/parameters.hpp"

#include "../support/built_in.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Engine;
using catalog::Model;
using workload::Inference;
using workload::Layout;

/// The 16-bit deployment of any model on any engine.
Inference plain(const Model& m, const Engine& e) {
  Inference w;
  w.model = &m;
  w.engine = &e;
  const auto& bf16 = test::format("bf16");
  w.precision = {&bf16, &bf16, &bf16};
  w.input_tokens = 1000;
  w.output_tokens = 24;
  w.settings.max_batched_tokens = 512;
  w.settings.max_seqs = 16;
  return w;
}

const std::vector<Layout>& layouts() {
  static const std::vector<Layout> list{{},
                                        {.tp = 2},
                                        {.tp = 8},
                                        {.pp = 2},
                                        {.pp = 3},
                                        {.tp = 4, .pp = 2, .dp = 2},
                                        {.tp = 8, .ep = 8},
                                        {.ep = 8, .attention_dp = 8},
                                        {.tp = 2, .ep = 4, .attention_dp = 4},
                                        {.cp = 2}};
  return list;
}

/// Calls `check` with every model on every engine in every layout that works.
void for_all(const std::function<void(const Inference&)>& check) {
  for (const Model& m : test::built_in().all<Model>()) {
    for (const Engine& e : test::built_in().all<Engine>()) {
      // One compute graph costs as much as a hundred other estimates.
      const bool costly = e.activations == "compute_graph";
      for (const Layout& layout : layouts()) {
        if (!workload::obstacle(layout, m, e).empty()) continue;
        if (costly && layout.pp == 3) continue;
        Inference w = plain(m, e);
        w.layout = layout;
        check(w);
      }
    }
  }
}

/// Calls `check` with every model on one engine, on one GPU.
void for_models(const char* engine, const std::function<void(const Inference&)>& check) {
  for (const Model& m : test::built_in().all<Model>()) check(plain(m, test::engine(engine)));
}

std::string name(const Inference& w) {
  return std::string(w.model->id) + " on " + std::string(w.engine->id) + ", " +
         workload::describe(w.layout);
}

bool whole(Bytes n) {
  return std::isfinite(n.value) && n.value >= 0.0 && n.value == std::floor(n.value);
}

bool all_whole(const GpuMemory& g) {
  const WeightBytes& w = g.weights;
  for (const Bytes part : {w.embedding,
                           w.head,
                           w.attention,
                           w.mlp,
                           w.experts,
                           w.small,
                           w.vision,
                           w.derived,
                           g.kv_cache.full,
                           g.kv_cache.window,
                           g.kv_cache.state,
                           g.activations,
                           g.runtime.context,
                           g.runtime.communication,
                           g.runtime.graphs}) {
    if (!whole(part)) return false;
  }
  return true;
}

Bytes sum_of_terms(const GpuMemory& g) {
  const WeightBytes& w = g.weights;
  return w.embedding + w.head + w.attention + w.mlp + w.experts + w.small + w.vision + w.derived +
         g.kv_cache.full + g.kv_cache.window + g.kv_cache.state + g.activations +
         g.runtime.context + g.runtime.communication + g.runtime.graphs;
}

TEST_CASE("every term of every estimate is whole, finite and not negative, and they add up",
          "[estimate]") {
  for_all([](const Inference& w) {
    const InferenceMemory memory = inference_memory(w, nullptr);
    for (const GpuMemory& g : memory.stages) {
      if (all_whole(g) && sum_of_terms(g) == total(g)) continue;
      FAIL_CHECK(name(w));
    }
    if (!whole(memory.all_gpus) || memory.all_gpus.value <= 0.0) FAIL_CHECK(name(w));
  });
}

TEST_CASE("the worst GPU is the fullest, and all GPUs are the sum over the layout", "[estimate]") {
  for_all([](const Inference& w) {
    const InferenceMemory memory = inference_memory(w, nullptr);
    const double copies = static_cast<double>(workload::gpu_count(w.layout) / w.layout.pp);
    double sum = 0.0;
    for (const GpuMemory& g : memory.stages) {
      if (total(g) > total(memory.worst_gpu())) FAIL_CHECK(name(w));
      sum += total(g).value;
    }
    // With at most three stages each kind stands once.
    if (sum * copies != memory.all_gpus.value) FAIL_CHECK(name(w));
  });
}

TEST_CASE("layers of the stages sum to the model's", "[estimate]") {
  for (const Model& m : test::built_in().all<Model>()) {
    Inference w = plain(m, test::engine("vllm"));
    for (const std::int64_t pp : {1, 2, 3}) {
      if (pp > m.layers) continue;
      w.layout.pp = pp;
      std::int64_t layers = 0, full = 0, sliding = 0, linear = 0, dense = 0, moe = 0;
      int firsts = 0, lasts = 0;
      for (const Stage& s : stages(w)) {
        layers += s.layers;
        full += s.full;
        sliding += s.sliding;
        linear += s.linear;
        dense += s.dense;
        moe += s.moe;
        firsts += s.first ? 1 : 0;
        lasts += s.last ? 1 : 0;
        CHECK(s.full + s.sliding + s.linear == s.layers);
        CHECK(s.dense + s.moe == s.layers);
      }
      INFO(m.id << " pp " << pp);
      CHECK(layers == m.layers);
      CHECK(full == catalog::full_attention_layers(m));
      CHECK(sliding == m.sliding_layers);
      CHECK(linear == m.linear_layers);
      CHECK(moe == m.moe_layers);
      CHECK(dense == m.layers - m.moe_layers);
      CHECK(firsts == 1);
      CHECK(lasts == 1);
    }
  }
}

TEST_CASE("many stages are stood for by the first, one between and the last", "[estimate]") {
  Inference w = plain(test::model("llama-3.1-8b"), test::engine("vllm"));
  w.layout.pp = 5;  // 32 layers: 7, 7, 6, 6, 6
  const auto list = stages(w);
  REQUIRE(list.size() == 3);
  CHECK(list[0].layers == 7);
  CHECK(list[1].layers == 7);
  CHECK(list[2].layers == 6);
  CHECK(list[2].index == 4);
}

Bytes worst(const Inference& w) { return total(inference_memory(w, nullptr).worst_gpu()); }

TEST_CASE("memory grows with batch and with context on every engine", "[estimate]") {
  for (const Engine& e : test::built_in().all<Engine>()) {
    const bool costly = e.activations == "compute_graph";
    for (const Model& m : test::built_in().all<Model>()) {
      if (costly && m.layers > 40) continue;
      Inference w = plain(m, e);
      const Bytes one = worst(w);
      w.batch = 2;
      const Bytes two = worst(w);
      w.batch = 37;
      const Bytes many = worst(w);
      w.input_tokens += 5000;
      const Bytes longer = worst(w);
      if (one <= two && two <= many && many <= longer) continue;
      FAIL_CHECK(name(w) << ": " << one.value << " " << two.value << " " << many.value << " "
                         << longer.value);
    }
  }
}

TEST_CASE("weights and cache shrink with the width of their formats", "[estimate]") {
  for_models("vllm", [](Inference w) {
    double last = std::numeric_limits<double>::infinity();
    for (const char* id : {"fp32", "bf16", "int8", "int4"}) {
      w.precision.dense = w.precision.experts = &test::format(id);
      const double now = total(checkpoint_weights(w)).value;
      INFO(name(w) << " " << id);
      CHECK(now < last);
      last = now;
    }
    last = std::numeric_limits<double>::infinity();
    if (w.model->encoder) return;
    for (const char* id : {"fp32", "bf16", "fp8"}) {
      w.precision.kv = &test::format(id);
      const double now = kv_bytes_per_token(w).value;
      CHECK(now < last);
      last = now;
    }
  });
}

TEST_CASE("a layout of ones is no layout", "[estimate]") {
  for_models("vllm", [](const Inference& w) {
    Inference split = w;
    split.layout = {.tp = 1, .pp = 1, .dp = 1, .ep = 1, .cp = 1, .attention_dp = 1};
    CHECK(worst(w) == worst(split));
    CHECK(inference_memory(w, nullptr).all_gpus == worst(w));
  });
}

TEST_CASE("the weights of all ranks together are never less than the whole", "[estimate]") {
  for_models("vllm", [](const Inference& w) {
    const Bytes alone = total(weights(w, stages(w).front()));
    for (const std::int64_t tp : {2, 4, 8, 16}) {
      Inference split = w;
      split.layout.tp = tp;
      if (!workload::obstacle(split.layout, *w.model, *w.engine).empty()) continue;
      const Bytes each = total(weights(split, stages(split).front()));
      INFO(name(split));
      CHECK(each * static_cast<double>(tp) >= alone);
      CHECK(each < alone);
    }
  });
}

TEST_CASE("spreading experts whole or in slices takes the same memory", "[estimate]") {
  Inference w = plain(test::model("qwen3-235b-a22b"), test::engine("vllm"));
  w.layout = {.tp = 8};
  const Bytes sliced = weights(w, stages(w).front()).experts;
  w.layout = {.tp = 8, .ep = 8};
  CHECK(weights(w, stages(w).front()).experts == sliced);
  w.layout = {.ep = 8, .attention_dp = 8};
  CHECK(weights(w, stages(w).front()).experts == sliced);
  // Attention is whole on each of the eight.
  CHECK(weights(w, stages(w).front()).attention.value == checkpoint_weights(w).attention.value);
}

Bytes cache(const Inference& w, std::int64_t sequences = 1, std::int64_t context = 8192) {
  return total(kv_cache(w, stages(w).front(), sequences, context, 512));
}

TEST_CASE("KV heads are split over ranks, and copied when there are more ranks", "[estimate]") {
  Inference w = plain(test::model("llama-3.1-70b"), test::engine("vllm"));  // 8 KV heads
  const Bytes alone = cache(w);
  for (const std::int64_t tp : {2, 4, 8}) {
    w.layout.tp = tp;
    CHECK(cache(w) == alone / static_cast<double>(tp));
  }
  w.layout.tp = 16;
  CHECK(cache(w) == alone / 8.0);
  w.layout.tp = 64;
  CHECK(cache(w) == alone / 8.0);
}

TEST_CASE("a latent cache is whole on every tensor-parallel rank", "[estimate]") {
  for (const char* id : {"deepseek-v3", "deepseek-v2-lite", "kimi-k2", "deepseek-v3.2"}) {
    Inference w = plain(test::model(id), test::engine("vllm"));
    const Bytes alone = cache(w);
    w.layout.tp = 8;
    INFO(id);
    CHECK(cache(w) == alone);
    CHECK(alone.value > 0.0);
  }
}

TEST_CASE("attention data parallelism deals the sequences of a latent cache out", "[estimate]") {
  Inference w = plain(test::model("deepseek-v3"), test::engine("sglang"));
  w.batch = 64;
  w.layout = {.tp = 8};
  const Bytes copied = total(inference_memory(w, nullptr).worst_gpu().kv_cache);
  w.layout = {.ep = 8, .attention_dp = 8};
  CHECK(total(inference_memory(w, nullptr).worst_gpu().kv_cache) == copied / 8.0);
}

TEST_CASE("context parallelism shares the tokens of a sequence", "[estimate]") {
  Inference w = plain(test::model("llama-3.1-8b"), test::engine("vllm"));
  const Bytes alone = cache(w);
  w.layout.cp = 4;
  CHECK(cache(w) == alone / 4.0);
}

TEST_CASE("a window never takes more cells than the full context", "[estimate]") {
  for (const Model& m : test::built_in().all<Model>()) {
    if (m.sliding_layers == 0) continue;
    for (const char* engine : {"sglang", "trtllm", "llamacpp", "transformers"}) {
      Inference w = plain(m, test::engine(engine));
      Model unbounded = m;
      unbounded.sliding_layers = 0;
      Inference full = w;
      full.model = &unbounded;
      for (const std::int64_t context : {100, 1000, 8192, 100000}) {
        INFO(name(w) << " " << context);
        CHECK(cache(w, 3, context) <= cache(full, 3, context));
      }
      CHECK(kv_bytes_per_token_beyond_window(w) <= kv_bytes_per_token(w));
    }
  }
}

TEST_CASE("linear layers hold a state that no context changes", "[estimate]") {
  int models = 0;
  for (const Model& m : test::built_in().all<Model>()) {
    if (m.linear_layers == 0) continue;
    ++models;
    const Inference w = plain(m, test::engine("vllm"));
    const auto near = kv_cache(w, stages(w).front(), 2, 100, 512);
    const auto far = kv_cache(w, stages(w).front(), 2, 100000, 512);
    const auto alone = kv_cache(w, stages(w).front(), 1, 100, 512);
    INFO(m.id);
    CHECK(near.state == far.state);
    CHECK(near.state == alone.state * 2.0);
    CHECK(near.state.value > 0.0);
    CHECK(near.full < far.full);
  }
  CHECK(models >= 5);
}

TEST_CASE("an encoder has no cache", "[estimate]") {
  const Inference w = plain(test::model("bert-base"), test::engine("transformers"));
  CHECK(cache(w).value == 0.0);
  CHECK(kv_bytes_per_token(w).value == 0.0);
}

TEST_CASE("a table that serves as head is stored again where the ends are apart", "[estimate]") {
  const Model& tied = test::model("qwen3-0.6b");
  Inference w = plain(tied, test::engine("vllm"));
  CHECK(weights(w, stages(w).front()).head.value == 0.0);
  w.layout.pp = 2;
  const auto ends = stages(w);
  CHECK(weights(w, ends.front()).embedding.value == 151936.0 * 1024 * 2);
  CHECK(weights(w, ends.front()).head.value == 0.0);
  CHECK(weights(w, ends.back()).head.value == 151936.0 * 1024 * 2);
  CHECK(weights(w, ends.back()).embedding.value == 0.0);
}

TEST_CASE("a checkpoint is as large as its parameters at 16 bits", "[estimate]") {
  for_models("vllm", [](const Inference& w) {
    INFO(name(w));
    CHECK(total(checkpoint_weights(w)).value ==
          Approx(2.0 * static_cast<double>(total(parameters(*w.model)))).epsilon(1e-9).margin(8));
  });
}

TEST_CASE("layers left off the device are in host memory", "[estimate]") {
  Inference w = plain(test::model("llama-3.1-8b"), test::engine("llamacpp"));
  const Bytes all = total(weights(w, stages(w).front())) + host_weights(w);
  for (const std::int64_t layers : {0, 1, 16, 32, 33, 99}) {
    w.settings.gpu_layers = layers;
    INFO(layers);
    CHECK(total(weights(w, stages(w).front())) + host_weights(w) == all);
  }
  w.settings.gpu_layers = 33;
  CHECK(host_weights(w).value == 128256.0 * 4096 * 2);
}

TEST_CASE("scaled weights grow with the parameters asked for, the cache does not", "[estimate]") {
  Inference w = plain(test::model("llama-2-13b"), test::engine("transformers"));
  const auto one = inference_memory(w, nullptr).worst_gpu();
  w.parameter_scale = 1.1;
  const auto more = inference_memory(w, nullptr).worst_gpu();
  CHECK(total(more.weights).value == Approx(1.1 * total(one.weights).value));
  CHECK(total(more.kv_cache) == total(one.kv_cache));
}

TEST_CASE("what an engine may use is never more than the device has", "[estimate]") {
  for (const Engine& e : test::built_in().all<Engine>()) {
    for (const auto& gpu : test::built_in().all<catalog::Gpu>()) {
      if (e.activations == "compute_graph" && gpu.id != "h100-sxm") continue;
      const Inference w = plain(test::model("qwen3-0.6b"), e);
      const auto memory = inference_memory(w, &gpu);
      const Budget b = budget(w, memory.worst_gpu(), gpu);
      INFO(e.id << " on " << gpu.id);
      CHECK(whole(b.capacity));
      CHECK(std::floor(b.usable.value) == b.usable.value);
      CHECK(b.usable <= b.capacity);
      const KvPool pool = kv_pool(w, memory, gpu);
      CHECK(pool.size.value >= 0.0);
      CHECK(pool.tokens >= 0);
    }
  }
}

TEST_CASE("a pool holds as many tokens as its bytes say", "[estimate]") {
  Inference w = plain(test::model("llama-3.1-8b"), test::engine("vllm"));
  const auto stage = stages(w).front();
  CHECK(pool_tokens(w, stage, bytes(131072.0 * 16 * 100)) == 1600);
  CHECK(pool_tokens(w, stage, bytes(131072.0 * 16 * 100 - 1)) == 1584);
  CHECK(pool_tokens(w, stage, bytes(0)) == 0);
}

}  // namespace
}  // namespace dsplan::estimate
