// The answer to "what should it run on?": ranked deployments that hold the limits, with what each
// does, costs and rests on, and the nearest that do not, with the one change that would admit them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dsplan/base/note.hpp"
#include "dsplan/plan/cost_answer.hpp"
#include "dsplan/plan/memory_answer.hpp"
#include "dsplan/plan/search.hpp"
#include "dsplan/plan/software_need.hpp"

namespace dsplan::plan {

/// One of the pools of a disaggregated deployment.
struct RecommendedPool {
  std::int64_t gpus = 1;
  std::int64_t copies = 1;
  std::int64_t tp = 1;
  std::int64_t pp = 1;
  std::int64_t ep = 1;
  std::int64_t cp = 1;
  std::int64_t attention_dp = 1;
  std::int64_t batch = 1;  ///< requests at a time, over all copies
  std::int64_t max_batched_tokens = 0;
  std::string flags;  ///< of `latency`, for one pool alone
};
struct RecommendedPools {
  RecommendedPool prefill;
  RecommendedPool decode;
};

/// As `latency` says of the deployment's flags.
struct RecommendedPerformance {
  Predicted ttft_s;
  std::optional<Predicted> tpot_s;
  Predicted e2e_s;
  std::optional<Predicted> ttft_p99_s;
  std::optional<Predicted> tpot_p99_s;
  std::optional<Predicted> output_tokens_per_s;
  std::optional<Predicted> output_tokens_per_s_per_gpu;
  Predicted requests_per_s;
};

/// As `cost` says.
struct RecommendedCost {
  std::optional<double> usd_per_hour;
  std::optional<double> usd_per_month;
  std::optional<Predicted> million_output;
  std::optional<Predicted> query;
  std::optional<double> capex_usd;
  std::optional<std::string> rented_from;
  std::optional<std::int64_t> instances;
  std::optional<std::string> rent_region;
  std::optional<std::string> price_date;  ///< of the price list; absent: not published
};

struct Recommended {
  std::int64_t rank = 1;
  std::string model;
  std::string engine;
  std::string gpu;
  std::optional<std::string> mig;  ///< slice of the device
  std::int64_t gpus = 1;           ///< or slices
  std::int64_t nodes = 1;
  std::int64_t replicas = 1;
  workload::Layout layout;
  std::optional<RecommendedPools> pools;
  std::string precision;
  std::string kv_precision;
  std::int64_t batch = 1;
  std::int64_t context_tokens = 1;
  std::int64_t max_seqs = 1;
  std::int64_t max_batched_tokens = 1;
  PerGpuMemory memory;
  RecommendedPerformance performance;
  RecommendedCost cost;
  std::optional<double> power_w;
  SoftwareNeed software;
  std::string binding_constraint;
  bool tied_with_first = false;  ///< within the error band of rank 1
  std::vector<std::string> reasons;
  std::string flags;  ///< of every other command, for this deployment
  std::vector<Warning> price_warnings;
};

/// A near miss.
struct RejectedDeployment {
  std::string gpu;
  std::optional<std::string> mig;  ///< slice of the device
  std::int64_t gpus = 1;
  std::string engine;
  std::string layout;
  std::string precision;
  std::string kv_precision;
  std::string binding_constraint;
  double needed = 0.0;  ///< bytes of a GPU, seconds, tokens a second, dollars, watts or GPUs
  double limit = 0.0;
  std::string change;  ///< flags after which it is admitted
  std::string reason;
  std::optional<std::string> gain;  ///< what it is then ranked by, where that beats rank 1
};

/// A limit that held, and where it comes from.
struct HeldLimit {
  std::string name;
  std::string value;
  std::string origin;  ///< flag, scenario or default
};

/// [G-TREE] What the guides' decision tree says, and how that stands to the detailed answer.
struct RuleAdvice {
  std::vector<std::string> path;  ///< its questions with their answers
  std::string gpu;
  std::int64_t gpus = 1;
  bool holds = false;      ///< by the detailed search, on these devices
  std::string difference;  ///< in words
};

/// A device of a listing by devices.
struct ListedDevice {
  std::string gpu;
  std::optional<std::string> mig;
  std::string kind;  ///< maker and architecture
  double memory_gb = 0.0;
  std::optional<double> usd_per_hour;  ///< of one device, rented at the cheapest offer
  std::int64_t models = 0;             ///< that are listed
  bool more = false;                   ///< smaller ones run too
};

struct RecommendAnswer {
  std::optional<std::string> scenario;
  std::string objective;
  std::vector<HeldLimit> limits;
  std::vector<Recommended> deployments;
  std::vector<RejectedDeployment> rejected;
  std::int64_t evaluated = 0;
  std::int64_t valid = 0;
  bool frontier = false;
  bool by_device = false;             ///< no model was asked for: those of each device
  std::vector<ListedDevice> devices;  ///< of a listing by device, in the order of `deployments`
  std::optional<RuleAdvice> rule;     ///< with --method rule
  std::optional<std::string> relax;   ///< without an answer: the limit to relax, and by how much
  std::optional<Deployment> best;     ///< of rank 1, for explaining it
  std::vector<Warning> warnings;
};

struct RecommendRequest {
  SearchRequest search;
  std::string model_flags;  ///< "--model qwen3-32b"
  CostRequest cost;
  std::int64_t most_shown = 5;
  bool top_said = false;  ///< `most_shown` was asked for
  bool near_misses = true;
};

/// Searches, recomputes what is best as `latency`, `memory` and `cost` would, drops what then
/// breaks a limit, and ranks what is left. Throws usage errors: unknown names.
[[nodiscard]] RecommendAnswer recommend(const catalog::Catalog& catalog,
                                        const RecommendRequest& request,
                                        const Progress& progress = {});

/// What one GPU of the fullest stage of a deployment holds.
[[nodiscard]] PerGpuMemory gpu_memory(const Deployment& deployment);

}  // namespace dsplan::plan
