#include "layout_space.hpp"

#include <limits>

namespace dsplan::plan {

solve::LayoutSpace layout_space(const Deployment& d) {
  solve::LayoutSpace space{.node_gpus = d.node_gpus, .most_copies = d.workload.batch};
  space.attention_copies = true;
  if (d.slice != nullptr) {
    space.most_replica_gpus = 1;
    space.most_copies = std::numeric_limits<std::int64_t>::max();
  }
  return space;
}

}  // namespace dsplan::plan
