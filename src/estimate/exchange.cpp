#include "dsplan/estimate/exchange.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/estimate/parameters.hpp"

namespace dsplan::estimate {
namespace {

using workload::Layout;

constexpr double kValueBytes = 2.0;

double as_double(std::int64_t n) { return static_cast<double>(n); }

/// Part of what a ring of so many sends that leaves each of them.
double beyond(double machines) { return machines > 1.0 ? (machines - 1.0) / machines : 0.0; }

struct Shape {
  double hidden = 0.0;
  double layers = 0.0;      ///< of a stage
  double moe_layers = 0.0;  ///< of a stage
  double experts_per_token = 0.0;
};
Shape shape_of(const catalog::Model& m, const Layout& l) {
  const LayerCounts counts = layer_counts(m);
  const double stages = as_double(l.pp);
  return {as_double(m.hidden_size),
          as_double(counts.dense + counts.moe) / stages,
          as_double(counts.moe) / stages,
          as_double(m.experts_per_token)};
}

double span(std::int64_t gpus, std::int64_t machine_gpus) {
  return std::ceil(as_double(gpus) / as_double(machine_gpus));
}

/// What one pass over `tokens` sends from a machine.
double pass_bytes(const Shape& s, const Layout& l, std::int64_t machine_gpus, double tokens) {
  const double value = s.hidden * kValueBytes;
  const double tensor = span(l.tp, machine_gpus);
  const double experts = l.ep > 1 ? span(l.ep, machine_gpus) : 1.0;
  double sent = 4.0 * beyond(tensor) * tokens * value * s.layers;
  sent += 2.0 * beyond(experts) * tokens / experts * s.experts_per_token * value * s.moe_layers;
  if (l.pp > 1 && workload::group_size(l) * l.cp * l.pp > machine_gpus) sent += tokens * value;
  return sent;
}

}  // namespace

SentBytes serving_exchange(const workload::Inference& w, std::int64_t machine_gpus, double tokens) {
  if (workload::replica_gpus(w.layout) <= machine_gpus) return {};
  return {bytes(pass_bytes(shape_of(*w.model, w.layout), w.layout, machine_gpus, tokens)), {}};
}

SentBytes training_exchange(const workload::Training& t, std::int64_t machine_gpus) {
  const std::int64_t gpus = workload::gpu_count(t);
  if (gpus <= machine_gpus) return {};
  const Layout& l = t.layout;
  const double micro_batches = as_double(workload::micro_batches(t));
  // Ranks of one machine pass their micro-batches side by side.
  const double ranks = std::max(1.0, as_double(machine_gpus) / as_double(l.tp * l.pp * l.cp));
  const double tokens = as_double(t.micro_batch * t.seq_len) / as_double(l.cp) * ranks;
  const double forward = pass_bytes(shape_of(*t.model, l), l, machine_gpus, tokens);
  SentBytes e;
  e.exposed = bytes(2.0 * forward * micro_batches);
  const bool frozen = t.method != workload::Method::full;
  const bool sharded = workload::sharding(t).weights;
  if (frozen && !sharded) return e;
  const double held = as_double(total(parameters(*t.model))) * t.parameter_scale *
                      std::min(1.0, as_double(machine_gpus) / as_double(l.tp * l.pp));
  const double ring = std::min(span(gpus, machine_gpus), as_double(l.dp * l.cp));
  const double a_parameter = 2.0 + (frozen ? 0.0 : t.framework->reduced_gradient_bytes);
  e.hidden = bytes(beyond(ring) * held * a_parameter * (sharded ? micro_batches : 1.0));
  return e;
}

}  // namespace dsplan::estimate
