// The search for training plans: which layout, batch and recipe train fastest on given GPUs.
//
//   [TS-SPACE]  tp x pp x cp x dp = GPUs, ep, interleaving, micro-batch, recomputation, sequence
//               parallelism, ZeRO stage, offload and, where the framework has the switch,
//               asynchronous tensor parallelism; the global batch is given. A point is a
//               combination without an obstacle that no other equals.
//   [TS-BOUND]  memory grows with the micro-batch: beyond the first that does not fit none does
//   [TS-TIE]    steps within 5 % of the fastest layout's are a tie
//
// A plan fits as `memory` says, in the worst of ten runs. Time and memory are those of `latency`
// and `memory`, from the same functions; what is listed is recomputed by them. The best of many
// predictions tends to be one that errs to the good side: the spread of the layouts and their ties
// stand beside the list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dsplan/plan/cost_answer.hpp"
#include "dsplan/plan/memory_answer.hpp"
#include "dsplan/plan/prediction.hpp"
#include "dsplan/plan/training_deployment.hpp"
#include "dsplan/plan/training_speed.hpp"

namespace dsplan::plan {

/// [TS-TIE] Layouts of one model and device whose measured speeds differ by less come out in either
/// order.
inline constexpr double kTieShare = 0.05;

/// What of the run `base` says stands still; layout and recipe that it leaves open are searched.
struct TrainingSearchRequest {
  TrainingRequest base;
  std::int64_t gpus = 1;
  bool tensor_across_nodes = false;  ///< tp may leave the node
  TrainingSpeedOptions speed;
  CostRequest cost;
  std::string model_flags;                    ///< "--model llama-3.1-70b", for the flags of a plan
  std::string place_flags;                    ///< "--link nvlink4", where said
  std::size_t most = 10;                      ///< plans listed, one a layout
  bool near_misses = true;                    ///< else none is told
  std::int64_t jobs = 1;                      ///< threads; the answer does not depend on them
  bool exhaustive = false;                    ///< computes every point, for comparison
  std::function<void(double)> progress = {};  ///< told the share done, by one thread
};

/// A point of the space that was kept.
struct TrainingPoint {
  workload::Training training;
  double step_s = 0.0;
  double short_bytes = 0.0;  ///< on the fullest GPU; at most 0: it fits
};

/// What the points of the space come to.
struct TrainingScreen {
  std::vector<TrainingPoint> plans;   ///< the fastest of each layout that fits, fastest first
  std::vector<TrainingPoint> misses;  ///< of each layout that which is nearest to fit and faster
  std::int64_t evaluated = 0;         ///< points computed, or excluded by a bound
  std::int64_t valid = 0;             ///< of them, those that fit
};

struct TrainingPlanMemory {
  Bytes weights;
  Bytes gradients;
  Bytes optimizer;
  Bytes activations;  ///< logits and what a layer needs for a while too
  Bytes allocated;    ///< the four, and the libraries' workspaces
  Bytes total;        ///< what the device holds: reserved, context, paged states
  Bytes usable;
  Bytes headroom;
  Bytes host;  ///< kept in host memory, per GPU
};

struct TrainingPlanPerformance {
  Predicted step_s;
  Predicted tokens_per_s;
  Predicted tokens_per_s_per_gpu;
  Predicted mfu;
  Predicted hfu;
  std::optional<Predicted> time_to_train_s;
  double bubble_fraction = 0.0;
  std::string bound;
};

/// As `cost` says; absent: nobody in the catalog rents the GPUs out, or no price is known.
struct TrainingPlanCost {
  std::optional<double> usd_per_hour;
  std::optional<double> usd_per_month;
  std::optional<Predicted> million_tokens;  ///< trained on
  std::optional<double> usd_to_train;       ///< where the tokens to train on are known
  std::optional<double> capex_usd;
};

struct TrainingPlan {
  std::int64_t rank = 1;
  std::string model;
  std::string workload;  ///< training, lora, qlora
  std::string framework;
  std::string precision;  ///< of the products; of QLoRA's base
  std::string gpu;
  std::int64_t gpus = 1;
  std::int64_t nodes = 1;
  workload::Layout layout;
  std::int64_t vpp = 1;
  std::int64_t micro_batch = 1;
  std::int64_t global_batch = 1;
  std::int64_t seq_len = 1;
  std::string recompute;
  bool sequence_parallel = false;
  std::int64_t zero = 0;
  std::vector<std::string> offload;
  bool async_tensor_parallel = false;
  TrainingPlanMemory memory;
  TrainingPlanPerformance performance;
  TrainingPlanCost cost;
  std::optional<double> power_w;  ///< of all machines at the wall
  bool tie = false;               ///< with the best, within kTieShare
  std::string flags;              ///< what every other command takes for this plan
  std::vector<std::string> reasons;
};

/// A plan that would be faster, or comes nearest, but for memory or a limit.
struct TrainingNearMiss {
  std::string workload;
  std::string gpu;
  std::int64_t gpus = 1;
  std::string layout;
  std::string flags;
  double step_s = 0.0;  ///< if it fitted
  std::string binding_constraint = "memory";
  double needed = 0.0;  ///< bytes of a GPU, dollars, watts or tokens a second
  double limit = 0.0;
  Bytes missing;       ///< on the fullest GPU
  std::string change;  ///< the nearest that admits it; empty: none was found
  std::string change_flags;
};

/// How far apart the best of the layouts are.
struct TrainingSpread {
  std::int64_t layouts = 0;  ///< that have a plan
  std::int64_t ties = 0;     ///< of them, within kTieShare of the best
  double best_step_s = 0.0;
  double median_step_s = 0.0;
  double worst_step_s = 0.0;
};

struct TrainingSearchAnswer {
  std::vector<TrainingPlan> deployments;
  std::vector<TrainingNearMiss> rejected;
  std::int64_t evaluated = 0;
  std::int64_t valid = 0;
  TrainingSpread spread;
  std::string binding;             ///< what keeps the best plan from being faster
  std::vector<std::string> notes;  ///< how the predictions of a search are to be read
};

/// The run that the search starts from: on one GPU, with the global batch of the question. Throws
/// usage errors as `resolve_training` does.
[[nodiscard]] TrainingDeployment training_search_base(const catalog::Catalog& catalog,
                                                      const TrainingSearchRequest& request);

/// [TS-SPACE] Every point; `base` is what `training_search_base` says of the same request. Throws
/// as `training_hardware` does.
[[nodiscard]] TrainingScreen training_screen(const catalog::Catalog& catalog,
                                             const TrainingDeployment& base,
                                             const TrainingSearchRequest& request);

/// The answer of `recommend` for training. Without a plan that fits, `deployments` is empty and
/// `rejected` says what comes nearest. Throws as the two above do.
[[nodiscard]] TrainingSearchAnswer training_search(const catalog::Catalog& catalog,
                                                   const TrainingSearchRequest& request);

}  // namespace dsplan::plan
