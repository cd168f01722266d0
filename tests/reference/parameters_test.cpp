// Parameter counts against published ones.
#include "dsplan/estimate/parameters.hpp"

#include <cmath>
#include <string_view>

#include "../support/built_in.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Model;

struct Count {
  std::string_view id;
  std::int64_t parameters;
};

std::int64_t computed(std::string_view id) { return total(parameters(test::model(id))); }

TEST_CASE("every model agrees with its published exact total within 0.1 %", "[reference]") {
  int with_exact = 0;
  for (const Model& m : test::built_in().all<Model>()) {
    if (m.exact_parameters == 0) continue;
    ++with_exact;
    const std::int64_t count = total(parameters(m));
    INFO(m.id << ": computed " << count << ", published " << m.exact_parameters);
    CHECK(static_cast<double>(count) ==
          Approx(static_cast<double>(m.exact_parameters)).epsilon(0.001));
  }
  CHECK(with_exact >= 125);
}

// Totals computed from the published configs that agree with the checkpoints on Hugging Face. Of
// Kimi-K2 the published total is 3,416 higher than any sum of its shapes (exact_parameters).
constexpr Count kTotals[] = {
    {"llama-2-7b", 6738415616},
    {"llama-2-13b", 13015864320},
    {"llama-3.1-8b", 8030261248},
    {"llama-3.1-70b", 70553706496},
    {"llama-3.1-405b", 405853388800},
    {"qwen3-0.6b", 596049920},
    {"qwen3-8b", 8190735360},
    {"qwen3-32b", 32762123264},
    {"qwen3-30b-a3b", 30532122624},
    {"qwen3-235b-a22b", 235093634560},
    {"mixtral-8x7b", 46702792704},
    {"mixtral-8x22b", 140620634112},
    {"deepseek-v3", 671026419200},
    {"kimi-k2", 1026408232448},
    {"gpt-oss-20b", 20914757184},
    {"gpt-oss-120b", 116829156672},
    {"gpt2", 124439808},
    {"gemma-2-27b", 27227128320},
};

TEST_CASE("reference totals are met to the last parameter", "[reference]") {
  for (const Count& row : kTotals) {
    INFO(row.id);
    CHECK(computed(row.id) == row.parameters);
  }
}

// Active parameters of one token, embedding and head counted whole. Source: the collection of
// architecture facts that the catalog is made from, its column `computed_active`, an independent
// computation from the same configs. The makers say: V3 37 B, Qwen3 22 B and 3 B, gpt-oss 5.1 B
// without the embedding (5.13 B = 5,711,982,912 - 201,088 x 2,880), Mixtral 12.9 B. Left out:
// Llama-4 Scout, whose figure there includes the vision tower.
constexpr Count kActive[] = {
    {"llama-2-13b", 13015864320},     {"mixtral-8x7b", 12879925248},
    {"mixtral-8x22b", 39152031744},   {"qwen1.5-moe-a2.7b", 2689173504},
    {"qwen2-57b-a14b", 14249270784},  {"qwen3-30b-a3b", 3353032704},
    {"qwen3-235b-a22b", 22190763520}, {"qwen3-next-80b-a3b", 3874929408},
    {"deepseek-moe-16b", 2828650496}, {"deepseek-v2", 21375800320},
    {"deepseek-v3", 37552297472},     {"deepseek-v3.2", 38403822336},
    {"gpt-oss-20b", 4187440704},      {"gpt-oss-120b", 5711982912},
    {"glm-4.5", 33632266144},         {"kimi-k2", 32861500928},
    {"minimax-m2.5", 11030553088},    {"minimax-text-01", 48403306496},
    {"ling-mini-2.0", 1432973056},
};

TEST_CASE("active parameters count the chosen experts only", "[reference]") {
  for (const Count& row : kActive) {
    INFO(row.id);
    CHECK(active(parameters(test::model(row.id))) == row.parameters);
  }
}

// MTP layers, whose count is not part of the total; MiniMax-M2.5 names three in its config but its
// checkpoint holds none. DeepSeek-V3, by hand: one MoE layer
// (attention 187,107,328 + 256 routed experts and one shared of 3 x 7,168 x 2,048 + router
// 7,168 x 256 + 256 + norms 2 x 7,168) + projection 2 x 7,168^2 + three norms of 7,168.
constexpr Count kMtp[] = {
    {"qwen3.5-27b", 424699392},
    {"qwen3.5-35b-a3b", 844640768},
    {"qwen3.5-122b-a10b", 2523679232},
    {"qwen3.5-397b-a17b", 6595568128},
    {"deepseek-v3", 11610068224},
    {"deepseek-r1", 11610068224},
    {"deepseek-v3.1", 11610068224},
    {"deepseek-v3.2", 11624027648},
    {"glm-4.5", 3988069792},
    {"glm-4.6", 3988069792},
    {"glm-4.7", 3988069792},
    {"glm-4.5-air", 2375059584},
    {"glm-4.7-flash", 643706176},
    {"glm-5", 9952920576},
    {"glm-5.1", 9952920576},
    {"glm-5.2", 9952920576},
    {"mimo-7b", 210790400},
};

TEST_CASE("MTP layers are counted apart", "[reference]") {
  for (const Count& row : kMtp) {
    INFO(row.id);
    CHECK(static_cast<double>(mtp(parameters(test::model(row.id)))) ==
          Approx(static_cast<double>(row.parameters)).epsilon(0.001));
  }
  constexpr std::int64_t kExpert = 3LL * 7168 * 2048;
  constexpr std::int64_t kLayer = 187107328 + 257 * kExpert + 7168LL * 256 + 256 + 2LL * 7168;
  STATIC_REQUIRE(kLayer + 2LL * 7168 * 7168 + 3LL * 7168 == 11610068224);
  CHECK(mtp(parameters(test::model("deepseek-v3"))) == 11610068224);
}

TEST_CASE("a dense model uses all its parameters for every token", "[reference]") {
  for (const Model& m : test::built_in().all<Model>()) {
    const Parameters p = parameters(m);
    INFO(m.id);
    CHECK(active(p) <= total(p));
    if (!catalog::is_moe(m)) CHECK(active(p) == total(p) - p.vision);
    if (catalog::is_moe(m)) CHECK(active(p) < total(p));
  }
}

TEST_CASE("layers of all kinds add up", "[reference]") {
  for (const Model& m : test::built_in().all<Model>()) {
    const LayerCounts n = layer_counts(m);
    INFO(m.id);
    CHECK(n.softmax + n.linear == m.layers);
    CHECK(n.dense + n.moe == m.layers);
    CHECK(n.moe == m.moe_layers);
  }
}

}  // namespace
}  // namespace dsplan::estimate
