#include "dsplan/plan/recommendation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "dsplan/estimate/memory.hpp"

#include "latency_figures.hpp"
#include "machines.hpp"
#include "pair_figures.hpp"
#include "recommended_pools.hpp"
#include "resolution.hpp"
#include "search_layout.hpp"
#include "search_pools.hpp"
#include "search_texts.hpp"

namespace dsplan::plan {
namespace {

using catalog::Catalog;

// Of the best by the screen, so many more than are shown are recomputed; and so many at most where
// recomputing finds that they break a limit.
constexpr std::size_t kRecomputedBeyond = 5;
constexpr std::size_t kMostRecomputed = 48;
constexpr int kMostSteps = 8;  ///< to lighter loads, where the heaviest of the screen does not hold
constexpr std::size_t kMostRejected = 5;
constexpr double kMillion = 1e6;
constexpr std::int64_t kOfOneFamily = 2;  ///< deployments of the same device, engine and formats

/// A point recomputed.
struct Checked {
  SearchPoint point;
  Deployment deployment;
  LatencyFigures figures;
  std::string binding;
  double use = 0.0;  ///< of the binding limit
};

double at(const traffic::Percentiles& p, Statistic s) {
  switch (s) {
    case Statistic::p50:
      return p.p50;
    case Statistic::p90:
      return p.p90;
    case Statistic::p99:
      return p.p99;
    case Statistic::mean:
      break;
  }
  return p.mean;
}

/// Of whole requests only the mean is known; a share of them is at most that share's first token
/// and its steps.
double request_s(const RunTimes& t, double output, Statistic s) {
  if (s == Statistic::mean) return t.e2e_s;
  return at(t.ttft_s, s) + std::max(0.0, output - 1.0) * at(t.tpot_s, s);
}

class Recommender {
 public:
  Recommender(const Catalog& catalog, const RecommendRequest& request)
      : c_(catalog), q_(request), r_(request.search) {}

  RecommendAnswer run(const Progress& progress) {
    found_ = search(c_, r_, progress);
    out_.objective = std::string(name_of(r_.objective));
    out_.frontier = r_.frontier;
    out_.evaluated = found_.evaluated;
    out_.valid = found_.valid;
    recompute();
    rank();
    print();
    if (q_.near_misses) reject();
    return std::move(out_);
  }

 private:
  // ---- recomputing ----

  void recompute() {
    const auto shown = static_cast<std::size_t>(q_.most_shown);
    std::map<std::size_t, std::int64_t> of_family;
    std::size_t tried = 0;
    for (const SearchPoint& p : found_.points) {
      const std::size_t enough = r_.frontier ? kMostRecomputed : shown + kRecomputedBeyond;
      if (checked_.size() >= enough || tried >= kMostRecomputed) break;
      if (!r_.frontier && found_.families.size() > 1 && of_family[p.family] >= kOfOneFamily)
        continue;
      ++tried;
      if (auto checked = lightened(p)) {
        checked_.push_back(std::move(*checked));
        ++of_family[p.family];
      }
    }
  }

  /// The point, or the nearest lighter load that holds when recomputed.
  std::optional<Checked> lightened(SearchPoint p) {
    for (int step = 0; step < kMostSteps; ++step) {
      if (auto checked = check(p)) return checked;
      if (!lighten(p)) return std::nullopt;
    }
    return std::nullopt;
  }

  bool lighten(SearchPoint& p) const {
    if (r_.concurrency) {
      const std::int64_t copy = workload::replica_gpus(p.layout);
      if (r_.gpus || r_.base.dp || p.gpus + copy > r_.most_gpus) return false;
      ++p.layout.dp;
      p.gpus += copy;
      return true;
    }
    const std::int64_t groups = (p.layout.dp - r_.spare_copies) * p.layout.attention_dp;
    const auto steps = batch_steps();
    const auto now = std::lower_bound(steps.begin(), steps.end(), p.batch / groups);
    if (now == steps.begin()) return false;
    p.batch = *(now - 1) * groups;
    return true;
  }

