// What machines send one another in a step, when a plan spans several.
//
//   [H-EXCHANGE] of one machine, with k machines of a group, h wide, T tokens of a step, 2 bytes a
//   value:
//                tensor parallelism across machines   4 (k - 1) / k T h for each layer of a stage
//                experts across machines              4 (k - 1) / k (T / k) e h for each MoE layer
//                pipeline stages                      2 T h to the next
//                training adds the backward pass (as much again), and the gradients: (k - 1) / k of
//                the parameters that a machine holds, gathered in 2 bytes and reduced in the
//                framework's; with sharded weights in every micro-batch
#pragma once

#include <cstdint>

#include "dsplan/base/units.hpp"
#include "dsplan/workload/inference.hpp"
#include "dsplan/workload/training.hpp"

namespace dsplan::estimate {

struct SentBytes {
  Bytes exposed;  ///< the step waits for them
  Bytes hidden;   ///< gradients and gathered weights, behind the step's work
};

/// Of a step of `tokens` on one copy of the model. Zero where a copy fits in one machine.
[[nodiscard]] SentBytes serving_exchange(const workload::Inference& w,
                                         std::int64_t machine_gpus,
                                         double tokens);

/// Of a whole training step. Zero on one machine.
[[nodiscard]] SentBytes training_exchange(const workload::Training& t, std::int64_t machine_gpus);

}  // namespace dsplan::estimate
