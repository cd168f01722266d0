// The figures of one load on one deployment, with their bands: what an answer and each point of a
// curve are made of.
#pragma once

#include "dsplan/plan/bands.hpp"
#include "dsplan/plan/latency_answer.hpp"
#include "dsplan/traffic/pool_pair.hpp"

namespace dsplan::plan {

struct LatencyFigures {
  Serving serving;
  RunLoad load;
  RunTimes times;
  Evidence evidence;
  const catalog::Band* ttft = nullptr;
  const catalog::Band* prefill = nullptr;
  const catalog::Band* tpot = nullptr;
  const catalog::Band* throughput = nullptr;
  double widening = 1.0;  ///< of all bands
  Predicted e2e_s;
  LatencyPoint point;  ///< but for x
  // Of a pair of pools; `serving` is then the one that decodes.
  std::optional<traffic::PairTimes> pair;
  std::optional<Serving> prompts;
};

/// How a deployment's batch arrives unless told otherwise: single, batch or closed.
[[nodiscard]] Arrival usual_arrival(const Deployment& deployment);

/// Of a pair of pools if the deployment is one, whatever the arrival. Throws as `latency_answer`.
[[nodiscard]] LatencyFigures latency_figures(const catalog::Catalog& catalog,
                                             const Deployment& deployment,
                                             Arrival arrival);

// What figures of one pool and of two have in common.

/// A deployment's clients, as they usually arrive.
[[nodiscard]] RunLoad closed_load(const Deployment& deployment, double attention_replicas);

/// Bands of the figures, as wide as the evidence makes them.
void put_bands(LatencyFigures& figures,
               const catalog::Catalog& catalog,
               const Deployment& deployment,
               const Evidence& evidence);

/// The point, from times, load and bands.
void put_point(LatencyFigures& figures, double gpus);

/// The answer that the figures of a deployment's usual arrival make.
[[nodiscard]] LatencyAnswer latency_answer(const catalog::Catalog& catalog,
                                           const Deployment& deployment,
                                           const LatencyFigures& figures);

}  // namespace dsplan::plan
