// The fewest GPUs: N holds, N - 1 does not, and nothing of the space is missed.
#include "dsplan/solve/cards.hpp"

#include <algorithm>
#include <string>

#include "dsplan/solve/memory_limits.hpp"

#include "../support/built_in.hpp"

namespace dsplan::solve {
namespace {

using workload::Inference;
using workload::Layout;

constexpr std::int64_t kMost = 96;

bool holds_on(std::int64_t gpus, const Inference& w, const catalog::Gpu& gpu) {
  return holding_layout(gpus, w, gpu, {}).has_value();
}

TEST_CASE("the fewest GPUs hold it and one fewer do not, over the catalog", "[solve]") {
  int several = 0;
  for (const catalog::Model& model : test::built_in().all<catalog::Model>()) {
    for (const char* id : {"rtx-4090", "l40s", "a100-sxm-40", "h100-sxm", "mi300x"}) {
      Inference w = test::inference(model.id);
      w.batch = 8;
      const auto& gpu = test::gpu(id);
      const auto found = fewest_for_memory(w, gpu, {}, kMost);
      INFO(model.id << " on " << id);
      if (!found) {
        CHECK_FALSE(holds_on(kMost, w, gpu));
        continue;
      }
      CHECK(holds(with_layout(w, found->layout), gpu));
      CHECK(workload::gpu_count(found->layout) == found->gpus);
      CHECK(workload::obstacle(found->layout, model, *w.engine).empty());
      if (found->gpus == 1) continue;
      CHECK_FALSE(holds_on(found->gpus - 1, w, gpu));
      ++several;
    }
  }
  CHECK(several >= 100);
}

TEST_CASE("no number below the bound of the weights holds", "[solve]") {
  for (const char* model : {"llama-3.1-70b", "deepseek-v3", "mixtral-8x7b", "gemma-2-9b"}) {
    for (const char* engine : {"vllm", "sglang", "transformers"}) {
      const Inference w = test::inference(model, engine);
      const auto& gpu = test::gpu("l40s");
      for (std::int64_t n = 1; n < least_gpus(w, gpu); ++n) {
        INFO(model << " " << engine << " " << n);
        CHECK_FALSE(holds_on(n, w, gpu));
      }
    }
  }
}

/// Every layout that could be written down, kept by the words of [N-SPACE].
std::vector<Layout> by_brute_force(std::int64_t gpus, const Inference& w, const LayoutSpace& s) {
  std::vector<Layout> kept;
  Layout l;
  for (l.tp = 1; l.tp <= gpus; ++l.tp) {
    for (l.pp = 1; l.pp <= gpus; ++l.pp) {
      for (l.dp = 1; l.dp <= std::min(gpus, s.most_copies); ++l.dp) {
        for (l.attention_dp = 1; l.attention_dp <= gpus; ++l.attention_dp) {
          for (const std::int64_t ep : {std::int64_t{1}, group_size(l)}) {
            l.ep = ep;
            const bool moe = s.attention_copies && catalog::is_moe(*w.model);
            const bool plain = l.attention_dp == 1 && ep == 1;
            const bool inside =
                l.tp <= s.node_gpus && (gpus <= s.node_gpus || s.node_gpus % l.tp == 0);
            if (workload::gpu_count(l) != gpus || (!plain && !moe)) continue;
            if (l.attention_dp > 1 && ep == 1) continue;
            if (!inside && !s.tp_across_nodes) continue;
            if (w.model->layers % l.pp != 0) continue;
            if (!workload::obstacle(l, *w.model, *w.engine).empty()) continue;
            if (std::find(kept.begin(), kept.end(), l) == kept.end()) kept.push_back(l);
          }
        }
      }
    }
  }
  return kept;
}

TEST_CASE("the layouts are those of brute force, each once", "[solve]") {
  for (const char* model : {"llama-3.1-8b", "deepseek-v2-lite", "qwen3-30b-a3b"}) {
    for (const bool across : {false, true}) {
      const LayoutSpace space{
          .node_gpus = 4, .tp_across_nodes = across, .most_copies = 3, .attention_copies = true};
      const Inference w = test::inference(model);
      for (std::int64_t n = 1; n <= 16; ++n) {
        const auto layouts = layouts_on(n, w, space);
        const auto brute = by_brute_force(n, w, space);
        INFO(model << " on " << n);
        CHECK(layouts.size() == brute.size());
        CHECK(std::is_permutation(layouts.begin(), layouts.end(), brute.begin(), brute.end()));
      }
    }
  }
}

TEST_CASE("a tensor parallel group stays inside its node unless asked", "[solve]") {
  const Inference w = test::inference("llama-3.1-70b");
  for (const std::int64_t node : {1, 2, 4, 8, 72}) {
    for (const std::int64_t n : {1, 2, 4, 8, 16, 64}) {
      for (const Layout& l : layouts_on(n, w, {.node_gpus = node})) CHECK(l.tp <= node);
    }
  }
  const auto wide = layouts_on(16, w, {.node_gpus = 8, .tp_across_nodes = true});
  CHECK(wide.front().tp == 16);
}

TEST_CASE("fewest tries every number in order", "[solve]") {
  std::vector<std::int64_t> tried;
  const auto found = fewest(2, 9, [&](std::int64_t n) -> std::optional<std::int64_t> {
    tried.push_back(n);
    return n % 5 == 0 ? std::optional(n) : std::nullopt;
  });
  CHECK(found == 5);
  CHECK(tried == std::vector<std::int64_t>{2, 3, 4, 5});
  CHECK_FALSE(fewest(1, 3, [](std::int64_t) { return std::optional<int>(); }).has_value());
}

}  // namespace
}  // namespace dsplan::solve
