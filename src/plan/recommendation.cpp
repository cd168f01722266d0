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
constexpr std::size_t kRecomputedBeyond = 3;
constexpr std::size_t kMostRecomputed = 24;
constexpr std::size_t kMostOfFrontier = 48;
constexpr int kMostSteps = 5;  ///< to more copies, where those of the screen do not hold
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
    warn_of_context();
    recompute();
    rank();
    print();
    if (q_.near_misses) reject();
    return std::move(out_);
  }

 private:
  /// That the model is not made for such lengths holds of every deployment.
  void warn_of_context() {
    if (found_.families.empty()) return;
    for (const Warning& w : found_.families.front().warnings) {
      if (w.id == "context-limit") out_.warnings.push_back(w);
    }
  }

  [[nodiscard]] PointChecker checker() const { return {c_, r_, found_.families}; }

  /// Best first, until what is left cannot be among the best by the screen's own figures.
  void recompute() {
    std::map<std::size_t, std::int64_t> of_family;
    std::size_t tried = 0;
    for (const SearchPoint& p : found_.points) {
      if (tried >= (r_.frontier ? kMostOfFrontier : kMostRecomputed) || enough(p)) break;
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
    const bool free = !r_.concurrency && !r_.limits.output_tokens_per_s;
    auto held = judged(p);
    if (held || (p.prefill && !free)) return held;
    return free ? with_fewer_requests(p) : with_more_copies(p);
  }

  std::optional<Checked> judged(const SearchPoint& p) {
    last_ = checker().judge(p);
    if (last_.broken.empty()) return std::move(last_.checked);
    note_miss(p, last_);
    return std::nullopt;
  }

  /// The heaviest step below that holds: strides that double, then halves, for the screen is seldom
  /// far off.
  std::optional<Checked> with_fewer_requests(SearchPoint p) {
    const std::int64_t groups = (p.layout.dp - r_.spare_copies) * p.layout.attention_dp;
    const auto steps = batch_steps();
    const auto at = [&](std::ptrdiff_t i) {
      p.batch = steps[static_cast<std::size_t>(i)] * groups;
      return judged(p);
    };
    std::ptrdiff_t bad =
        std::lower_bound(steps.begin(), steps.end(), p.batch / groups) - steps.begin();
    std::ptrdiff_t good = bad;
    std::optional<Checked> best;
    for (std::ptrdiff_t stride = 1; bad > 0 && !best; stride *= 2) {
      good = std::max<std::ptrdiff_t>(0, bad - stride);
      best = at(good);
      if (!best) bad = good;
    }
    while (best && bad - good > 1) {
      const std::ptrdiff_t middle = good + (bad - good) / 2;
      auto held = at(middle);
      (held ? good : bad) = middle;
      if (held) best = std::move(held);
    }
    return best;
  }

  std::optional<Checked> with_more_copies(SearchPoint p) {
    for (int step = 0; step < kMostSteps; ++step) {
      const bool slow = !r_.concurrency && last_.breaks(Constraint::throughput);
      const std::int64_t more = r_.concurrency ? missing_copies(p, last_) : 1;
      if (!add_copies(p, more, slow)) return std::nullopt;
      if (auto held = judged(p)) return held;
    }
    return std::nullopt;
  }

  /// What the screen let pass and one limit stops is as near as a miss can be.
  void note_miss(const SearchPoint& p, const Judged& judged) {
    const BrokenLimit& b = judged.broken.front();
    if (judged.broken.size() > 1 || p.prefill || b.needed <= 0.0) return;
    missed_.push_back({p, b.constraint, excess_of(b), 1});
  }

  /// A time grows at most as the requests of a copy do: fewer copies more than this cannot hold it.
  [[nodiscard]] std::int64_t missing_copies(const SearchPoint& p, const Judged& judged) const {
    double most = 1.0;
    for (const BrokenLimit& b : judged.broken) {
      const bool timed = b.constraint == Constraint::ttft || b.constraint == Constraint::tpot ||
                         b.constraint == Constraint::latency;
      if (timed) most = std::max(most, excess_of(b));
    }
    const auto working = static_cast<double>(p.layout.dp - r_.spare_copies);
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(working * (most - 1.0)));
  }

  /// More copies, to share the load or to carry more of it.
  [[nodiscard]] bool add_copies(SearchPoint& p, std::int64_t more, bool carries_more) const {
    const std::int64_t gpus = workload::replica_gpus(p.layout) * more;
    const auto devices = whole_devices(found_.families[p.family], p.gpus + gpus);
    if (r_.gpus || r_.base.dp || devices > r_.most_gpus) return false;
    if (carries_more) p.batch += p.batch / p.layout.dp * more;
    p.layout.dp += more;
    p.gpus += gpus;
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

  void warn_once(const Warning& w) {
    const bool known = std::any_of(out_.warnings.begin(),
                                   out_.warnings.end(),
                                   [&](const Warning& other) { return other.text == w.text; });
    if (!known) out_.warnings.push_back(w);
  }

  void print() {
    if (!checked_.empty()) out_.best = checked_.front().deployment;
    for (const Checked& c : checked_) {
      out_.deployments.push_back(recommended(c_, q_, checker(), c));
      Recommended& d = out_.deployments.back();
      d.rank = static_cast<std::int64_t>(out_.deployments.size());
      if (d.rank > 1) d.tied_with_first = !r_.frontier && tied(r_, checked_.front(), c);
      d.reasons = reasons(r_, c, d);
      for (const Warning& w : d.price_warnings) warn_once(w);
    }
  }

  /// A limit on what is not known of the devices cannot hold.
  [[nodiscard]] std::optional<std::string> unknown_amount() const {
    if (found_.families.empty()) return std::nullopt;
    const Deployment& d = found_.families.front();
    const std::string device(d.gpu->id);
    if (r_.limits.capex_usd && !purchase_of(d, 1))
      return "budget_capex: no price to buy " + device + " is known: say it with --gpu-usd";
    if (r_.limits.usd_per_month && rent_offers(c_, *d.gpu, {1, 1, 1}, r_.rent).empty())
      return "budget_per_month: nobody is known to rent " + device + " out: --catalog adds prices";
    if (r_.limits.power_w && !d.gpu->power_w)
      return "power: that of " + device + " is not known: --catalog adds power_w";
    return std::nullopt;
  }

  void reject() {
    std::optional<SearchPoint> best;
    if (!checked_.empty() && !r_.frontier) best = checked_.front().point;
    out_.rejected = near_misses(c_, r_, found_, best);
    if (!out_.deployments.empty()) return;
    out_.relax = out_.rejected.empty()
                     ? unknown_amount().value_or("no layout of the model stands on these devices")
                     : out_.rejected.front().change + ": " + out_.rejected.front().reason;
  }

  const Catalog& c_;
  const RecommendRequest& q_;
  const SearchRequest& r_;
  SearchResult found_;
  std::vector<Checked> checked_;
  std::vector<SearchMiss> missed_;
  Judged last_;
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
