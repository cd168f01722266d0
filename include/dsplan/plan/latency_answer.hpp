// The answer to "how fast is this deployment?", for inference.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dsplan/base/note.hpp"
#include "dsplan/base/units.hpp"
#include "dsplan/catalog/band.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/plan/deployment.hpp"
#include "dsplan/plan/prediction.hpp"
#include "dsplan/plan/serving_times.hpp"

namespace dsplan::plan {

/// A part of the prefill of one prompt, of one decode step, or (of two pools) of the mean time to
/// the first token. Those of a phase add up to its time.
struct LatencyTerm {
  std::string phase;  ///< "prefill", "decode" or "first token"
  std::string operation;
  Seconds time;
  double share = 0.0;   ///< of its phase
  std::string bound;    ///< compute, memory, communication or host
  double count = 0.0;   ///< operations of this kind
  std::string formula;  ///< id
  std::string reckoning;
};

/// One point of a curve; what it does not do is absent.
struct LatencyPoint {
  double x = 0.0;
  Predicted ttft_s;
  std::optional<Predicted> tpot_s;
  std::optional<Predicted> output_tokens_per_s;
  std::optional<Predicted> output_tokens_per_s_per_gpu;
  Predicted requests_per_s;
  bool fits = true;
};

/// [P-POOLS] One of two pools.
struct LatencyPool {
  std::int64_t gpus = 1;
  std::int64_t copies = 1;
  std::string layout;    ///< of all copies, in words
  double at_a_time = 0;  ///< prompts of a step, or sequences that decode, on one attention replica
};
struct LatencyPools {
  LatencyPool prefill;
  LatencyPool decode;
  std::int64_t nodes = 1;    ///< machines of both
  Bytes cache;               ///< of one prompt, that is handed over
  Seconds transfer;          ///< of it, alone on the link
  double prompt_load = 0.0;  ///< share of the prompts a second that their pool can run, in use
  double link_load = 0.0;    ///< share of the link's bytes a second in use
  std::string crosses;       ///< "the link of the machine" or "the network"
};

/// Times of a request, rates of the whole deployment. Absent: what the load does not do (encoders
/// generate nothing) or the method does not say (the guides' rule).
struct LatencyAnswer {
  std::optional<Predicted> ttft_s;     ///< mean
  std::optional<Predicted> prefill_s;  ///< one prompt on an idle engine
  std::optional<Predicted> tpot_s;     ///< mean, after the first token
  std::optional<Predicted> e2e_s;      ///< mean
  std::optional<Predicted> output_tokens_per_s;
  std::optional<Predicted> total_tokens_per_s;  ///< prompts included
  std::optional<Predicted> requests_per_s;
  std::optional<Predicted> output_tokens_per_s_per_gpu;
  std::optional<Predicted> ttft_p50_s;
  std::optional<Predicted> ttft_p90_s;
  std::optional<Predicted> ttft_p99_s;
  std::optional<Predicted> tpot_p99_s;
  std::optional<Predicted> decode_step_s;  ///< one step of the running sequences, without prompts
  std::optional<std::string> bound;        ///< of the decode step, or of the prefill without one
  std::optional<std::string> prefill_bound;
  std::optional<double> running_sequences;  ///< that decode together on one attention replica
  std::optional<double> tokens_per_step;    ///< that each running sequence gains
  std::optional<bool> fits;                 ///< in memory
  std::string arrival;                      ///< how the requests come: single, static or closed
  std::optional<LatencyPools> pools;        ///< where prompts run on devices of their own
  std::vector<LatencyTerm> breakdown;
  std::string curve_over;  ///< what x of the curve is; empty without one
  std::vector<LatencyPoint> curve;
  std::vector<Warning> warnings;
  const catalog::Stack* stack = nullptr;  ///< whose constants were used
  std::vector<const catalog::Kernel*> kernels;
  std::vector<const catalog::Band*> bands;  ///< that the figures have
};

/// The load: a deployment's batch of clients, each asking again when it has its answer; one client
/// is a single stream, and prompts without answers are one batch. Needs a GPU. Throws usage errors:
/// no GPU, a device without rates, more clients than can be followed.
[[nodiscard]] LatencyAnswer latency_answer(const catalog::Catalog& catalog,
                                           const Deployment& deployment);

enum class CurveOver { concurrency, context, batch, gpus };
[[nodiscard]] std::optional<CurveOver> curve_over(std::string_view word);
[[nodiscard]] std::string_view name_of(CurveOver over);

/// The same deployment at other loads or sizes, in growing order: clients, tokens of context, one
/// batch at once, or GPUs (with the layout that `request` then gets; sizes without one are left
/// out).
[[nodiscard]] std::vector<LatencyPoint> latency_curve(const catalog::Catalog& catalog,
                                                      const DeploymentRequest& request,
                                                      const Deployment& deployment,
                                                      CurveOver over);

/// By the guides' rule [G-LATENCY]: the prefill alone. `rate` is the device's, of all GPUs.
[[nodiscard]] LatencyAnswer rule_latency_answer(double parameters,
                                                std::int64_t tokens,
                                                std::int64_t batch,
                                                FlopsPerSecond rate);

}  // namespace dsplan::plan
