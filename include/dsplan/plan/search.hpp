// The search for deployments: every layout, format, engine, batch and chunk that a question leaves
// open, screened by closed forms.
//
//   [P-COPY]  one attention replica with n requests at a time: a token takes a decode step and its
//             share of the prompts beside it; the first token a prompt and what of the others'
//             prompts is in the way
//   [P-BOUND] memory, times and rate grow with the requests of a copy, and memory with the tokens
//   of
//             a step, so that limits hold on a range of loads: its ends are found by halving, and
//             the rest counts as evaluated without being computed
//   [P-POOLS] prompts and decoding on GPUs of their own: as many copies of each as match their
//             rates, prompts at most at 80 % of theirs; the cache of a prompt crosses the link
//             between them
//
// The screen ranks; what is printed is recomputed by the same functions as `latency`
// (recommend.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dsplan/plan/deployment.hpp"
#include "dsplan/plan/rent_offers.hpp"
#include "dsplan/plan/time_limit.hpp"

namespace dsplan::plan {

enum class Objective { cost, latency, throughput, energy };
[[nodiscard]] std::string_view name_of(Objective objective);
[[nodiscard]] std::optional<Objective> objective_of(std::string_view word);

/// [P-BOUND] The screen lets a time exceed its limit by as much as its closed forms have been seen
/// to exceed the simulated means, and recomputing decides.
inline constexpr double kScreenError = 1.25;

/// What must hold; an absent limit does not.
struct SearchLimits {
  std::optional<TimeLimit> ttft;
  std::optional<TimeLimit> tpot;
  std::optional<TimeLimit> latency;
  std::optional<double> output_tokens_per_s;  ///< at least, of the whole deployment
  std::optional<double> usd_per_month;
  std::optional<double> capex_usd;
  std::optional<double> power_w;  ///< at the wall
};

/// A device, or a slice of one.
struct SearchDevice {
  const catalog::Gpu* gpu = nullptr;
  std::string slice;  ///< "3g"; empty: the whole device
};

/// `base` holds the model, the lengths and whatever of the deployment is fixed already.
struct SearchRequest {
  DeploymentRequest base;
  std::vector<SearchDevice> devices;
  std::vector<std::string> engines;
  std::vector<std::string> precisions;     ///< of the weights; "": the checkpoint's own
  std::vector<std::string> kv_precisions;  ///< "": the engine's usual one
  std::optional<std::int64_t> gpus;        ///< exactly so many
  std::int64_t fewest_gpus = 1;
  std::int64_t most_gpus = 64;
  std::optional<std::int64_t> concurrency;  ///< absent: as many requests as the limits allow
  std::int64_t spare_copies = 0;            ///< that may fail while the limits hold
  SearchLimits limits;
  Statistic limits_at = Statistic::mean;  ///< what a limit on a time speaks of unless it says so
  Objective objective = Objective::cost;
  bool disaggregate = true;  ///< separate pools for prompts and decoding count too
  bool frontier = false;     ///< keeps what is best in rate and in time, not by the objective
  RentFilter rent;
  std::int64_t jobs = 1;
  bool exhaustive = false;  ///< computes every point, for comparison
  bool listing = false;  ///< one copy within a node by tensor parallelism alone, the engine's own
                         ///< step, the fewest GPUs first
};

/// What the families of points share: device, engine and formats, on one GPU.
using SearchFamily = Deployment;

/// The pool of prompts of [P-POOLS].
struct SearchPool {
  workload::Layout layout;  ///< dp: copies
  std::optional<std::int64_t> chunk;
  double load = 0.0;  ///< of the rate that the pool of prompts can run, at most
};

/// A deployment as the screen sees it.
struct SearchPoint {
  std::size_t family = 0;
  workload::Layout layout;
  std::optional<std::int64_t> chunk;  ///< tokens of a step; absent: the engine's
  std::int64_t batch = 1;             ///< requests at a time, over all copies
  std::optional<SearchPool> prefill;  ///< with it, the other fields are those of the decode pool
  std::int64_t gpus = 1;
  double ttft_s = 0.0;
  double tpot_s = 0.0;
  double e2e_s = 0.0;
  double output_tokens_per_s = 0.0;
  std::optional<double> usd_per_hour;
  std::optional<double> power_w;  ///< at the wall; reckoned where a limit or the objective asks
  double key = 0.0;               ///< less is better
};

/// What keeps a family's nearest deployment from being one.
enum class Constraint { memory, ttft, tpot, latency, throughput, month, capex, power, gpus };
[[nodiscard]] std::string_view name_of(Constraint constraint);

/// A limit that does not hold.
struct BrokenLimit {
  Constraint constraint = Constraint::memory;
  double needed = 0.0;  ///< bytes of a GPU, seconds, tokens a second, dollars, watts, GPUs; 0: not
                        ///< known
  double limit = 0.0;
};

/// 1 and up: how far the limit is missed.
[[nodiscard]] double excess_of(const BrokenLimit& broken);

struct SearchMiss {
  SearchPoint point;
  Constraint binding = Constraint::memory;  ///< the limit that is missed by most
  double excess = 1.0;                      ///< 1 and up: how far it is missed
  std::int64_t broken = 1;                  ///< limits that do not hold
};

struct SearchResult {
  std::vector<SearchFamily> families;
  std::vector<SearchPoint> points;  ///< one of each family and layout, best first
  /// One of each family and limit: those that break one limit alone, those that would beat the best
  /// point, the nearest first.
  std::vector<SearchMiss> misses;
  std::int64_t evaluated = 0;
  std::int64_t valid = 0;
};

/// Called now and then with the share done, by one thread at a time.
using Progress = std::function<void(double)>;

/// The same result for any number of jobs. Throws usage errors: unknown names.
[[nodiscard]] SearchResult search(const catalog::Catalog& catalog,
                                  const SearchRequest& request,
                                  const Progress& progress = {});

/// Requests at a time that are tried on one attention replica.
[[nodiscard]] std::span<const std::int64_t> batch_steps();

}  // namespace dsplan::plan
