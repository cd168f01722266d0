// How fast a training or fine-tuning run is: the answer of `latency` for training.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/estimate/training_time.hpp"
#include "dsplan/plan/prediction.hpp"
#include "dsplan/plan/training_deployment.hpp"

namespace dsplan::plan {

struct TrainingTerm {
  std::string term;  ///< "matrices", "gradients" ...
  Seconds time;      ///< of one step
  double share = 0.0;
  std::string formula;  ///< id
  std::string reckoning;
};

/// `low` and `high` are the ends of the 80 % band [TT-BAND]; a time's low is its fast end.
struct TrainingSpeedAnswer {
  Predicted step_s;
  Predicted tokens_per_s;  ///< of all GPUs
  Predicted tokens_per_s_per_gpu;
  std::optional<Predicted> time_to_train_s;  ///< where the tokens to train on are known
  Predicted model_flops_per_gpu_per_s;       ///< causal
  Flops flops_per_token_causal;              ///< model FLOPs, attention as a causal mask leaves it
  Flops flops_per_token_full;                ///< with every pair of tokens
  std::string peak_format;                   ///< whose dense rate the utilisations are of
  double peak_flops_per_s = 0.0;
  Predicted mfu;       ///< [TT-MFU] model FLOPs, causal
  Predicted mfu_full;  ///< the same, every pair of tokens
  Predicted hfu;       ///< with what recomputation computes again
  double bubble_fraction = 0.0;
  bool fits = true;                     ///< in memory
  std::string bound;                    ///< compute, memory, communication, pipeline or host
  std::vector<TrainingTerm> breakdown;  ///< adds up to the step
  std::vector<std::string> notes;       ///< what the estimate borrows
};

struct TrainingSpeedOptions {
  const catalog::Link* link = nullptr;     ///< in place of the device's fast link
  const catalog::Link* network = nullptr;  ///< between nodes; null: a port that the bus can feed
  double power_share = 1.0;                ///< power limit over the data sheet's
  std::optional<double> tokens_to_train;
};

/// What the run stands on. Throws a usage error without a GPU, or for one without a rate.
[[nodiscard]] estimate::TrainingHardware training_hardware(const catalog::Catalog& catalog,
                                                           const TrainingDeployment& deployment,
                                                           const TrainingSpeedOptions& options);

/// Throws as `training_hardware` does.
[[nodiscard]] TrainingSpeedAnswer training_speed_answer(const catalog::Catalog& catalog,
                                                        const TrainingDeployment& deployment,
                                                        const TrainingSpeedOptions& options);

/// [TT-BAND] Measured over predicted speed in four of five runs of the kind.
struct SpeedBand {
  double low = 1.0;
  double high = 1.0;
};
[[nodiscard]] SpeedBand speed_band(const workload::Training& training,
                                   const catalog::TrainingRate& rates);

}  // namespace dsplan::plan
