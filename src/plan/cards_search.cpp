#include "cards_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dsplan/estimate/device_rates.hpp"
#include "dsplan/solve/largest.hpp"
#include "dsplan/solve/memory_limits.hpp"

#include "layout_space.hpp"

namespace dsplan::plan {
namespace {

using workload::Inference;
using workload::Layout;

constexpr std::int64_t kMostForMemory = 1024;
// Times hardly shrink beyond a few nodes: what more GPUs add to is throughput, by copies.
constexpr std::int64_t kMostForTimes = 64;
constexpr std::int64_t kMostReplicaGpus = 16;
constexpr std::int64_t kMostForCopies = 65536;
constexpr std::int64_t kMostSequencesOfCopy = 2048;

Deployment with(const Deployment& d, const Layout& layout, std::int64_t batch) {
  Deployment other = d;
  other.workload.layout = layout;
  other.workload.batch = batch;
  return other;
}

}  // namespace

CardsSearch::CardsSearch(const catalog::Catalog& catalog,
                         const Deployment& d,
                         const CardsRequest& request)
    : catalog_(catalog), base_(d), request_(request), space_(layout_space(d)) {
  space_.tp_across_nodes = request.tp_across_nodes;
}

std::int64_t CardsSearch::most_gpus() const { return request_.most_gpus.value_or(kMostForTimes); }

bool CardsSearch::can_time() const { return estimate::peak_rate(*base_.gpu, "bf16").value > 0.0; }

TimedCards CardsSearch::timed(const Layout& layout, std::int64_t batch) const {
  TimedCards t{with(base_, layout, batch), {}};
  t.figures = latency_figures(catalog_, t.deployment, usual_arrival(t.deployment));
  return t;
}

bool CardsSearch::fits(const Layout& layout, std::int64_t batch) const {
  return solve::holds(solve::with_batch(solve::with_layout(base_.workload, layout), batch),
                      *base_.gpu);
}

double CardsSearch::strain(const LatencyFigures& f) const {
  double most = 0.0;
  if (request_.max_ttft)
    most = figure_at(f.times.ttft_s, request_.max_ttft->at) / request_.max_ttft->most_s;
  if (request_.max_tpot && f.point.tpot_s)
    most = std::max(most,
                    figure_at(f.times.tpot_s, request_.max_tpot->at) / request_.max_tpot->most_s);
  return most;
}

bool CardsSearch::within(const LatencyFigures& f) const {
  return f.serving.fits && strain(f) <= 1.0;
}

double CardsSearch::least_strain(const Layout& layout) const {
  const Deployment d = with(base_, layout, 1);
  const Serving s = serving(catalog_, d);
  const double input = static_cast<double>(d.workload.input_tokens);
  double most = 0.0;
  if (request_.max_ttft) {
    const traffic::BatchLoad prompt{.input_tokens = input,
                                    .prefix_hit = d.workload.settings.prefix_hit};
    most = traffic::prompt_seconds(s.steps, s.scheduling, prompt, 1.0) / request_.max_ttft->most_s;
  }
  if (request_.max_tpot && d.workload.output_tokens > 1) {
    const double step = estimate::decode_step(s.steps, 1.0, input).value;
    most = std::max(most, step / s.scheduling.tokens_per_step / request_.max_tpot->most_s);
  }
  return most;
}

double CardsSearch::most_rate(const Layout& layout, std::int64_t batch) const {
  const Serving s = serving(catalog_, with(base_, layout, batch));
  const double each = std::max(1.0, static_cast<double>(batch) / s.attention_replicas);
  const double context = each * static_cast<double>(base_.workload.input_tokens);
  const double step = estimate::decode_step(s.steps, each, context).value;
  return each * s.scheduling.tokens_per_step / step * s.attention_replicas;
}

std::optional<solve::Cards> CardsSearch::for_memory() const {
  const std::int64_t most = request_.most_gpus.value_or(kMostForMemory);
  return solve::fewest_for_memory(base_.workload, *base_.gpu, space_, most);
}

std::optional<TimedCards> CardsSearch::quickest_on(std::int64_t gpus) const {
  std::optional<TimedCards> best;
  double least = 1.0;
  for (const Layout& layout : solve::layouts_on(gpus, base_.workload, space_)) {
    if (!fits(layout, base_.workload.batch) || least_strain(layout) > least) continue;
    TimedCards t = timed(layout, base_.workload.batch);
    const double now = strain(t.figures);
    if (!t.figures.serving.fits || now > least || (best && now == least)) continue;
    least = now;
    best = std::move(t);
  }
  return best;
}

std::optional<TimedCards> CardsSearch::for_latency(std::int64_t first) const {
  return solve::fewest(first, most_gpus(), [&](std::int64_t n) { return quickest_on(n); });
}

std::optional<TimedCards> CardsSearch::nearest_latency(std::int64_t first) const {
  std::optional<TimedCards> best;
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t n = first; n <= most_gpus(); ++n) {
    for (const Layout& layout : solve::layouts_on(n, base_.workload, space_)) {
      if (!fits(layout, base_.workload.batch) || least_strain(layout) >= least) continue;
      TimedCards t = timed(layout, base_.workload.batch);
      if (strain(t.figures) >= least) continue;
      least = strain(t.figures);
      best = std::move(t);
    }
  }
  return best;
}