  [[nodiscard]] DeploymentRequest request_of(const SearchPoint& p) const {
    const Deployment& f = found_.families[p.family];
    DeploymentRequest d = r_.base;
    d.gpu = std::string(f.gpu->id);
    if (!f.slice_name.empty()) d.mig = f.slice_name;
    d.engine = std::string(base_engine(f));
    d.precision = precision_name(f);
    d.kv_precision = std::string(f.workload.precision.kv->id);
    d.gpus = workload::gpu_count(p.layout);
    d.nodes = std::nullopt;
    d.tp = p.layout.tp;
    d.pp = p.layout.pp;
    d.dp = p.layout.dp;
    d.ep = p.layout.ep;
    d.cp = p.layout.cp;
    d.attention_dp = p.layout.attention_dp;
    d.batch = p.batch;
    if (p.chunk) d.settings.max_batched_tokens = p.chunk;
    if (p.prefill) d.prefill_pool = said(*p.prefill);
    d.model.format.clear();
    return d;
  }

  static PrefillPool said(const SearchPool& pool) {
    const workload::Layout& l = pool.layout;
    return {.gpus = {},
            .tp = l.tp,
            .pp = l.pp,
            .dp = l.dp,
            .ep = l.ep,
            .cp = l.cp,
            .attention_dp = l.attention_dp,
            .max_batched_tokens = pool.chunk};
  }

  std::optional<Checked> check(const SearchPoint& p) {
    Checked c{p, resolve_deployment(c_, request_of(p)), {}, {}, 0.0};
    if (p.prefill) fill_pools(c);
    c.figures = latency_figures(c_, c.deployment, usual_arrival(c.deployment));
    const bool spare = r_.spare_copies > 0 && p.layout.dp > r_.spare_copies;
    if (spare) {
      SearchPoint pressed = p;
      pressed.layout.dp -= r_.spare_copies;
      pressed.gpus -= r_.spare_copies * workload::replica_gpus(p.layout);
      const Deployment d = resolve_deployment(c_, request_of(pressed));
      if (!holds(c, d, latency_figures(c_, d, usual_arrival(d)).times)) return std::nullopt;
    } else if (!holds(c, c.deployment, c.figures.times)) {
      return std::nullopt;
    }
    take_figures(c);
    if (!affordable(c)) return std::nullopt;
    return c;
  }

  /// Money and power as `cost` says.
  bool affordable(Checked& c) const {
    const SearchLimits& l = r_.limits;
    const auto within = [&](const std::optional<double>& most,
                            const std::optional<double>& value,
                            Constraint name) {
      if (!most) return true;
      if (value) use(c, *value / *most, std::string(name_of(name)));
      return value && *value <= *most;
    };
    std::optional<double> month;
    if (c.point.usd_per_hour) month = *c.point.usd_per_hour * estimate::kHoursPerMonth;
    return within(l.usd_per_month, month, Constraint::month) &&
           within(l.capex_usd, purchase_of(c.deployment, c.point.gpus), Constraint::capex) &&
           within(l.power_w, power(c), Constraint::power);
  }

  /// At the wall, of all machines.
  [[nodiscard]] static std::optional<double> power(const Checked& c) {
    const auto power = power_of(fleet_of(c.deployment));
    return power ? std::optional<double>(power->value) : std::nullopt;
  }

  /// [P-POOLS] As many clients as both pools take: the screen's load is that of the decode pool.
  void fill_pools(Checked& c) const {
    const workload::Layout& l = c.point.layout;
    const double sequences =
        static_cast<double>(c.point.batch) / static_cast<double>(l.dp * l.attention_dp);
    c.point.batch = most_clients(c_, c.deployment, sequences, c.point.prefill->load);
    c.deployment = resolve_deployment(c_, request_of(c.point));
  }

  static void use(Checked& c, double share, std::string name) {
    if (share <= c.use) return;
    c.use = share;
    c.binding = std::move(name);
  }

  static bool holds_memory(Checked& c, const Deployment& d) {
    const workload::Inference& w = d.workload;
    const auto memory = estimate::inference_memory(w, d.gpu);
    if (!estimate::fits(w, memory, *d.gpu)) return false;
    const auto& worst = memory.worst_gpu();
    use(c, total(worst) / estimate::budget(w, worst, *d.gpu).usable, "memory");
    return true;
  }

