// The answer to "how many GPUs?": the fewest by memory, by a time and by throughput.
//
//   [N-BOUND]  a layout is left out untimed where one sequence alone is too slow in it, or its
//              decode steps alone give too few tokens: with prompts between them it is worse
//   [N-COPIES] throughput of as many sequences as GPUs hold: copies = rate asked / rate of a copy
//              that runs as many sequences as memory, engine and limits of time let it
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dsplan/base/note.hpp"
#include "dsplan/base/units.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/plan/deployment.hpp"
#include "dsplan/plan/prediction.hpp"
#include "dsplan/plan/time_limit.hpp"

namespace dsplan::plan {

/// What must hold beside that it fits.
struct CardsRequest {
  std::optional<TimeLimit> max_ttft;
  std::optional<TimeLimit> max_tpot;
  std::optional<double> output_tokens_per_s;
  bool batch_given = false;  ///< else throughput is asked of as many sequences as the GPUs hold
  bool tp_across_nodes = false;
  std::optional<std::int64_t> most_gpus;   ///< that are tried
  std::optional<std::int64_t> given_gpus;  ///< the largest load and model of so many is asked
};

/// The fewest GPUs for one demand, with all that it rests on. Without a number no count that was
/// tried is enough.
struct CardsNeed {
  std::string by;      ///< memory, latency, throughput or given
  std::string demand;  ///< what must hold, in words
  std::optional<std::int64_t> gpus;
  std::optional<std::int64_t> nodes;
  std::optional<workload::Layout> layout;
  std::optional<std::int64_t> concurrency;  ///< sequences at a time
  std::optional<Bytes> total_per_gpu;
  std::optional<double> headroom_fraction;
  std::optional<Predicted> ttft_s;
  std::optional<Predicted> tpot_s;
  std::optional<Predicted> output_tokens_per_s;
  std::string reason;     ///< why no fewer do, or what was the best reached
  std::string formula;    ///< id in docs/formulas.md
  std::string reckoning;  ///< the formula with its values put in
};

/// Another kind of device: the fewest of it.
struct CardsCandidate {
  std::string gpu;
  std::int64_t gpus = 1;
  std::int64_t gpus_for_memory = 1;
  std::optional<std::int64_t> gpus_for_latency;
  std::optional<std::int64_t> gpus_for_throughput;
  workload::Layout layout;
  std::optional<std::int64_t> concurrency;
  std::optional<Predicted> ttft_s;
  std::optional<Predicted> tpot_s;
  std::optional<Predicted> output_tokens_per_s;
};

/// A model of the catalog that given GPUs hold.
struct LargestModel {
  std::string model;
  std::int64_t parameters = 0;
  std::string precision;
  workload::Layout layout;
  double headroom_fraction = 0.0;
};

/// Counts are absent where they were not asked for, or where no count is enough (`met` is false).
struct CardsAnswer {
  std::optional<std::int64_t> gpus_for_memory;
  std::optional<std::int64_t> gpus_for_latency;
  std::optional<std::int64_t> gpus_for_throughput;
  std::optional<std::int64_t> gpus;  ///< the largest of them; or those given
  std::optional<std::int64_t> nodes;
  std::optional<workload::Layout> layout;  ///< of `gpus`
  std::vector<CardsNeed> needs;
  std::optional<std::int64_t> max_batch;  ///< on `gpus`
  std::optional<std::int64_t> max_context_tokens;
  std::optional<std::int64_t> max_concurrency;  ///< that the engine runs within the limits of time
  std::vector<LargestModel> largest_models;
  std::vector<CardsCandidate> candidates;
  std::vector<std::string> reasons;
  std::vector<Warning> warnings;
  bool met = true;
};

/// Without a device: candidates of every kind that the engine runs on. A later demand keeps the
/// earlier ones: what is enough for throughput holds the limits of time, and fits.
[[nodiscard]] CardsAnswer cards_answer(const catalog::Catalog& catalog,
                                       const Deployment& deployment,
                                       const CardsRequest& request);

/// The largest models of the catalog, in the format each is published in, that fit on so many GPUs
/// as `request` names. Its model is not read.
[[nodiscard]] std::vector<LargestModel> largest_models(const catalog::Catalog& catalog,
                                                       DeploymentRequest request);

/// [G-CARDS] By the guides' rule.
struct RuleCardsQuestion {
  double parameters = 0.0;
  const catalog::Format* format = nullptr;
  const catalog::Gpu* gpu = nullptr;
  std::int64_t batch = 1;
  std::int64_t tokens = 1;
  double reserve_fraction = 0.1;
  std::optional<Seconds> latency;
  FlopsPerSecond rate;                     ///< the data sheet's, of one device
  std::string peak;                        ///< "dense" or "sparse"
  std::optional<std::int64_t> given_gpus;  ///< are so many enough?
};

/// `detailed`: the same model and load, prompts alone, for what the detailed estimate says of it.
[[nodiscard]] CardsAnswer rule_cards_answer(const catalog::Catalog& catalog,
                                            const RuleCardsQuestion& question,
                                            const Deployment& detailed);

}  // namespace dsplan::plan
