#include "search_layout.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "dsplan/estimate/memory.hpp"

namespace dsplan::plan {
namespace {

using workload::Layout;

// A layout that needs more of its devices than this is no near miss.
constexpr double kMostMemoryExcess = 1.5;

double real(std::int64_t n) { return static_cast<double>(n); }

class LayoutSearch {
 public:
  LayoutSearch(const SearchRequest& r,
               const SearchFamily& f,
               const FamilySpace& s,
               const Layout& layout)
      : r_(r), f_(f), s_(s), layout_(layout), copy_gpus_(workload::replica_gpus(layout)) {}

  LayoutResult run() {
    options_ = load_options(r_, f_, layout_);
    if (options_.empty()) return {};
    for (const auto& chunk : s_.chunks) {
      out_.evaluated += static_cast<std::int64_t>(options_.size());
      if (!r_.exhaustive && no_room_) continue;
      search_chunk(chunk);
    }
    if (r_.frontier) keep_frontier(out_.points);
    return std::move(out_);
  }

 private:
  // ---- one chunk ----

  void search_chunk(const std::optional<std::int64_t>& chunk) {
    chunk_ = chunk;
    w_ = f_.workload;
    w_.layout = layout_;
    if (chunk) w_.settings.max_batched_tokens = chunk;
    if (!holds_memory(0)) {
      no_room_ = true;
      if (nearly_fits()) {
        prepare();
        miss(0);
      }
      if (!r_.exhaustive) return;
    }
    prepare();
    if (r_.exhaustive) return take_all();
    const std::int64_t high = last([this](std::int64_t i) { return holds_upper(i); });
    if (high + 1 < size()) miss(high + 1);
    if (high < 0) return;
    if (!holds_lower(high)) return miss(high);
    const std::int64_t low = first(high, [this](std::int64_t i) { return holds_lower(i); });
    if (low > 0) miss(low - 1);
    out_.valid += high - low + 1;
    take(low, high);
  }

  void prepare() {
    if (steps_.terms.empty()) steps_ = estimate::step_model(w_, s_.platform, *s_.stack);
    const traffic::BatchLoad load{.input_tokens = real(w_.input_tokens),
                                  .output_tokens = real(w_.output_tokens),
                                  .prefix_hit = w_.settings.prefix_hit};
    copy_ = copy_model(steps_, step_scheduling(w_, *s_.stack, *f_.gpu), load);
  }

  void take_all() {
    for (std::int64_t i = 0; i < size(); ++i) {
      if (!holds_memory(i) || !holds_upper(i) || !holds_lower(i)) continue;
      ++out_.valid;
      keep(point(i));
    }
  }

  /// Is the best load at an end of those that hold? The heaviest is by cost, the lightest by
  /// latency. Whole instances and machines leave a rate per dollar or watt without an order where
  /// the load is given, and every objective where the copies follow from the rate.
  [[nodiscard]] bool ordered() const {
    if (r_.frontier || options_.front().copies == 0) return false;
    const bool per_rate =
        r_.objective == Objective::throughput || r_.objective == Objective::energy;
    return !(per_rate && r_.concurrency);
  }

  void take(std::int64_t low, std::int64_t high) {
    if (!ordered()) {
      for (std::int64_t i = low; i <= high; ++i) keep(point(i));
    } else {
      keep(point(r_.objective == Objective::latency ? low : high));
    }
  }

  void keep(const SearchPoint& p) {
    if (r_.frontier || out_.points.empty()) {
      out_.points.push_back(p);
    } else if (better(p, out_.points.front())) {
      out_.points.front() = p;
    }
  }

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(options_.size()); }

  /// The last index up to which `holds` is true; -1 where it is false at once.
  template <typename Predicate>
  [[nodiscard]] std::int64_t last(Predicate holds) const {
    if (!holds(0)) return -1;
    std::int64_t good = 0;
    std::int64_t bad = size();
    if (holds(bad - 1)) return bad - 1;
    while (bad - good > 1) {
      const std::int64_t middle = good + (bad - good) / 2;
      (holds(middle) ? good : bad) = middle;
    }
    return good;
  }

