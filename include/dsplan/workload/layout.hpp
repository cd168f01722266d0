// How a model is spread over GPUs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dsplan/catalog/engine.hpp"
#include "dsplan/catalog/model.hpp"

namespace dsplan::workload {

/// A layer is shared by tp x attention_dp GPUs: attention is split over tp of them and repeated
/// attention_dp times for different sequences; experts are spread whole over ep of the same GPUs
/// and split over the rest. pp such groups hold the layers, cp shares each sequence's tokens, and
/// dp counts whole copies. (vLLM's --data-parallel-size with expert parallelism is attention_dp;
/// SGLang's --tp with --enable-dp-attention is tp x attention_dp.)
struct Layout {
  std::int64_t tp = 1;
  std::int64_t pp = 1;
  std::int64_t dp = 1;
  std::int64_t ep = 1;
  std::int64_t cp = 1;
  std::int64_t attention_dp = 1;

  friend bool operator==(const Layout&, const Layout&) = default;
};

/// GPUs that share one layer.
[[nodiscard]] constexpr std::int64_t group_size(const Layout& l) { return l.tp * l.attention_dp; }
/// GPUs of one copy of the model.
[[nodiscard]] constexpr std::int64_t replica_gpus(const Layout& l) {
  return group_size(l) * l.pp * l.cp;
}
[[nodiscard]] constexpr std::int64_t gpu_count(const Layout& l) { return replica_gpus(l) * l.dp; }

/// "tp 4, pp 2", leaving out what is 1; "one GPU" when all are.
[[nodiscard]] std::string describe(const Layout& layout);

/// Why the engine cannot run the model in this layout, in words, or empty when it can: heads must
/// divide over tp, experts over ep, layers over pp, and the engine must know the kind of split.
[[nodiscard]] std::string obstacle(const Layout& layout,
                                   const catalog::Model& model,
                                   const catalog::Engine& engine);

/// Are the pipeline stages of one depth? Layouts that are chosen are so, for a stage with a layer
/// more holds up the others; engines run uneven ones too where they are asked for. An engine that
/// splits by layers puts any number on a device.
[[nodiscard]] bool even_stages(const Layout& layout,
                               const catalog::Model& model,
                               const catalog::Engine& engine);

/// The layouts of one replica on exactly `gpus` GPUs that the engine can run in even stages, most
/// fast-link-local first: the largest tp within `node_gpus`, pipeline stages for the rest. Empty
/// when there is none.
[[nodiscard]] std::vector<Layout> replica_layouts(std::int64_t gpus,
                                                  std::int64_t node_gpus,
                                                  const catalog::Model& model,
                                                  const catalog::Engine& engine);

}  // namespace dsplan::workload
