// The fewest GPUs for which a question has an answer, and the layouts that such a question has.
//
//   [N-SPACE]  tp x attention-dp GPUs share a layer, pp such groups hold the layers, dp copies of
//              that: every product that is the number of GPUs, where heads, experts and layers
//              divide, each tp group stands inside one node unless asked otherwise (nodes filled
//              one after the other), and experts are split over their group or spread whole over
//              all of it
//   [N-MEMORY] ceil(weights / memory of a device) is the least number worth trying
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "dsplan/catalog/gpu.hpp"
#include "dsplan/workload/inference.hpp"

namespace dsplan::solve {

/// What layouts may be taken.
struct LayoutSpace {
  std::int64_t node_gpus = 8;    ///< GPUs that share the fast link
  bool tp_across_nodes = false;  ///< may a tp group reach beyond it?
  std::int64_t most_copies = 1;  ///< dp; more than there are sequences stand idle
  std::int64_t most_replica_gpus = std::numeric_limits<std::int64_t>::max();
  bool attention_copies = false;  ///< attention-dp and ep too, for models with experts
};

/// [N-SPACE] The layouts of `w` on exactly `gpus` GPUs. Fewest copies first, then the largest tp.
[[nodiscard]] std::vector<workload::Layout> layouts_on(std::int64_t gpus,
                                                       const workload::Inference& w,
                                                       const LayoutSpace& space);

[[nodiscard]] workload::Inference with_layout(const workload::Inference& w,
                                              const workload::Layout& layout);

/// The first layout on so many GPUs in which `w` fits.
[[nodiscard]] std::optional<workload::Layout> holding_layout(std::int64_t gpus,
                                                             const workload::Inference& w,
                                                             const catalog::Gpu& gpu,
                                                             const LayoutSpace& space);

/// [N-MEMORY] No fewer devices can hold the weights.
[[nodiscard]] std::int64_t least_gpus(const workload::Inference& w, const catalog::Gpu& gpu);

struct Cards {
  std::int64_t gpus = 1;
  workload::Layout layout;
};

/// The fewest GPUs that hold `w`, at most `most`: N fits and no smaller number does.
[[nodiscard]] std::optional<Cards> fewest_for_memory(const workload::Inference& w,
                                                     const catalog::Gpu& gpu,
                                                     const LayoutSpace& space,
                                                     std::int64_t most);

/// The first n from `first` to `most` for which `answer(n)` holds a value, and that value. Every
/// number before it was tried, so that n - 1 does not hold.
template <typename Answer>
auto fewest(std::int64_t first, std::int64_t most, const Answer& answer)
    -> decltype(answer(first)) {
  for (std::int64_t n = first; n <= most; ++n) {
    if (auto found = answer(n)) return found;
  }
  return {};
}

}  // namespace dsplan::solve
