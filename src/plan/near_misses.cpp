#include "near_misses.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "dsplan/estimate/memory.hpp"
#include "dsplan/plan/memory_answer.hpp"

#include "checked_point.hpp"
#include "search_rank.hpp"
#include "search_texts.hpp"

namespace dsplan::plan {
namespace {

constexpr std::size_t kMostShown = 5;
constexpr std::size_t kMostTried = 10;       ///< recomputed
constexpr std::size_t kMostWithoutGain = 2;  ///< shown beside an answer that is as good
// What misses a limit by more is not near, and is named only where nothing nearer is known.
constexpr double kNear = 1.5;

class NearMisses {
 public:
  NearMisses(const catalog::Catalog& catalog,
             const SearchRequest& request,
             const SearchResult& found,
             const std::optional<SearchPoint>& best)
      : c_(catalog), r_(request), found_(found), best_(best), checker_(c_, r_, found.families) {}

  std::vector<RejectedDeployment> run() {
    take(1, [this](const SearchMiss& m) { return of_kind(m); });
    take(1, [this](const SearchMiss& m) { return of_device(m); });
    if (shown_.empty() && !best_) take(kAny, [this](const SearchMiss& m) { return of_kind(m); });
    if (shown_.empty() && !best_) take_least_memory();
    return ordered();
  }

 private:
  static constexpr std::int64_t kAny = 99;

  struct Miss {
    RejectedDeployment text;
    double excess = 1.0;  ///< recomputed
  };

  /// Those that gain something, or else a few that do not; the nearest first.
  [[nodiscard]] std::vector<RejectedDeployment> ordered() {
    const auto gains = [](const Miss& m) { return m.text.gain.has_value(); };
    std::stable_sort(shown_.begin(), shown_.end(), [&](const Miss& a, const Miss& b) {
      return gains(a) != gains(b) ? gains(a) : a.excess < b.excess;
    });
    const bool gained = !shown_.empty() && gains(shown_.front());
    std::vector<RejectedDeployment> list;
    for (Miss& m : shown_) {
      if (gained && !gains(m)) break;
      if (best_ && !gained && list.size() >= kMostWithoutGain) break;
      list.push_back(std::move(m.text));
    }
    return list;
  }

  /// What one miss is shown of: a kind of device and a limit, then a device and formats.
  using Group = std::tuple<std::string_view, std::string_view, std::string_view, Constraint>;
  [[nodiscard]] Group of_kind(const SearchMiss& m) const {
    const catalog::Gpu& gpu = *found_.families[m.point.family].gpu;
    return {gpu.vendor, gpu.architecture, {}, m.binding};
  }
  [[nodiscard]] Group of_device(const SearchMiss& m) const {
    const SearchFamily& f = found_.families[m.point.family];
    return {f.gpu->id, f.workload.precision.dense->id, f.slice_name, m.binding};
  }

  template <typename GroupOf>
  void take(std::int64_t most_broken, GroupOf group_of) {
    std::set<Group> known;
    for (std::size_t i = 0; i < found_.misses.size(); ++i) {
      const SearchMiss& m = found_.misses[i];
      if (shown_.size() >= kMostShown || tried_ >= kMostTried) return;
      if (m.excess > kNear && !shown_.empty()) continue;
      if (m.broken > most_broken || taken_.contains(i) || known.contains(group_of(m))) continue;
      ++tried_;
      auto r = rejected(m, most_broken);
      if (!r) continue;
      known.insert(group_of(m));
      taken_.insert(i);
      shown_.push_back(std::move(*r));
    }
  }