  /// The first index from which `holds` is true, given that it is at `high`.
  template <typename Predicate>
  [[nodiscard]] std::int64_t first(std::int64_t high, Predicate holds) const {
    if (holds(0)) return 0;
    std::int64_t bad = 0;
    std::int64_t good = high;
    while (good - bad > 1) {
      const std::int64_t middle = bad + (good - bad) / 2;
      (holds(middle) ? good : bad) = middle;
    }
    return good;
  }

  // ---- one load ----

  [[nodiscard]] double adp() const { return real(layout_.attention_dp); }

  /// Requests on one attention replica while the spare copies are gone.
  [[nodiscard]] double pressed(const LoadOption& o) const {
    const auto copies = std::max<std::int64_t>(1, o.copies - r_.spare_copies);
    return std::max(1.0, real(o.batch) / (real(copies) * adp()));
  }

  [[nodiscard]] double rate(double n) const { return copy_times(copy_, n).output_tokens_per_s; }

  /// Copies and requests, where the rate asked for decides them.
  [[nodiscard]] LoadOption settled(std::int64_t i) const {
    LoadOption o = options_[static_cast<std::size_t>(i)];
    if (o.copies > 0) return o;
    const double each = rate(std::max(1.0, real(o.batch) / adp())) * adp();
    const double copies = std::ceil(*r_.limits.output_tokens_per_s / std::max(each, 1e-9));
    const double most = real(r_.most_gpus) + 1.0;
    const auto needed = static_cast<std::int64_t>(std::min(copies, most));
    return {needed + r_.spare_copies, o.batch * needed};
  }

  [[nodiscard]] bool holds_memory(std::int64_t i) {
    const LoadOption& o = options_[static_cast<std::size_t>(i)];
    w_.layout.dp = std::max<std::int64_t>(1, o.copies - r_.spare_copies);
    w_.batch = o.batch;
    return estimate::fits(w_, estimate::inference_memory(w_, f_.gpu), *f_.gpu);
  }

  /// Of a listing the first layout is taken, so that a doubtful one costs more than it gains.
  [[nodiscard]] bool within(const std::optional<TimeLimit>& limit, double value) const {
    return !limit || value <= limit->most_s * (r_.listing ? 1.0 : kScreenError);
  }

  [[nodiscard]] bool holds_upper(std::int64_t i) {
    const double n = pressed(options_[static_cast<std::size_t>(i)]);
    if (n > real(copy_.scheduling.max_seqs)) return false;
    const CopyTimes t = copy_times(copy_, n);
    return within(r_.limits.tpot, t.tpot_s) && within(r_.limits.ttft, t.ttft_s) &&
           within(r_.limits.latency, t.e2e_s) && holds_memory(i);
  }

  [[nodiscard]] bool holds_lower(std::int64_t i) {
    return broken_lower(point(i), settled(i)).empty();
  }

  using BrokenList = std::vector<BrokenLimit>;

  [[nodiscard]] BrokenList broken_lower(const SearchPoint& p, const LoadOption& o) const {
    const SearchLimits& l = r_.limits;
    BrokenList broken;
    const auto devices = whole_devices(f_, p.gpus);
    const std::int64_t most = r_.gpus ? whole_devices(f_, *r_.gpus) : r_.most_gpus;
    if (devices > most) broken.push_back({Constraint::gpus, real(devices), real(most)});
    if (l.output_tokens_per_s) {
      const double reached = rate(pressed(o)) * adp() * real(o.copies - r_.spare_copies);
      if (reached < *l.output_tokens_per_s)
        broken.push_back({Constraint::throughput, reached, *l.output_tokens_per_s});
    }
    add_money(broken, p);
    return broken;
  }

  void add_money(BrokenList& broken, const SearchPoint& p) const {
    const SearchLimits& l = r_.limits;
    const auto hold =
        [&](Constraint c, const std::optional<double>& most, const std::optional<double>& value) {
          if (most && (!value || *value > *most)) broken.push_back({c, value.value_or(0.0), *most});
        };
    std::optional<double> month;
    if (p.usd_per_hour) month = *p.usd_per_hour * estimate::kHoursPerMonth;
    hold(Constraint::month, l.usd_per_month, month);
    if (l.capex_usd) hold(Constraint::capex, l.capex_usd, purchase_of(f_, p.gpus));
    hold(Constraint::power, l.power_w, p.power_w);
  }

