// Traffic between GPUs: [TT-TENSOR], [TT-EXPERT], [TT-CONTEXT], [TT-PIPELINE], [TT-SHARD],
// [TT-GRADIENT]; and what moves states: [TT-OPTIMIZER], [TT-OFFLOAD].
#include <algorithm>
#include <cmath>

#include "dsplan/catalog/optimizer.hpp"

#include "arithmetic.hpp"
#include "training_step_parts.hpp"

namespace dsplan::estimate {
namespace {

using workload::Training;

constexpr double kHostBusShare = 0.4;        // of a PCIe lane's rate, that rings of cards reach
constexpr double kMessageSeconds = 16.6e-6;  // one tensor-parallel collective, to start
constexpr double kHopSeconds = 1.7e-6;       // one rank of a ring
constexpr double kLayerMessages = 3.0;       // two gathers and a reduction
constexpr double kAsyncTensor = 0.457;       // of the traffic that else shows
constexpr double kPlainTensor = 1.9;         // where no kernel hides any: every run on Ampere
constexpr double kWeightBytes = 2.0;         // gathered after the update
constexpr double kHostUpdateBytesPerSecond = 25e9;  // a GPU's share of the host's memory

/// The GPUs that talk over the fast way, and the rate there and beyond.
struct Reach {
  double domain;
  double near;
  double far;
};

Reach reach(const TrainingHardware& hw) {
  const Interconnect& w = hw.ways;
  const double node = real(w.node_gpus);
  const double linked = real(w.scale_up_gpus);
  Reach r{};
  r.far = w.network.value;
  if (w.scale_up.value > 0.0 && linked >= std::min(node, 8.0)) {
    // A rack that is one fast domain reaches beyond its trays; else the node ends it.
    r.domain = linked > 8.0 ? linked : std::min(linked, node);
    r.near = w.scale_up.value;
  } else {
    r.domain = node;
    r.near = w.host_bus.value * kHostBusShare;
  }
  return r;
}

double rate_among(const Reach& r, double gpus) { return gpus <= r.domain ? r.near : r.far; }

/// What each GPU gets when `senders` of its node send at once to the same ranks elsewhere.
double node_rate(const Reach& r, const TrainingShape& s, double senders) {
  if (s.gpus <= r.domain) return r.near;
  return std::min(r.near, std::max(1.0, senders) * r.far);
}

double tensor_time(const Training& t,
                   const TrainingShape& s,
                   const TrainingHardware& hw,
                   const Reach& r) {
  if (s.tp <= 1.0) return 0.0;
  const double again = 1.0 + 0.5 * s.repeated;
  const double layers = s.layers / s.pp;
  const double bytes = 16.0 * (s.tp - 1.0) / s.tp * s.tokens * s.hidden * layers * again;
  const double messages = 8.0 * layers * again;
  const double usual = hw.rates->hides_tensor_traffic
                           ? t.framework->tp_exposed
                           : std::max(t.framework->tp_exposed, kPlainTensor);
  const double shown = usual * (t.async_tensor_parallel ? kAsyncTensor : 1.0);
  return shown * (bytes / rate_among(r, s.tp) + messages * kMessageSeconds);
}

/// Copies to experts elsewhere. Over the network a token goes once to each node that needs it.
double expert_time(const Training& t, const TrainingShape& s, const Reach& r) {
  if (s.ep <= 1.0) return 0.0;
  const double k = s.experts_per_token;
  const double again = 1.0 + 0.5 * s.repeated;
  const double elsewhere = 1.0 - 1.0 / s.ep;
  const double bytes =
      8.0 * k * s.tokens / s.tp * s.hidden * s.moe_layers / s.pp * elsewhere * again;
  const double nodes = std::max(1.0, s.ep * s.tp / r.domain);
  const double remote =
      nodes > 1.0 ? (nodes - 1.0) * (1.0 - std::pow(1.0 - 1.0 / nodes, k)) / (k * elsewhere) : 0.0;
  return t.framework->ep_link_exposed * bytes / r.near +
         t.framework->ep_network_exposed * bytes * remote / r.far;
}

double context_time(const Training& t, const TrainingShape& s, const Reach& r) {
  const double bytes =
      16.0 * s.kv_heads * s.head_dim * s.tokens / s.tp * (s.cp - 1.0) * s.layers / s.pp;
  return t.framework->cp_exposed * bytes / rate_among(r, s.tp * s.cp);
}

/// A chunk sends and receives at once, forward and back; nothing hides the start of either.
double pipeline_time(const Training& t, const TrainingShape& s, const Reach& r) {
  if (s.pp <= 1.0) return 0.0;
  constexpr double kChunkMessages = 2.0;
  const double bytes = 8.0 * s.tokens * s.hidden * s.vpp / s.tp;
  return t.framework->pp_exposed * bytes / rate_among(r, s.gpus) +
         kChunkMessages * s.vpp * kMessageSeconds;
}

double ring_start(const TrainingShape& s) { return kHopSeconds * (s.ring - 1.0); }

/// Parameters whose states a GPU holds.
double updated_here(const TrainingShape& s, bool sharded) {
  return s.dense_parameters / (s.tp * s.pp) / (sharded ? s.ring : 1.0) +
         s.expert_parameters / (s.pp * s.ep) / (sharded ? s.expert_ring : 1.0);
}

/// Bytes of parameters, gradient, master and states that an update reads and writes.
double update_bytes(const Training& t) {
  constexpr double kWidth = 4.0;
  const catalog::Optimizer& o = *t.optimizer;
  const double state = o.state_bits > 0.0 ? o.state_bits / 8.0 : kWidth;
  const bool masters = t.master_weights.value_or(true);
  return (masters ? 18.0 : 10.0) + 2.0 * o.states * state;
}

}  // namespace

LayerTraffic layer_traffic(const Training& t, const TrainingShape& s, const TrainingHardware& hw) {
  const Reach r = reach(hw);
  return {tensor_time(t, s, hw, r),
          expert_time(t, s, r),
          context_time(t, s, r),
          pipeline_time(t, s, r)};
}

double shard_traffic(const Training& t, const TrainingShape& s, const TrainingHardware& hw) {
  const bool frozen = !s.trains_matrices;
  if (!workload::sharding(t).weights || s.ring <= 1.0) return 0.0;
  if (frozen && !t.framework->shards_frozen_weights) return 0.0;
  const Reach r = reach(hw);
  const double reduced = frozen ? 0.0 : t.framework->reduced_gradient_bytes;
  const double rate = node_rate(r, s, t.framework->flat_rings ? 1.0 : r.domain / s.tp);
  return s.parameters_here() * (4.0 + reduced) * (1.0 - 1.0 / s.ring) / rate +
         kLayerMessages * s.layers / s.pp * ring_start(s);
}

GradientTraffic gradient_traffic(const Training& t,
                                 const TrainingShape& s,
                                 const TrainingHardware& hw) {
  if (workload::sharding(t).weights || !s.trains_matrices) return {};
  const Reach r = reach(hw);
  const double rate = node_rate(r, s, std::min(s.ring, r.domain / s.tp));
  const double sent = s.dense_parameters / (s.tp * s.pp) * (1.0 - 1.0 / s.ring) +
                      s.expert_parameters / (s.pp * s.ep) * (1.0 - 1.0 / s.expert_ring);
  const double buckets = std::ceil(s.parameters_here() / t.framework->bucket_parameters);
  const auto once = [&](double width) { return sent * width / rate + buckets * ring_start(s); };
  return {once(t.framework->reduced_gradient_bytes), once(kWeightBytes)};
}

double optimizer_time(const Training& t, const TrainingShape& s, const TrainingHardware& hw) {
  if (!s.trains_matrices || t.offload.optimizer) return 0.0;
  constexpr double kGradient = 4.0;
  const workload::Sharding spread = workload::sharding(t);
  const double bytes = kGradient * updated_here(s, spread.optimizer || spread.gradients) +
                       (update_bytes(t) - kGradient) * updated_here(s, spread.optimizer);
  return bytes / (hw.gpu->bandwidth_gb_per_s * kGiga);
}

double offload_time(const Training& t, const TrainingShape& s, const TrainingHardware& hw) {
  const double bus = hw.ways.host_bus.value;
  double time = 0.0;
  if (t.offload.optimizer && s.trains_matrices) {
    const double here = updated_here(s, workload::sharding(t).optimizer);
    time += here * ((2.0 + t.framework->reduced_gradient_bytes) / bus +
                    update_bytes(t) / kHostUpdateBytesPerSecond);
  }
  if (t.offload.parameters) {
    const double passes = 2.0 + s.repeated;
    time += s.parameters_here() * 2.0 * passes * s.micro_batches / bus;
  }
  return time;
}

}  // namespace dsplan::estimate