  /// What the search passed over as far too large: the family that is so by least, on as many GPUs
  /// as may be.
  void take_least_memory() {
    std::optional<SearchMiss> least;
    for (std::size_t i = 0; i < found_.families.size(); ++i) {
      const SearchFamily& f = found_.families[i];
      const std::int64_t most = std::min(r_.gpus.value_or(r_.most_gpus), f.node_gpus);
      const workload::Inference& w = f.workload;
      const auto layouts = workload::replica_layouts(most, f.node_gpus, *w.model, *w.engine);
      if (layouts.empty()) continue;
      SearchMiss m;
      m.point.family = i;
      m.point.layout = layouts.front();
      m.point.batch = r_.concurrency.value_or(1);
      m.point.gpus = most;
      workload::Inference one = w;
      one.layout = m.point.layout;
      one.batch = m.point.batch;
      const auto memory = estimate::inference_memory(one, f.gpu);
      m.excess = total(memory.worst_gpu()) /
                 std::max(bytes(1), estimate::budget(one, memory.worst_gpu(), *f.gpu).usable);
      if (!least || m.excess < least->excess) least = m;
    }
    if (!least) return;
    if (auto r = rejected(*least, kAny)) shown_.push_back(std::move(*r));
  }

  /// Nothing where the recomputed point holds, breaks more limits, or no flag admits it.
  [[nodiscard]] std::optional<Miss> rejected(const SearchMiss& m, std::int64_t most_broken) const {
    const Judged v = checker_.judge(m.point);
    if (v.broken.empty() || std::ssize(v.broken) > most_broken) return std::nullopt;
    const Deployment& d = v.checked.deployment;
    Miss miss{described(d, m.point), 1.0};
    RejectedDeployment& r = miss.text;
    for (const BrokenLimit& b : v.broken) {
      if (b.needed <= 0.0) return std::nullopt;
      const std::string change =
          b.constraint == Constraint::memory ? memory_change(d) : change_of(r_, b);
      if (change.empty()) return std::nullopt;
      r.change += (r.change.empty() ? "" : " ") + change;
      r.reason += (r.reason.empty() ? "" : "; ") + reason_of(b);
      miss.excess = std::max(miss.excess, excess_of(b));
    }
    const BrokenLimit& first = v.broken.front();
    r.binding_constraint = std::string(name_of(first.constraint));
    r.needed = first.needed;
    r.limit = first.limit;
    if (gains(first, v.checked.point)) r.gain = key_text(r_, v.checked.point.key);
    return miss;
  }

  /// The change that makes room changes the rest too.
  [[nodiscard]] bool gains(const BrokenLimit& b, const SearchPoint& p) const {
    return best_ && b.constraint != Constraint::memory && p.key < kUnknownPrice &&
           p.key < best_->key;
  }

  [[nodiscard]] static RejectedDeployment described(const Deployment& d, const SearchPoint& p) {
    RejectedDeployment r;
    r.gpu = std::string(d.gpu->id);
    if (!d.slice_name.empty()) r.mig = d.slice_name;
    r.gpus = p.gpus;
    r.engine = std::string(base_engine(d));
    r.layout = workload::describe(d.workload.layout);
    r.precision = precision_name(d);
    r.kv_precision = std::string(d.workload.precision.kv->id);
    return r;
  }

  /// The nearest that leaves the question's requests as they are.
  [[nodiscard]] std::string memory_change(const Deployment& d) const {
    for (const Fix& fix : memory_fixes(c_, d)) {
      if (!fix.flags.starts_with("--context") && !fix.flags.starts_with("--batch"))
        return fix.flags;
    }
    return {};
  }

  const catalog::Catalog& c_;
  const SearchRequest& r_;
  const SearchResult& found_;
  const std::optional<SearchPoint>& best_;
  PointChecker checker_;
  std::size_t tried_ = 0;
  std::set<std::size_t> taken_;
  std::vector<Miss> shown_;
};

}  // namespace

std::vector<RejectedDeployment> near_misses(const catalog::Catalog& catalog,
                                            const SearchRequest& request,
                                            const SearchResult& found,
                                            const std::optional<SearchPoint>& best) {
  return NearMisses(catalog, request, found, best).run();
}

}  // namespace dsplan::plan
