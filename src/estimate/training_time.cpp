#include "dsplan/estimate/training_time.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/estimate/flops.hpp"

#include "arithmetic.hpp"
#include "training_step_parts.hpp"

namespace dsplan::estimate {
namespace {

using workload::Training;

constexpr double kMicro = 1e-6;
constexpr double kStepSeconds = 6e-3;       // between steps: scalars, learning rate, logging
constexpr double kHeadOnLastStage = 0.513;  // the rest spreads: frameworks balance in part
constexpr double kGatherBound = 1.1;        // gathering all weights, where it outlasts the work
constexpr double kAdapterLaunches = 1.5;    // adapters double the small operations of a layer

double sum(const LayerOperations& o) {
  return o.linear + o.experts + o.attention + o.elementwise + o.dequantisation;
}
double sum(const LayerTraffic& c) { return c.tensor + c.experts + c.context + c.pipeline; }

/// Layers of a middle and of the last stage, over the mean.
struct StageLayers {
  double middle = 1.0;
  double last = 1.0;
};
StageLayers stage_layers(const TrainingShape& s) {
  if (s.pp <= 1.0) return {};
  const double mean = s.layers / s.pp;
  // Embedding and loss take a layer's place each where that comes out even.
  if (std::fmod(s.layers + 2.0, s.pp) == 0.0) {
    const double middle = (s.layers + 2.0) / s.pp;
    return {middle / mean, (middle - 1.0) / mean};
  }
  const double middle = std::ceil(s.layers / s.pp);
  const double last = s.layers - middle * (s.pp - 1.0);
  return {middle / mean, (last > 0.0 ? last : middle) / mean};
}

/// One micro-batch on a mean stage.
struct Pass {
  LayerOperations work;
  LayerTraffic traffic;
  double host = 0.0;
  double head = 0.0;
  double gather = 0.0;

  [[nodiscard]] double body() const { return sum(work) + sum(traffic) + host; }
};

/// The slowest stage: its share of the mean stage's layers and of the head.
struct Slowest {
  double layers = 1.0;
  double head = 1.0;
};
Slowest slowest(const Pass& p, const TrainingShape& s) {
  if (s.pp <= 1.0) return {};
  const StageLayers n = stage_layers(s);
  const double last_head = kHeadOnLastStage + (1.0 - kHeadOnLastStage) / s.pp;
  const bool middle = p.body() * n.middle > p.body() * n.last + last_head * p.head;
  return middle ? Slowest{n.middle, 0.0} : Slowest{n.last, last_head};
}

double host_time(const Training& t, const TrainingShape& s) {
  const double dense = (s.layers - s.moe_layers) * t.framework->layer_host_us;
  return (dense + s.moe_layers * t.framework->moe_layer_host_us) / s.pp * kMicro;
}

/// [TT-HOST] In eager mode no layer is done before its operations are launched.
double launch_floor(const Training& t, const TrainingShape& s) {
  const double adapters = s.trains_matrices ? 1.0 : kAdapterLaunches;
  constexpr double kAllPasses = 3.0;
  return t.framework->layer_launch_us * kMicro * s.layers / s.pp * adapters *
         (kAllPasses + s.repeated) / kAllPasses;
}

Pass pass_of(const Training& t, const TrainingShape& s, const TrainingHardware& hw) {
  return {layer_operations(t, s, hw),
          layer_traffic(t, s, hw),
          host_time(t, s),
          head_time(t, s, hw),
          shard_traffic(t, s, hw)};
}

/// [TT-GRADIENT] A shard of the gradients cannot wait for the other micro-batches of the step.
double exposed_gradients(const Training& t,
                         const TrainingShape& s,
                         const GradientTraffic& all,
                         double micro_batch) {
  const catalog::Framework& f = *t.framework;
  const auto shown = [&](double traffic) {
    if (f.dp_hidden_by <= 0.0) return f.dp_exposed * traffic;
    return std::max(f.dp_exposed * traffic, traffic - f.dp_hidden_by * micro_batch);
  };
  const double earlier = workload::sharding(t).gradients ? s.micro_batches - 1.0 : 0.0;
  return shown(all.reduce + all.gather) + earlier * shown(all.reduce);
}

/// The parts of a step that recur with every micro-batch, on the slowest stage.
void add_passes(
    TrainingTime& time, const Pass& p, const Slowest& at, double shown_gather, double count) {
  const double n = at.layers * count;
  time.linear = seconds(p.work.linear * n);
  time.experts = seconds(p.work.experts * n);
  time.attention = seconds(p.work.attention * n);
  time.elementwise = seconds(p.work.elementwise * n);
  time.dequantisation = seconds(p.work.dequantisation * n);
  time.tensor = seconds(p.traffic.tensor * n);
  time.expert_traffic = seconds(p.traffic.experts * n);
  time.context = seconds(p.traffic.context * n);
  time.pipeline = seconds(p.traffic.pipeline * n);
  time.host = seconds(p.host * n);
  time.head = seconds(p.head * at.head * count);
  time.shards = seconds(shown_gather * count);
}

}  // namespace

Seconds total(const TrainingTime& t) {
  return t.linear + t.experts + t.attention + t.elementwise + t.head + t.dequantisation + t.tensor +
         t.expert_traffic + t.context + t.pipeline + t.shards + t.gradients + t.optimizer +
         t.offload + t.host + t.bubble;
}

TrainingTime training_time(const Training& t, const TrainingHardware& hw) {
  return training_time(t, training_shape(t), hw);
}

TrainingTime training_time(const Training& t, const TrainingShape& s, const TrainingHardware& hw) {
  const Pass p = pass_of(t, s, hw);
  const Slowest at = slowest(p, s);
  const double shown = t.framework->fsdp_exposed * p.gather;
  const double busy = p.body() * at.layers + p.head * at.head;
  const double gather = std::max(shown, kGatherBound * p.gather - busy);
  const double waits = std::max(0.0, launch_floor(t, s) - busy - gather);
  const double mean = p.body() + p.head / s.pp + shown;
  TrainingTime time;
  add_passes(time, p, at, gather, s.micro_batches);
  time.host += seconds(waits * s.micro_batches + kStepSeconds);
  time.bubble = seconds(mean * (s.pp - 1.0) / s.vpp);
  time.gradients = seconds(exposed_gradients(t, s, gradient_traffic(t, s, hw), mean));
  time.optimizer = seconds(optimizer_time(t, s, hw));
  time.offload = seconds(offload_time(t, s, hw));
  return time;
}

TrainingWork training_work(const Training& t) {
  const TrainingFlops f = training_flops(t);
  const TrainingShape s = training_shape(t);
  const double tokens = real(t.global_batch) * s.sequence;
  TrainingWork w;
  w.causal = total(f);
  const Flops pairs = attention_flops(*t.model, s.sequence) * (3.0 * tokens);
  const Flops causal = prompt_attention_flops(*t.model, t.seq_len) * (3.0 * real(t.global_batch));
  // Both counts grow alike with layers of multi-token prediction.
  const double more = causal.value > 0.0 ? f.attention / causal : 1.0;
  w.full = f.linear + f.head + pairs * more;
  const double again = s.repeated * (s.projections + s.mlp + s.experts + s.attention) +
                       (s.reattends ? s.attention : 0.0);
  w.hardware = w.causal + flops(again * tokens);
  return w;
}

}  // namespace dsplan::estimate