std::optional<TimedCards> CardsSearch::with_batch(std::int64_t gpus, double least_rate) const {
  const std::int64_t batch = base_.workload.batch;
  std::optional<TimedCards> best;
  double rate = least_rate;
  for (const Layout& layout : solve::layouts_on(gpus, base_.workload, space_)) {
    if (!fits(layout, batch) || most_rate(layout, batch) < rate || least_strain(layout) > 1.0)
      continue;
    TimedCards t = timed(layout, batch);
    const double now = t.figures.times.output_tokens_per_s;
    if (!within(t.figures) || now < rate || (best && now == rate)) continue;
    rate = now;
    best = std::move(t);
  }
  return best;
}

std::int64_t CardsSearch::most_concurrency(const Layout& layout) const {
  const Inference w = solve::with_layout(base_.workload, layout);
  const std::int64_t copies = layout.dp * layout.attention_dp;
  const auto engine = workload::step_limits(w, base_.gpu).seqs;
  const std::int64_t of_copy =
      engine > 0 ? std::min(engine, kMostSequencesOfCopy) : kMostSequencesOfCopy;
  const std::int64_t most = std::min(solve::max_batch(w, *base_.gpu), copies * of_copy);
  if (!request_.max_ttft && !request_.max_tpot) return most;
  if (most < 1 || least_strain(layout) > 1.0) return 0;
  const auto holds = [&](std::int64_t n) { return within(timed(layout, n).figures); };
  return holds(most) ? most : solve::largest(most, holds);
}

std::optional<TimedCards> CardsSearch::copies_of(const Layout& replica, std::int64_t most) const {
  const std::int64_t sequences = most_concurrency(replica);
  if (sequences < 1) return std::nullopt;
  const TimedCards one = timed(replica, sequences);
  const double copies =
      std::ceil(*request_.output_tokens_per_s / one.figures.times.output_tokens_per_s);
  if (copies * static_cast<double>(workload::replica_gpus(replica)) > static_cast<double>(most))
    return std::nullopt;
  Layout layout = replica;
  layout.dp = static_cast<std::int64_t>(copies);
  return timed(layout, sequences * layout.dp);
}

/// Copies do not slow one another down: their number follows from the rate of one.
std::optional<TimedCards> CardsSearch::with_copies() const {
  solve::LayoutSpace one_copy = space_;
  one_copy.most_copies = 1;
  std::int64_t most = request_.most_gpus.value_or(kMostForCopies);
  const std::int64_t first = solve::least_gpus(base_.workload, *base_.gpu);
  const std::int64_t last = std::min(most, std::max(kMostReplicaGpus, 2 * first));
  std::optional<TimedCards> best;
  for (std::int64_t n = first; n <= std::min(last, most); ++n) {
    for (const Layout& replica : solve::layouts_on(n, base_.workload, one_copy)) {
      if (!fits(replica, 1)) continue;
      const std::int64_t sequences =
          std::min(kMostSequencesOfCopy * replica.attention_dp,
                   solve::max_batch(solve::with_layout(base_.workload, replica), *base_.gpu));
      const std::int64_t copies = most / n;
      const double rate = most_rate(replica, sequences) * static_cast<double>(copies);
      if (rate < *request_.output_tokens_per_s) continue;
      if (auto found = copies_of(replica, most)) {
        most = workload::gpu_count(found->deployment.workload.layout) - 1;
        best = std::move(found);
      }
    }
  }
  return best;
}

std::optional<TimedCards> CardsSearch::for_throughput(std::int64_t first) const {
  if (!request_.batch_given) return with_copies();
  return solve::fewest(first, most_gpus(), [&](std::int64_t n) {
    return with_batch(n, *request_.output_tokens_per_s);
  });
}

std::optional<TimedCards> CardsSearch::best_throughput(std::int64_t first) const {
  std::optional<TimedCards> best;
  double rate = 0.0;
  for (std::int64_t n = first; n <= most_gpus(); ++n) {
    if (auto found = with_batch(n, rate)) {
      if (best && found->figures.times.output_tokens_per_s <= rate) continue;
      rate = found->figures.times.output_tokens_per_s;
      best = std::move(found);
    }
  }
  return best;
}

}  // namespace dsplan::plan
