#include "dsplan/plan/recommendation.hpp"

#include <algorithm>
#include <map>

#include "dsplan/estimate/memory.hpp"

#include "checked_point.hpp"
#include "machines.hpp"
#include "near_misses.hpp"
#include "recommended.hpp"
#include "resolution.hpp"
#include "search_layout.hpp"
#include "search_pools.hpp"

namespace dsplan::plan {
namespace {

using catalog::Catalog;

// Of the best by the screen, so many more than are shown are recomputed; and so many at most where
// recomputing finds that they break a limit.
constexpr std::size_t kRecomputedBeyond = 5;
constexpr std::size_t kMostRecomputed = 48;
constexpr int kMostSteps = 8;  ///< to lighter loads, where the heaviest of the screen does not hold
constexpr std::int64_t kTriedOfFamily = 8;  ///< points of the same device, engine and formats
constexpr std::int64_t kOfOneFamily = 2;    ///< of them, shown

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
  [[nodiscard]] PointChecker checker() const { return {c_, r_, found_.families}; }

  /// Best first, until what is left cannot be among the best by the screen's own figures.
  void recompute() {
    std::map<std::size_t, std::int64_t> of_family;
    std::size_t tried = 0;
    for (const SearchPoint& p : found_.points) {
      if (tried >= kMostRecomputed || enough(p)) break;
      if (!r_.frontier && found_.families.size() > 1 && of_family[p.family] >= kTriedOfFamily)
        continue;
      ++tried;
      ++of_family[p.family];
      if (auto checked = lightened(p)) checked_.push_back(std::move(*checked));
    }
    found_.misses.insert(found_.misses.begin(), missed_.begin(), missed_.end());
  }

  /// Are as many found as are shown, and some to spare, none of them worse than the next?
  [[nodiscard]] bool enough(const SearchPoint& next) const {
    if (r_.frontier) return false;
    const auto wanted =
        static_cast<std::size_t>(q_.most_shown) + (r_.listing ? 0 : kRecomputedBeyond);
    if (checked_.size() < wanted) return false;
    const auto better_ones = std::count_if(checked_.begin(), checked_.end(), [&](const Checked& c) {
      return r_.listing || c.point.key <= next.key;
    });
    return static_cast<std::size_t>(better_ones) >= wanted;
  }

  /// The point, or the nearest lighter load that holds when recomputed.
  std::optional<Checked> lightened(SearchPoint p) {
    for (int step = 0; step < kMostSteps; ++step) {
      Judged judged = checker().judge(p);
      if (judged.broken.empty()) return std::move(judged.checked);
      note_miss(p, judged);
      if (!lighten(p, judged.breaks(Constraint::throughput))) return std::nullopt;
    }
    return std::nullopt;
  }

  /// What the screen let pass and one limit stops is as near as a miss can be.
  void note_miss(const SearchPoint& p, const Judged& judged) {
    const BrokenLimit& b = judged.broken.front();
    if (judged.broken.size() > 1 || p.prefill || b.needed <= 0.0) return;
    missed_.push_back({p, b.constraint, excess_of(b), 1});
  }

  [[nodiscard]] bool lighten(SearchPoint& p, bool too_slow) const {
    const bool by_rate = r_.limits.output_tokens_per_s.has_value();
    if (p.prefill && by_rate) return false;
    if (r_.concurrency || by_rate) return add_copy(p, by_rate && too_slow);
    const std::int64_t groups = (p.layout.dp - r_.spare_copies) * p.layout.attention_dp;
    const auto steps = batch_steps();
    const auto now = std::lower_bound(steps.begin(), steps.end(), p.batch / groups);
    if (now == steps.begin()) return false;
    p.batch = *(now - 1) * groups;
    return true;
  }

  /// One more copy, to share the load or to carry more of it.
  [[nodiscard]] bool add_copy(SearchPoint& p, bool carries_more) const {
    const std::int64_t copy = workload::replica_gpus(p.layout);
    const auto devices = whole_devices(found_.families[p.family], p.gpus + copy);
    if (r_.gpus || r_.base.dp || devices > r_.most_gpus) return false;
    if (carries_more && !r_.concurrency) p.batch += p.batch / p.layout.dp;
    ++p.layout.dp;
    p.gpus += copy;
    return true;
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
      return;
    }
    std::map<std::size_t, std::int64_t> of_family;
    const bool several = found_.families.size() > 1;
    std::erase_if(checked_, [&](const Checked& c) {
      return several && ++of_family[c.point.family] > kOfOneFamily;
    });
    if (checked_.size() > static_cast<std::size_t>(q_.most_shown))
      checked_.resize(static_cast<std::size_t>(q_.most_shown));
  }

  void print() {
    for (const Checked& c : checked_) {
      out_.deployments.push_back(recommended(c_, q_, checker(), c));
      Recommended& d = out_.deployments.back();
      d.rank = static_cast<std::int64_t>(out_.deployments.size());
      if (d.rank > 1) d.tied_with_first = !r_.frontier && tied(r_, checked_.front(), c);
      d.reasons = reasons(r_, c, d);
    }
  }

  void reject() {
    std::optional<SearchPoint> best;
    if (!checked_.empty() && !r_.frontier) best = checked_.front().point;
    out_.rejected = near_misses(c_, r_, found_, best);
    if (!out_.deployments.empty()) return;
    out_.relax = out_.rejected.empty()
                     ? "no layout of the model stands on these devices"
                     : out_.rejected.front().change + ": " + out_.rejected.front().reason;
  }

  const Catalog& c_;
  const RecommendRequest& q_;
  const SearchRequest& r_;
  SearchResult found_;
  std::vector<Checked> checked_;
  std::vector<SearchMiss> missed_;
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