  /// Do the limits hold? Notes which of them is used most.
  bool holds(Checked& c, const Deployment& d, const RunTimes& t) {
    if (!holds_memory(c, d) || (d.prefill && !holds_memory(c, *d.prefill))) return false;
    const workload::Inference& w = d.workload;
    const SearchLimits& l = r_.limits;
    const double output = static_cast<double>(w.output_tokens);
    const auto time = [&](const std::optional<TimeLimit>& limit, double value, Constraint name) {
      if (!limit) return true;
      use(c, value / limit->most_s, std::string(name_of(name)));
      return value <= limit->most_s;
    };
    const auto stat = [](const std::optional<TimeLimit>& limit) {
      return limit ? limit->at : Statistic::mean;
    };
    if (!time(l.ttft, at(t.ttft_s, stat(l.ttft)), Constraint::ttft)) return false;
    if (!time(l.tpot, at(t.tpot_s, stat(l.tpot)), Constraint::tpot)) return false;
    if (!time(l.latency, request_s(t, output, stat(l.latency)), Constraint::latency)) return false;
    if (!l.output_tokens_per_s) return true;
    use(c, *l.output_tokens_per_s / t.output_tokens_per_s, "throughput");
    return t.output_tokens_per_s >= *l.output_tokens_per_s;
  }

  void take_figures(Checked& c) const {
    const RunTimes& t = c.figures.times;
    c.point.ttft_s = t.ttft_s.mean;
    c.point.tpot_s = t.tpot_s.mean;
    c.point.e2e_s = c.figures.e2e_s.value;
    c.point.output_tokens_per_s = t.output_tokens_per_s;
    const auto rents = rent_offers(c_, fleet_of(c.deployment), r_.rent);
    c.point.usd_per_hour =
        rents.empty() ? std::nullopt : std::optional<double>(rents.front().usd_per_hour);
    c.point.key = search_key(r_, found_.families[c.point.family], c.point);
  }

  /// Leaves out pairs of pools that gain next to nothing over one pool on fewer machines.
  void drop_needless_pools() {
    std::vector<std::pair<double, std::int64_t>> singles;
    for (const Checked& c : checked_) {
      if (!c.deployment.prefill)
        singles.emplace_back(c.point.key, machine_count(fleet_of(c.deployment)));
    }
    std::erase_if(checked_, [&](const Checked& c) {
      if (!c.deployment.prefill) return false;
      const std::int64_t machines = machine_count(fleet_of(c.deployment));
      return std::any_of(singles.begin(), singles.end(), [&](const auto& single) {
        return single.first <= c.point.key * kNearlyAsGood && single.second < machines;
      });
    });
  }

  void rank() {
    if (!r_.frontier) drop_needless_pools();
    std::stable_sort(checked_.begin(), checked_.end(), [this](const Checked& a, const Checked& b) {
      if (r_.frontier) return a.point.e2e_s < b.point.e2e_s;
      return better(a.point, b.point);
    });
    if (r_.frontier) {
      std::vector<SearchPoint> all;
      for (const Checked& c : checked_) all.push_back(c.point);
      std::erase_if(checked_, [&](const Checked& c) {
        return std::any_of(
            all.begin(), all.end(), [&](const SearchPoint& o) { return dominates(o, c.point); });
      });
    } else if (checked_.size() > static_cast<std::size_t>(q_.most_shown)) {
      checked_.resize(static_cast<std::size_t>(q_.most_shown));
    }
  }

  // ---- printing ----

  void print() {
    for (const Checked& c : checked_) {
      out_.deployments.push_back(described_deployment(c));
      Recommended& d = out_.deployments.back();
      d.rank = static_cast<std::int64_t>(out_.deployments.size());
      if (d.rank > 1) d.tied_with_first = !r_.frontier && tied(checked_.front(), c);
      d.reasons = reasons(c, d);
    }
  }

