#include "search_pools.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "dsplan/estimate/memory.hpp"

#include "machines.hpp"
#include "pair_figures.hpp"

namespace dsplan::plan {
namespace {

using workload::Layout;

double real(std::int64_t n) { return static_cast<double>(n); }

/// A copy of the prompt pool.
struct PromptCopy {
  Layout layout;
  std::optional<std::int64_t> chunk;
  traffic::PromptPool pool;  ///< of one copy
};

/// So many of them, held at a share of their rate.
struct PromptOption {
  const PromptCopy* copy = nullptr;
  double load = 0.0;
  double prompts_per_s = 0.0;
  double ttft_s = 0.0;  ///< without the way to the other pool and what follows
};

bool serves_as_well(const PromptOption& a, const PromptOption& b) {
  return a.prompts_per_s >= b.prompts_per_s && a.ttft_s <= b.ttft_s;
}

// Shares of their rate that prompts are held at: less of it waits less.
constexpr double kRounding = 1e-9;  ///< that a bound allows for
constexpr std::array<double, 3> kPromptLoads{traffic::kPromptLoad, 0.5, 0.2};

/// A copy of the decode pool at a load.
struct DecodeCopy {
  Layout layout;
  std::int64_t sequences = 1;  ///< of one attention replica
  traffic::DecodeGap gap;
  double answers_per_s = 0.0;
};

bool serves_as_well(const DecodeCopy& a, const DecodeCopy& b) {
  return a.answers_per_s >= b.answers_per_s && a.gap.token_s <= b.gap.token_s;
}

/// What copies of one size offer, and how many points of the space that stands for.
template <typename Copy>
struct Size {
  std::vector<Copy> copies;
  std::int64_t points = 0;
};

class PoolSearch {
 public:
  PoolSearch(const SearchRequest& r, const SearchFamily& f, const FamilySpace& s, double worst)
      : r_(r),
        f_(f),
        s_(s),
        worst_(worst),
        most_(r.gpus.value_or(r.most_gpus)),
        cache_(cache_of(f.workload)),
        output_(real(f.workload.output_tokens)) {}

