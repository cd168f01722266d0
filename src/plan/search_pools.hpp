// Prompts and decoding on GPUs of their own [P-POOLS].
#pragma once

#include "search_layout.hpp"

namespace dsplan::plan {

/// Of its rate that a pool of prompts is held at, and how many prompts one then waits for: a queue
/// of equal services (M/D/1).
inline constexpr double kPromptLoad = 0.8;
inline constexpr double kPromptsWaitedFor = kPromptLoad / (2.0 * (1.0 - kPromptLoad));

/// What a pair of pools does: `prompt` and `decode` are of one attention replica each.
struct PoolTimes {
  double ttft_s = 0.0;
  double tpot_s = 0.0;
  double e2e_s = 0.0;
  double requests_per_s = 0.0;  ///< of the whole deployment
};
struct PoolLoad {
  double prompt_s = 0.0;         ///< one prompt on an idle copy
  double prompt_every_s = 0.0;   ///< between two of them on one attention replica
  double prompt_replicas = 1.0;  ///< attention replicas of the pool
  double token_s = 0.0;          ///< of a sequence
  double sequences = 1.0;        ///< of a decoding replica
  double decode_replicas = 1.0;
  double transfer_s = 0.0;  ///< of one prompt's cache
  double output_tokens = 1.0;
};
[[nodiscard]] PoolTimes pool_times(const PoolLoad& load);

/// Seconds that the cache of one prompt takes between copies of so many GPUs, over the network.
[[nodiscard]] double transfer_seconds(const workload::Inference& w,
                                      const estimate::Platform& platform,
                                      std::int64_t prompt_gpus,
                                      std::int64_t decode_gpus);

/// Seconds between two prompts on one attention replica that does nothing else.
[[nodiscard]] double prompt_interval(const CopyModel& copy);

/// [X-INSTANCES] Of both pools: on one machine where one holds them.
[[nodiscard]] std::optional<double> pools_rent(const FamilySpace& space,
                                               const SearchFamily& family,
                                               const workload::Layout& prompts,
                                               const workload::Layout& decodes);

/// The best pair of pools of a family where the load is free; none where the engine cannot hand a
/// cache over. Pairs whose key must exceed `worst` are left out.
[[nodiscard]] LayoutResult search_pools(const SearchRequest& request,
                                        const SearchFamily& family,
                                        const FamilySpace& space,
                                        double worst);

}  // namespace dsplan::plan
