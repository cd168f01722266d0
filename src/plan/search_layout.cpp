#include "search_layout.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/estimate/memory.hpp"
#include "dsplan/estimate/power.hpp"

namespace dsplan::plan {
namespace {

using workload::Layout;

constexpr double kUnpriced = 1e12;  ///< keys without a price come after all others
constexpr double kMillion = 1e6;
// A machine without its devices, as a share of their price (as in cost_answer.cpp).
constexpr double kServerShare = 0.3;

double real(std::int64_t n) { return static_cast<double>(n); }

class LayoutSearch {
 public:
  LayoutSearch(const SearchRequest& r,
               const SearchFamily& f,
               const FamilySpace& s,
               const Layout& layout)
      : r_(r), f_(f), s_(s), layout_(layout), copy_gpus_(workload::replica_gpus(layout)) {}

  LayoutResult run() {
    options_ = load_options(r_, layout_);
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
      miss_memory();
      if (!r_.exhaustive) return;
    }
    prepare();
    if (r_.exhaustive) return take_all();
    const std::int64_t high = last([this](std::int64_t i) { return holds_upper(i); });
    if (high < 0) return miss_upper();
    if (!holds_lower(high)) return miss_lower(high);
    const std::int64_t low = first(high, [this](std::int64_t i) { return holds_lower(i); });
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

  /// By most objectives the heaviest load is the best; waiting grows with the load; and where rents
  /// go by whole instances, a rate per dollar has no order.
  void take(std::int64_t low, std::int64_t high) {
    const bool ordered = !(r_.objective == Objective::throughput && r_.concurrency);
    if (r_.frontier || !ordered) {
      for (std::int64_t i = low; i <= high; ++i) keep(point(i));
    } else {
      keep(point(r_.objective == Objective::latency ? low : high));
    }
  }

  void keep(SearchPoint p) {
    if (r_.frontier) {
      out_.points.push_back(std::move(p));
    } else if (out_.points.empty()) {
      out_.points.push_back(std::move(p));
    } else if (better(p, out_.points.front())) {
      out_.points.front() = std::move(p);
    }
  }

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(options_.size()); }

