// The stages that stand for all: the fullest of those between is among them.
#include "dsplan/estimate/stage.hpp"

#include <algorithm>

#include "../support/built_in.hpp"

namespace dsplan::estimate {
namespace {

TEST_CASE("the stage between the ends is the fullest of them", "[stage]") {
  workload::Inference w = test::inference("deepseek-v3");
  w.layout.pp = 61;  // the first three layers have no experts
  REQUIRE(stages(w).size() == 3);
  CHECK(stages(w)[1].moe == 1);
  // 62 items over 25 devices: the second has 2 layers, the third 3.
  w = test::inference("deepseek-v3", "transformers");
  w.layout.pp = 25;
  CHECK(stages(w)[1].layers == 3);
}

TEST_CASE("the stages told are never fewer layers than the mean", "[stage]") {
  for (const char* engine : {"vllm", "transformers"}) {
    for (const char* model : {"llama-3.1-70b", "deepseek-v3", "gemma-3-27b", "gpt-oss-120b"}) {
      workload::Inference w = test::inference(model, engine);
      for (w.layout.pp = 1; w.layout.pp <= w.model->layers; ++w.layout.pp) {
        std::int64_t most = 0;
        for (const Stage& s : stages(w)) most = std::max(most, s.layers);
        INFO(model << " " << engine << " pp " << w.layout.pp);
        CHECK(most * w.layout.pp >= w.model->layers);
      }
    }
  }
}

}  // namespace
}  // namespace dsplan::estimate
