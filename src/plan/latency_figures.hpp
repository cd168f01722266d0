// The figures of one load on one deployment, with their bands: what an answer and each point of a
// curve are made of.
#pragma once

#include "dsplan/plan/bands.hpp"
#include "dsplan/plan/latency_answer.hpp"

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
};

/// How a deployment's batch arrives unless told otherwise: single, batch or closed.
[[nodiscard]] Arrival usual_arrival(const Deployment& deployment);

/// Throws as `latency_answer` does.
[[nodiscard]] LatencyFigures latency_figures(const catalog::Catalog& catalog,
                                             const Deployment& deployment,
                                             Arrival arrival);

/// The answer that the figures of a deployment's usual arrival make.
[[nodiscard]] LatencyAnswer latency_answer(const catalog::Catalog& catalog,
                                           const Deployment& deployment,
                                           const LatencyFigures& figures);

}  // namespace dsplan::plan