  /// Is a ranked figure within the band that the first one's has?
  [[nodiscard]] bool tied(const Checked& first, const Checked& c) const {
    if (c.point.key == first.point.key) return true;
    const Predicted& band = r_.objective == Objective::latency ? first.figures.e2e_s
                                                               : first.figures.point.requests_per_s;
    const bool plain = r_.objective == Objective::cost && r_.concurrency;
    if (plain || !band.low || !band.high || c.point.key >= kUnknownPrice) return false;
    const double worst =
        r_.objective == Objective::latency ? *band.high / band.value : band.value / *band.low;
    return c.point.key <= first.point.key * worst;
  }

  [[nodiscard]] Recommended described_deployment(const Checked& c) const {
    const Deployment& d = c.deployment;
    const workload::Inference& w = d.workload;
    const auto limits = workload::step_limits(w, d.gpu);
    Recommended r;
    r.model = std::string(w.model->id);
    r.engine = std::string(base_engine(d));
    r.gpu = std::string(d.gpu->id);
    r.gpus = c.point.gpus;
    r.replicas = w.layout.dp;
    r.layout = w.layout;
    r.precision = precision_name(d);
    r.kv_precision = std::string(w.precision.kv->id);
    r.batch = w.batch;
    r.context_tokens = workload::context_tokens(w);
    r.max_seqs = limits.seqs;
    r.max_batched_tokens = limits.batched_tokens;
    r.memory = gpu_memory(d);
    r.software = software_need(c_, *d.gpu, w.engine, w.precision.dense);
    r.binding_constraint = c.binding;
    r.flags = flags_of(q_.model_flags, request_of(c.point));
    if (d.prefill) r.pools = pools_of(c);
    set_performance(r, c);
    set_cost(r, c);
    return r;
  }

  static void set_performance(Recommended& r, const Checked& c) {
    const LatencyFigures& f = c.figures;
    RecommendedPerformance& p = r.performance;
    const auto figure = [&](double value, const catalog::Band* band) {
      return widened(predicted(value, band), f.widening);
    };
    p.ttft_s = f.point.ttft_s;
    p.tpot_s = f.point.tpot_s;
    p.e2e_s = f.e2e_s;
    p.ttft_p99_s = figure(f.times.ttft_s.p99, f.ttft);
    if (p.tpot_s) p.tpot_p99_s = figure(f.times.tpot_s.p99, f.tpot);
    p.output_tokens_per_s = f.point.output_tokens_per_s;
    p.output_tokens_per_s_per_gpu = f.point.output_tokens_per_s_per_gpu;
    p.requests_per_s = f.point.requests_per_s;
  }

  void set_cost(Recommended& r, const Checked& c) const {
    const LatencyAnswer latency = latency_answer(c_, c.deployment);
    const CostAnswer cost = cost_answer(c_, c.deployment, latency, q_.cost);
    r.nodes = cost.machines;
    r.power_w = cost.power_w;
    r.cost.usd_per_hour = cost.usd_per_hour;
    r.cost.usd_per_month = cost.usd_per_month;
    r.cost.million_output = cost.units.million_output;
    r.cost.query = cost.units.query;
    r.cost.capex_usd = cost.capex_usd;
    if (!cost.offers.empty())
      r.cost.rented_from = cost.offers.front().provider + " " + cost.offers.front().instance;
  }

  [[nodiscard]] RecommendedPools pools_of(const Checked& c) const {
    DeploymentRequest alone = request_of(c.point);
    alone.prefill_pool.reset();
    const Deployment& prompts = *c.deployment.prefill;
    SearchPoint first = c.point;
    first.prefill.reset();
    first.layout = prompts.workload.layout;
    first.chunk = c.point.prefill->chunk;
    first.batch = prompts.workload.batch;
    DeploymentRequest prefill = request_of(first);
    prefill.output_tokens = 0;
    return {recommended_pool(prompts, flags_of(q_.model_flags, prefill)),
            recommended_pool(c.deployment, flags_of(q_.model_flags, alone))};
  }

