// The parts that the time of a training step is put together from.
#pragma once

#include "dsplan/estimate/training_shape.hpp"
#include "dsplan/estimate/training_time.hpp"

namespace dsplan::estimate {

/// One micro-batch on a stage that holds an equal share of the layers: seconds, forward and back.
struct LayerOperations {
  double linear = 0.0;
  double experts = 0.0;
  double attention = 0.0;
  double elementwise = 0.0;
  double dequantisation = 0.0;
};
[[nodiscard]] LayerOperations layer_operations(const workload::Training& t,
                                               const TrainingShape& s,
                                               const TrainingHardware& hw);

/// Head and loss of one micro-batch, on the stage that has them.
[[nodiscard]] double head_time(const workload::Training& t,
                               const TrainingShape& s,
                               const TrainingHardware& hw);

/// Traffic of one micro-batch on a stage that shows: seconds.
struct LayerTraffic {
  double tensor = 0.0;
  double experts = 0.0;
  double context = 0.0;
  double pipeline = 0.0;
};
[[nodiscard]] LayerTraffic layer_traffic(const workload::Training& t,
                                         const TrainingShape& s,
                                         const TrainingHardware& hw);

/// Gathering sharded weights and reducing their gradients for one micro-batch, all of it.
[[nodiscard]] double shard_traffic(const workload::Training& t,
                                   const TrainingShape& s,
                                   const TrainingHardware& hw);

/// Where weights are not sharded, all of it: seconds.
struct GradientTraffic {
  double reduce = 0.0;  ///< gradients: once a step, where they are sharded for every micro-batch
  double gather = 0.0;  ///< weights after the update, or the rest of a reduction to all
};
[[nodiscard]] GradientTraffic gradient_traffic(const workload::Training& t,
                                               const TrainingShape& s,
                                               const TrainingHardware& hw);

/// The optimizer's pass over what a GPU holds of its states.
[[nodiscard]] double optimizer_time(const workload::Training& t,
                                    const TrainingShape& s,
                                    const TrainingHardware& hw);

/// Moving gradients and weights to the host and back, and updating there.
[[nodiscard]] double offload_time(const workload::Training& t,
                                  const TrainingShape& s,
                                  const TrainingHardware& hw);

}  // namespace dsplan::estimate
