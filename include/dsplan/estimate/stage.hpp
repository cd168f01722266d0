// A pipeline stage: the layers and ends of a model that one group of GPUs holds.
#pragma once

#include <cstdint>
#include <vector>

#include "dsplan/catalog/model.hpp"
#include "dsplan/workload/inference.hpp"

namespace dsplan::estimate {

/// Layers by what their attention and their MLP are; each layer counts once in both groups.
struct Stage {
  std::int64_t index = 0;
  std::int64_t layers = 0;
  std::int64_t full = 0;     ///< attention over the whole context
  std::int64_t sliding = 0;  ///< attention within the window
  std::int64_t linear = 0;   ///< a fixed state
  std::int64_t dense = 0;    ///< dense MLP
  std::int64_t moe = 0;      ///< routed experts
  bool first = false;        ///< holds the input embedding
  bool last = false;         ///< holds the head
};

/// The stages of one replica that can be the fullest: the first, the last and, when there are
/// others, the fullest between. Layers spread evenly, the remainder over the earlier stages; full-attention
/// layers stand evenly among sliding or linear ones; dense MLP layers come before MoE layers, or
/// alternate with them when they are as many. An engine that splits by layers counts the head as
/// one more. With `gpu_layers`, the stage holds the head and the last layers, so many together.
[[nodiscard]] std::vector<Stage> stages(const workload::Inference& w);

/// The same for `pp` stages of layers spread evenly, whatever runs them.
[[nodiscard]] std::vector<Stage> even_stages(const catalog::Model& model, std::int64_t pp);

}  // namespace dsplan::estimate