  [[nodiscard]] std::vector<std::string> reasons(const Checked& c, const Recommended& d) const {
    std::vector<std::string> why;
    why.push_back(ranked_by(r_, d));
    why.push_back(bound_by(c.binding, c.use));
    if (c.figures.pair) {
      const auto more = pool_reasons(c.deployment, *c.figures.pair);
      why.insert(why.end(), more.begin(), more.end());
    }
    if (r_.spare_copies > 0)
      why.push_back("the limits hold with " + text(r_.spare_copies) + " of " + text(d.replicas) +
                    " copies gone");
    if (d.tied_with_first)
      why.push_back("within the error band of rank 1: a tie, as far as the estimate can tell");
    const auto& gpu_says = c.figures.evidence;
    if (const std::string wider = why_wider(gpu_says, c.deployment); !wider.empty())
      why.push_back(wider);
    return why;
  }

  // ---- near misses ----

  void reject() {
    for (const SearchMiss& m : found_.misses) {
      if (out_.rejected.size() >= kMostRejected) break;
      if (m.broken > 1 && !checked_.empty()) continue;
      if (auto rejected = rejected_of(m)) out_.rejected.push_back(std::move(*rejected));
    }
    if (!out_.deployments.empty()) return;
    out_.relax = out_.rejected.empty()
                     ? "no layout of the model stands on these devices"
                     : out_.rejected.front().change + ": " + out_.rejected.front().reason;
  }

  std::optional<RejectedDeployment> rejected_of(const SearchMiss& m) const {
    const Deployment d = resolve_deployment(c_, request_of(m.point));
    RejectedDeployment r;
    r.gpu = std::string(d.gpu->id);
    r.gpus = m.point.gpus;
    r.engine = std::string(base_engine(d));
    r.layout = workload::describe(d.workload.layout);
    r.precision = precision_name(d);
    r.kv_precision = std::string(d.workload.precision.kv->id);
    r.binding_constraint = std::string(name_of(m.binding));
    r.limit = m.limit;
    r.needed = needed(m, d);
    if (r.needed <= m.limit && m.binding != Constraint::throughput) return std::nullopt;
    r.change = m.binding == Constraint::memory ? memory_change(d) : change_of(m, r.needed);
    r.reason = reason_of(m, r.needed);
    if (r.change.empty()) return std::nullopt;
    return r;
  }

  [[nodiscard]] std::string memory_change(const Deployment& d) const {
    const auto fixes = memory_fixes(c_, d);
    return fixes.empty() ? std::string() : fixes.front().flags;
  }

  /// Recomputed where it is a time.
  [[nodiscard]] double needed(const SearchMiss& m, const Deployment& d) const {
    if (m.binding != Constraint::ttft && m.binding != Constraint::tpot &&
        m.binding != Constraint::latency)
      return m.needed;
    const RunTimes t = latency_figures(c_, d, usual_arrival(d)).times;
    const SearchLimits& l = r_.limits;
    const double output = static_cast<double>(d.workload.output_tokens);
    const double value = m.binding == Constraint::ttft   ? at(t.ttft_s, l.ttft->at)
                         : m.binding == Constraint::tpot ? at(t.tpot_s, l.tpot->at)
                                                         : request_s(t, output, l.latency->at);
    return value;
  }

  const Catalog& c_;
  const RecommendRequest& q_;
  const SearchRequest& r_;
  SearchResult found_;
  std::vector<Checked> checked_;
  RecommendAnswer out_;
};

}  // namespace

RecommendAnswer recommend(const Catalog& catalog,
                          const RecommendRequest& request,
                          const Progress& progress) {
  return Recommender(catalog, request).run(progress);
}

PerGpuMemory gpu_memory(const Deployment& d) {
  const workload::Inference& w = d.workload;
  const auto memory = estimate::inference_memory(w, d.gpu);
  const estimate::GpuMemory& g = memory.worst_gpu();
  PerGpuMemory m;
  m.rank = rank_name(g.stage, w.layout.pp, workload::gpu_count(w.layout));
  m.weights = total(g.weights);
  m.kv_cache = total(g.kv_cache);
  m.activations = g.activations;
  m.runtime = total(g.runtime);
  m.total = total(g);
  const estimate::Budget budget = estimate::budget(w, g, *d.gpu);
  m.capacity = budget.capacity;
  m.usable = budget.usable;
  m.headroom = budget.usable - m.total;
  m.headroom_fraction = *m.headroom / budget.usable;
  return m;
}

}  // namespace dsplan::plan