  LayoutResult run() {
    for (const Layout& layout : s_.layouts) {
      if (workload::replica_gpus(layout) >= most_) continue;
      w_ = f_.workload;
      w_.layout = layout;
      steps_ = {};
      add_prompts(layout);
      add_decodes(layout);
    }
    for (auto& [more, decodes] : decodes_) prune(decodes.copies);
    for (const auto& [gpus, prompts] : prompts_) {
      for (const auto& [more, decodes] : decodes_) {
        out_.evaluated += prompts.points * decodes.points;
        held_[more].assign(prompts.copies.size() * decodes.copies.size(), false);
      }
      for (std::int64_t x = 1; x * gpus < most_; ++x) pair(x * gpus, x, prompts);
      // A pair of copies counts once, in whatever numbers and loads it holds the limits.
      for (const auto& [more, held] : held_)
        out_.valid += std::count(held.begin(), held.end(), true);
    }
    hand_best_over();
    if (r_.frontier) keep_frontier(out_.points);
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool fits(std::int64_t batch, std::int64_t output) {
    workload::Inference w = w_;
    w.batch = batch;
    w.output_tokens = output;
    return estimate::fits(w, estimate::inference_memory(w, f_.gpu), *f_.gpu);
  }

  [[nodiscard]] const estimate::StepModel& steps() {
    if (steps_.terms.empty()) steps_ = estimate::step_model(w_, s_.platform, *s_.stack);
    return steps_;
  }

  [[nodiscard]] traffic::BatchLoad load() const {
    return {.input_tokens = real(w_.input_tokens),
            .output_tokens = real(w_.output_tokens),
            .prefix_hit = w_.settings.prefix_hit};
  }

  [[nodiscard]] traffic::Scheduling scheduling() const {
    return step_scheduling(w_, *s_.stack, *f_.gpu);
  }

  void add_prompts(const Layout& layout) {
    auto& size = prompts_[workload::replica_gpus(layout)];
    for (const auto& chunk : s_.chunks) {
      ++size.points;
      w_.settings.max_batched_tokens = chunk ? chunk : f_.workload.settings.max_batched_tokens;
      const auto together =
          static_cast<std::int64_t>(traffic::prompts_of_step(scheduling(), load()));
      if (!fits(layout.attention_dp * together, 0)) continue;
      const auto pool =
          traffic::prompt_pool(steps(), scheduling(), load(), real(layout.attention_dp));
      const auto& limit = r_.limits.ttft;
      if (!r_.exhaustive && limit && pool.front_end_s + pool.first_s > limit->most_s) continue;
      size.copies.push_back({layout, chunk, pool});
    }
    w_.settings.max_batched_tokens = f_.workload.settings.max_batched_tokens;
  }

  void add_decodes(const Layout& layout) {
    const auto loads = batch_steps();
    auto& size = decodes_[workload::replica_gpus(layout)];
    size.points += static_cast<std::int64_t>(loads.size());
    if (!fits(layout.attention_dp, w_.output_tokens)) return;
    const traffic::Scheduling allowed = scheduling();
    const double replicas = real(layout.attention_dp);
    for (const std::int64_t n : loads) {
      const auto gap = traffic::decode_gap(steps(), allowed, load(), real(n));
      const auto& limit = r_.limits.tpot;
      if (n > allowed.max_seqs || (limit && gap.token_s > limit->most_s)) break;
      if (!fits(n * layout.attention_dp, w_.output_tokens)) break;
      size.copies.push_back(
          {layout, n, gap, traffic::answer_rate(gap, real(n), replicas, output_)});
    }
  }

  /// Leaves out what another of the same size serves as well as; the first of equals stays.
  template <typename Choice>
  void prune(std::vector<Choice>& choices) const {
    if (r_.exhaustive) return;
    std::vector<Choice> kept;
    for (const Choice& a : choices) {
      const auto as_well = [&](const Choice& b) { return serves_as_well(b, a); };
      if (std::any_of(kept.begin(), kept.end(), as_well)) continue;
      std::erase_if(kept, [&](const Choice& b) { return serves_as_well(a, b); });
      kept.push_back(a);
    }
    choices = std::move(kept);
  }

  /// What `x` copies of a size can do, beside a link and a decode pool that take no time.
  [[nodiscard]] std::vector<PromptOption> options(const Size<PromptCopy>& size,
                                                  std::int64_t x) const {
    std::vector<PromptOption> all;
    for (const PromptCopy& copy : size.copies) {
      traffic::PromptPool pool = copy.pool;
      pool.servers *= real(x);
      for (const double load : kPromptLoads) {
        const double rate = load * traffic::prompt_rate(pool);
        const double ttft = total(traffic::first_token(pool, {}, rate, 0.0));
        all.push_back({&copy, load, rate, ttft});
      }
    }
    prune(all);
    return all;
  }

  /// So many copies of a size beside so many of another.
  struct Stand {
    std::int64_t x = 1;
    std::int64_t y = 1;
    std::int64_t gpus = 2;
    traffic::HandOver way;
    std::optional<double> usd_per_hour;
  };

  /// `x` copies on `gpus` GPUs beside every decode pool that there is room for.
  void pair(std::int64_t gpus, std::int64_t x, const Size<PromptCopy>& size) {
    const auto prompts = options(size, x);
    const std::int64_t left = most_ - gpus;
    for (const auto& [more, decodes] : decodes_) {
      if (r_.gpus && left % more != 0) continue;
      const std::int64_t last = left / more;
      for (std::int64_t y = r_.gpus ? std::max<std::int64_t>(1, last) : 1; y <= last; ++y) {
        const auto stand = stand_of(x, gpus / x, y, more);
        if (stand && least_key(*stand, prompts, decodes) <= worst_)
          consider_all(*stand, size, prompts, decodes, held_[more]);
      }
    }
  }

  /// Nothing where it cannot be had for the money and the power.
  [[nodiscard]] std::optional<Stand> stand_of(std::int64_t x,
                                              std::int64_t gpus,
                                              std::int64_t y,
                                              std::int64_t more) const {
    const SearchLimits& l = r_.limits;
    // At best: all GPUs of a copy send or take a part of the cache.
    const Layout prompts{.tp = gpus, .dp = x};
    const Layout decodes{.tp = more, .dp = y};
    Stand s{x, y, x * gpus + y * more, hand_over(cache_, s_.platform, prompts, decodes), {}};
    if (s.gpus < r_.fewest_gpus) return std::nullopt;
    s.usd_per_hour = pools_rent(s_, f_, prompts, decodes);
    const double month = s.usd_per_hour.value_or(INFINITY) * estimate::kHoursPerMonth;
    if (l.usd_per_month && month > *l.usd_per_month) return std::nullopt;
    if (l.capex_usd && purchase_of(f_, s.gpus).value_or(INFINITY) > *l.capex_usd)
      return std::nullopt;
    if (l.power_w && least_power(f_, s.gpus).value_or(INFINITY) > *l.power_w) return std::nullopt;
    return s;
  }

  /// At the rate of the quickest choices of both pools, where it is by the rate that deployments
  /// are ranked: no pair on these GPUs has a lower key.
  [[nodiscard]] double least_key(const Stand& stand,
                                 const std::vector<PromptOption>& prompts,
                                 const Size<DecodeCopy>& decodes) const {
    const bool by_rate = r_.objective == Objective::throughput ||
                         (r_.objective == Objective::cost && !r_.limits.output_tokens_per_s);
    if (r_.exhaustive || r_.frontier || !by_rate) return 0.0;
    double first = 0.0;
    for (const PromptOption& a : prompts) first = std::max(first, a.prompts_per_s);
    double second = 0.0;
    for (const DecodeCopy& b : decodes.copies) second = std::max(second, b.answers_per_s);
    SearchPoint best;
    best.gpus = stand.gpus;
    best.usd_per_hour = stand.usd_per_hour;
    best.output_tokens_per_s = std::min(first, real(stand.y) * second) * output_;
    return search_key(r_, f_, best) * (1.0 - kRounding);
  }

  void consider_all(const Stand& stand,
                    const Size<PromptCopy>& size,
                    const std::vector<PromptOption>& prompts,
                    const Size<DecodeCopy>& decodes,
                    std::vector<bool>& held) {
    for (const PromptOption& a : prompts) {
      const auto first = static_cast<std::size_t>(a.copy - size.copies.data());
      for (std::size_t i = 0; i < decodes.copies.size(); ++i) {
        if (consider(stand, a, decodes.copies[i])) held[first * decodes.copies.size() + i] = true;
      }
    }
  }

  static bool within(const std::optional<TimeLimit>& limit, double value) {
    return !limit || value <= limit->most_s;
  }

  /// Both pools at the rate that the slower of them and the link allow. Do the limits hold?
  bool consider(const Stand& stand, const PromptOption& a, const DecodeCopy& b) {
    const SearchLimits& l = r_.limits;
    const double link = traffic::kPromptLoad * stand.way.lanes / stand.way.seconds;
    const double rate = std::min({a.prompts_per_s, link, real(stand.y) * b.answers_per_s});
    SearchPoint point;
    point.gpus = stand.gpus;
    point.usd_per_hour = stand.usd_per_hour;
    point.ttft_s = a.ttft_s + stand.way.seconds + traffic::first_steps() * b.gap.step_s;
    point.tpot_s = b.gap.token_s;
    point.e2e_s = point.ttft_s + (output_ - 1.0) * b.gap.token_s;
    point.output_tokens_per_s = rate * output_;
    const bool holds = within(l.ttft, point.ttft_s) && within(l.tpot, point.tpot_s) &&
                       within(l.latency, point.e2e_s) &&
                       point.output_tokens_per_s >= l.output_tokens_per_s.value_or(0.0);
    if (!holds) return false;
    point.key = search_key(r_, f_, point);
    const auto best = best_.find(stand.gpus);
    if (r_.frontier || best == best_.end() || better(point, best->second)) keep(point, stand, a, b);
    return true;
  }

  void keep(SearchPoint point, const Stand& stand, const PromptOption& a, const DecodeCopy& b) {
    point.family = s_.index;
    point.layout = b.layout;
    point.layout.dp = stand.y;
    point.batch = stand.y * b.sequences * b.layout.attention_dp;
    point.prefill = SearchPool{a.copy->layout, a.copy->chunk, a.load};
    point.prefill->layout.dp = stand.x;
    if (!r_.frontier) {
      best_.insert_or_assign(stand.gpus, point);
      return;
    }
    out_.points.push_back(point);
    if (out_.points.size() < room_) return;
    keep_frontier(out_.points);
    room_ = std::max(room_, 2 * out_.points.size());
  }

  /// Of pairs that are nearly as good as the best, the one of the fewest GPUs.
  void hand_best_over() {
    double least = INFINITY;
    for (const auto& [gpus, point] : best_) least = std::min(least, point.key);
    for (const auto& [gpus, point] : best_) {
      if (point.key > least * kNearlyAsGood) continue;
      out_.points.push_back(point);
      return;
    }
  }

  const SearchRequest& r_;
  const SearchFamily& f_;
  const FamilySpace& s_;
  double worst_;
  std::int64_t most_;
  Bytes cache_;  ///< of a prompt, once
  double output_ = 1.0;
  workload::Inference w_;
  estimate::StepModel steps_;
  std::map<std::int64_t, Size<PromptCopy>> prompts_;
  std::map<std::int64_t, Size<DecodeCopy>> decodes_;
  std::map<std::int64_t, std::vector<bool>> held_;  ///< pairs of copies, by size of the second
  std::map<std::int64_t, SearchPoint> best_;        ///< by GPUs
  std::size_t room_ = 4096;                         ///< points of a frontier before it is thinned
  LayoutResult out_;
};

}  // namespace

std::optional<double> pools_rent(const FamilySpace& space,
                                 const SearchFamily& family,
                                 const Layout& prompts,
                                 const Layout& decodes) {
  const std::int64_t all = workload::gpu_count(prompts) + workload::gpu_count(decodes);
  if (all <= machine_size(family.node_gpus)) return rent_of(space, family, {.tp = all}, 1);
  const auto first = rent_of(space, family, prompts, prompts.dp);
  const auto second = rent_of(space, family, decodes, decodes.dp);
  if (!first || !second) return std::nullopt;
  return *first + *second;
}

LayoutResult search_pools(const SearchRequest& r,
                          const SearchFamily& f,
                          const FamilySpace& s,
                          double worst) {
  const bool free = !r.concurrency && !r.base.dp && r.spare_copies == 0;
  const bool can = f.workload.engine->hands_cache_over && f.slice == nullptr;
  if (!free || !can || f.workload.output_tokens < 1) return {};
  return PoolSearch(r, f, s, worst).run();
}

}  // namespace dsplan::plan
