// The figures of a load on a pair of pools [P-POOLS].
#pragma once

#include "dsplan/traffic/pool_pair.hpp"

#include "latency_figures.hpp"

namespace dsplan::plan {

/// Of one prompt, on all ranks of an attention replica of `w`.
[[nodiscard]] Bytes cache_of(const workload::Inference& w);

/// How the cache of one prompt, of so many bytes, crosses from an attention replica to another:
/// over the fast link where all GPUs of both pools share one, else over the network, by as many
/// ports as the smaller of the two replicas has GPUs. Other replicas send beside it.
[[nodiscard]] traffic::HandOver hand_over(Bytes cache,
                                          const estimate::Platform& platform,
                                          const workload::Layout& prompts,
                                          const workload::Layout& decodes);

/// Of a deployment with a pool of prompts, closed or with one client. Throws as `latency_answer`.
[[nodiscard]] LatencyFigures pair_figures(const catalog::Catalog& catalog, const Deployment& d);

/// [P-POOLS] The most clients of a deployment with a pool of prompts at whom that pool stays at a
/// share of its rate, and a decoding replica has at most `sequences`.
[[nodiscard]] std::int64_t most_clients(const catalog::Catalog& catalog,
                                        const Deployment& d,
                                        double sequences,
                                        double prompt_load);

}  // namespace dsplan::plan