  /// [H-POWER] Of so many copies; only where something asks for it.
  [[nodiscard]] std::optional<double> power(std::int64_t copies) {
    if (!r_.limits.power_w && r_.objective != Objective::energy) return std::nullopt;
    const auto known = power_.find(copies);
    if (known != power_.end()) return known->second;
    workload::Inference w = w_;
    w.layout.dp = copies;
    return power_[copies] = wall_power(f_, w);
  }

  [[nodiscard]] SearchPoint point(std::int64_t i) {
    const LoadOption o = settled(i);
    const double n = std::max(1.0, real(o.batch) / (real(o.copies) * adp()));
    const CopyTimes t = copy_times(copy_, n);
    SearchPoint p;
    p.family = s_.index;
    p.layout = layout_;
    p.layout.dp = o.copies;
    p.chunk = chunk_;
    p.batch = o.batch;
    p.gpus = copy_gpus_ * o.copies;
    p.ttft_s = t.ttft_s;
    p.tpot_s = t.tpot_s;
    p.e2e_s = t.e2e_s;
    p.output_tokens_per_s = t.output_tokens_per_s * real(o.copies) * adp();
    p.usd_per_hour = rent_of(s_, f_, layout_, o.copies);
    p.power_w = power(o.copies);
    p.key = search_key(r_, f_, p);
    return p;
  }

  // ---- misses ----

  [[nodiscard]] BrokenLimit memory_need() const {
    const auto memory = estimate::inference_memory(w_, f_.gpu);
    const auto& worst = memory.worst_gpu();
    const double usable = std::max(1.0, estimate::budget(w_, worst, *f_.gpu).usable.value);
    return {Constraint::memory, total(worst).value, usable};
  }

  [[nodiscard]] bool nearly_fits() const {
    const BrokenLimit b = memory_need();
    return b.needed <= b.limit * kMostMemoryExcess;
  }

  /// All that a load breaks. A free load that memory does not hold is no loss: a lighter one holds.
  [[nodiscard]] std::optional<BrokenList> broken(std::int64_t i) {
    const LoadOption& o = options_[static_cast<std::size_t>(i)];
    const double n = pressed(o);
    if (n > real(copy_.scheduling.max_seqs)) return std::nullopt;
    const CopyTimes t = copy_times(copy_, n);
    BrokenList list = broken_lower(point(i), settled(i));
    const auto hold = [&](Constraint c, const std::optional<TimeLimit>& limit, double value) {
      if (limit && value > limit->most_s) list.push_back({c, value, limit->most_s});
    };
    hold(Constraint::ttft, r_.limits.ttft, t.ttft_s);
    hold(Constraint::tpot, r_.limits.tpot, t.tpot_s);
    hold(Constraint::latency, r_.limits.latency, t.e2e_s);
    if (!holds_memory(i)) {
      if (i > 0 && !r_.concurrency) return std::nullopt;
      list.push_back(memory_need());
    }
    return list;
  }

  void miss(std::int64_t i) {
    const auto list = broken(i);
    if (!list || list->empty()) return;
    SearchMiss m;
    for (const BrokenLimit& b : *list) {
      if (b.needed <= 0.0) return;
      if (excess_of(b) < m.excess) continue;
      m.binding = b.constraint;
      m.excess = excess_of(b);
    }
    m.point = point(i);
    m.broken = static_cast<std::int64_t>(list->size());
    out_.misses.push_back(m);
  }

  const SearchRequest& r_;
  const SearchFamily& f_;
  const FamilySpace& s_;
  Layout layout_;
  std::int64_t copy_gpus_;
  std::vector<LoadOption> options_;
  std::optional<std::int64_t> chunk_;
  workload::Inference w_;
  estimate::StepModel steps_;
  CopyModel copy_;
  std::map<std::int64_t, std::optional<double>> power_;
  bool no_room_ = false;
  LayoutResult out_;
};

}  // namespace

LayoutResult search_layout(const SearchRequest& request,
                           const SearchFamily& family,
                           const FamilySpace& space,
                           const Layout& layout) {
  return LayoutSearch(request, family, space, layout).run();
}

}  // namespace dsplan::plan