  /// The last index up to which `holds` is true; -1 where it is false at once.
  template <typename Predicate>
  std::int64_t last(Predicate holds) const {
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
  std::int64_t first(std::int64_t high, Predicate holds) const {
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

  static bool within(const std::optional<TimeLimit>& limit, double value) {
    return !limit || value <= limit->most_s;
  }

  [[nodiscard]] bool holds_upper(std::int64_t i) {
    const double n = pressed(options_[static_cast<std::size_t>(i)]);
    if (n > real(copy_.scheduling.max_seqs)) return false;
    const CopyTimes t = copy_times(copy_, n);
    return within(r_.limits.tpot, t.tpot_s) && within(r_.limits.ttft, t.ttft_s) &&
           within(r_.limits.latency, t.e2e_s) && holds_memory(i);
  }

  [[nodiscard]] bool holds_lower(std::int64_t i) const {
    return !broken_lower(point(i), settled(i)).has_value();
  }

  struct Broken {
    Constraint constraint;
    double needed;
    double limit;
  };

  [[nodiscard]] std::optional<Broken> broken_lower(const SearchPoint& p,
                                                   const LoadOption& o) const {
    const SearchLimits& l = r_.limits;
    if (p.gpus > r_.gpus.value_or(r_.most_gpus))
      return Broken{Constraint::gpus, real(p.gpus), real(r_.most_gpus)};
    if (l.output_tokens_per_s) {
      const double reached = rate(pressed(o)) * adp() * real(o.copies - r_.spare_copies);
      if (reached < *l.output_tokens_per_s)
        return Broken{Constraint::throughput, reached, *l.output_tokens_per_s};
    }
    return broken_money(p);
  }

  [[nodiscard]] std::optional<Broken> broken_money(const SearchPoint& p) const {
    const SearchLimits& l = r_.limits;
    const auto over = [](const std::optional<double>& most, const std::optional<double>& value) {
      return most && (!value || *value > *most);
    };
    std::optional<double> month;
    if (p.usd_per_hour) month = *p.usd_per_hour * estimate::kHoursPerMonth;
    if (over(l.usd_per_month, month))
      return Broken{Constraint::month, month.value_or(0.0), *l.usd_per_month};
    const auto capex = purchase_of(f_, p.gpus);
    if (over(l.capex_usd, capex))
      return Broken{Constraint::capex, capex.value_or(0.0), *l.capex_usd};
    const auto power = least_power(f_, p.gpus);
    if (over(l.power_w, power)) return Broken{Constraint::power, power.value_or(0.0), *l.power_w};
    return std::nullopt;
  }

  [[nodiscard]] SearchPoint point(std::int64_t i) const {
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
    p.key = search_key(r_, f_, p);
    return p;
  }

  // ---- misses ----

  void miss(SearchPoint p, const Broken& b, std::int64_t broken) {
    const bool at_least = b.constraint == Constraint::throughput;
    const double excess = at_least ? b.limit / std::max(b.needed, 1e-12) : b.needed / b.limit;
    out_.misses.push_back({std::move(p), b.constraint, b.needed, b.limit, excess, broken});
  }

  void miss_memory() {
    const auto memory = estimate::inference_memory(w_, f_.gpu);
    const auto& worst = memory.worst_gpu();
    SearchPoint p;
    p.family = s_.index;
    p.layout = layout_;
    p.layout.dp = std::max<std::int64_t>(1, options_.front().copies);
    p.chunk = chunk_;
    p.batch = options_.front().batch;
    p.gpus = copy_gpus_ * p.layout.dp;
    miss(p,
         {Constraint::memory,
          total(worst).value,
          std::max(1.0, estimate::budget(w_, worst, *f_.gpu).usable.value)},
         1);
  }

  /// At the lightest load.
  void miss_upper() {
    const CopyTimes t = copy_times(copy_, pressed(options_.front()));
    std::vector<Broken> broken;
    const auto check = [&](Constraint c, const std::optional<TimeLimit>& limit, double value) {
      if (!within(limit, value)) broken.push_back({c, value, limit->most_s});
    };
    check(Constraint::ttft, r_.limits.ttft, t.ttft_s);
    check(Constraint::tpot, r_.limits.tpot, t.tpot_s);
    check(Constraint::latency, r_.limits.latency, t.e2e_s);
    if (broken.empty()) return;
    const auto worst =
        std::max_element(broken.begin(), broken.end(), [](const Broken& a, const Broken& b) {
          return a.needed / a.limit < b.needed / b.limit;
        });
    miss(point(0), *worst, static_cast<std::int64_t>(broken.size()));
  }

  void miss_lower(std::int64_t i) {
    SearchPoint p = point(i);
    const Broken b = *broken_lower(p, settled(i));
    if (b.needed > 0.0) miss(std::move(p), b, 1);
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
  bool no_room_ = false;
  LayoutResult out_;
};

double rate_cost(const SearchPoint& p) {
  const double rate = std::max(p.output_tokens_per_s, 1e-9);
  if (!p.usd_per_hour) return kUnpriced + real(p.gpus) / rate * kMillion;
  return *p.usd_per_hour / estimate::kSecondsPerHour / rate * kMillion;
}

}  // namespace

LayoutResult search_layout(const SearchRequest& request,
                           const SearchFamily& family,
                           const FamilySpace& space,
                           const Layout& layout) {
  return LayoutSearch(request, family, space, layout).run();
}

std::optional<double> purchase_of(const SearchFamily& f, std::int64_t gpus) {
  if (!f.gpu->price_usd) return std::nullopt;
  const auto cards = (gpus + f.gpu->devices - 1) / f.gpu->devices;
  return *f.gpu->price_usd * real(cards) * (f.gpu->unified_memory ? 1.0 : 1.0 + kServerShare);
}

std::optional<double> least_power(const SearchFamily& f, std::int64_t gpus) {
  if (!f.gpu->power_w) return std::nullopt;
  const double devices = *f.gpu->power_w / real(f.gpu->devices) * real(gpus);
  return devices * (1.0 + estimate::kFanShare) / estimate::kSupplyEfficiency;
}

double search_key(const SearchRequest& r, const SearchFamily& f, const SearchPoint& p) {
  const bool demand = r.concurrency || (r.limits.output_tokens_per_s && !r.gpus);
  switch (r.objective) {
    case Objective::latency:
      return p.e2e_s;
    case Objective::energy:
      return least_power(f, p.gpus).value_or(kUnpriced) / std::max(p.output_tokens_per_s, 1e-9);
    case Objective::cost:
      if (demand) return p.usd_per_hour ? *p.usd_per_hour : kUnpriced + real(p.gpus);
      return rate_cost(p);
    case Objective::throughput:
      break;
  }
  return rate_cost(p);
}

bool better(const SearchPoint& a, const SearchPoint& b) {
  if (a.key != b.key) return a.key < b.key;
  if (a.gpus != b.gpus) return a.gpus < b.gpus;
  if (a.e2e_s != b.e2e_s) return a.e2e_s < b.e2e_s;
  return a.output_tokens_per_s > b.output_tokens_per_s;
}

bool dominates(const SearchPoint& a, const SearchPoint& b) {
  const double cost_a = rate_cost(a);
  const double cost_b = rate_cost(b);
  if (cost_a > cost_b || a.e2e_s > b.e2e_s) return false;
  return cost_a < cost_b || a.e2e_s < b.e2e_s;
}

void keep_frontier(std::vector<SearchPoint>& points) {
  std::stable_sort(points.begin(), points.end(), [](const SearchPoint& a, const SearchPoint& b) {
    const double cost_a = rate_cost(a);
    const double cost_b = rate_cost(b);
    return cost_a != cost_b ? cost_a < cost_b : a.e2e_s < b.e2e_s;
  });
  double least_s = INFINITY;
  std::erase_if(points, [&](const SearchPoint& p) {
    if (p.e2e_s >= least_s) return true;
    least_s = p.e2e_s;
    return false;
  });
}

}  // namespace dsplan::plan
