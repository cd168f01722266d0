#include "search_pools.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "dsplan/estimate/memory.hpp"

namespace dsplan::plan {
namespace {

using workload::Layout;

constexpr double kRounding = 1e-9;  ///< that a bound allows for

double real(std::int64_t n) { return static_cast<double>(n); }

/// A copy of the prompt pool.
struct PromptCopy {
  Layout layout;
  std::optional<std::int64_t> chunk;
  double prompt_s = 0.0;
  double every_s = 0.0;

  [[nodiscard]] double rate() const { return real(layout.attention_dp) / every_s; }
};

/// A copy of the decode pool at a load.
struct DecodeCopy {
  Layout layout;
  std::int64_t sequences = 1;  ///< of one attention replica
  double token_s = 0.0;

  [[nodiscard]] double rate() const {  ///< tokens a second
    return real(layout.attention_dp * sequences) / token_s;
  }
};

/// What copies of one size offer, and how many points of the space that stands for.
template <typename Copy>
struct Size {
  std::vector<Copy> copies;
  std::int64_t points = 0;
};

class PoolSearch {
 public:
  PoolSearch(const SearchRequest& r, const SearchFamily& f, const FamilySpace& s, double worst)
      : r_(r), f_(f), s_(s), worst_(worst), most_(r.gpus.value_or(r.most_gpus)) {}

  LayoutResult run() {
    for (const Layout& layout : s_.layouts) {
      if (workload::replica_gpus(layout) >= most_) continue;
      w_ = f_.workload;
      w_.layout = layout;
      steps_ = {};
      add_prompts(layout);
      add_decodes(layout);
    }
    for (auto& [gpus, prompts] : prompts_) {
      for (auto& [more, decodes] : decodes_) pair(gpus, prompts, more, decodes);
    }
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

  [[nodiscard]] CopyModel model() {
    if (steps_.terms.empty()) steps_ = estimate::step_model(w_, s_.platform, *s_.stack);
    const traffic::BatchLoad load{.input_tokens = real(w_.input_tokens),
                                  .output_tokens = real(w_.output_tokens),
                                  .prefix_hit = w_.settings.prefix_hit};
    return copy_model(steps_, step_scheduling(w_, *s_.stack, *f_.gpu), load);
  }

  void add_prompts(const Layout& layout) {
    auto& size = prompts_[workload::replica_gpus(layout)];
    for (const auto& chunk : s_.chunks) {
      ++size.points;
      w_.settings.max_batched_tokens = chunk ? chunk : f_.workload.settings.max_batched_tokens;
      if (!fits(layout.attention_dp, 0)) continue;
      const CopyModel copy = model();
      const auto& limit = r_.limits.ttft;
      const double waits = copy.prompt_s * (1.0 + kPromptsWaitedFor);
      if (!r_.exhaustive && limit && waits > limit->most_s) continue;
      size.copies.push_back({layout, chunk, copy.prompt_s, prompt_interval(copy)});
    }
    w_.settings.max_batched_tokens = f_.workload.settings.max_batched_tokens;
  }

  void add_decodes(const Layout& layout) {
    const auto steps = batch_steps();
    auto& size = decodes_[workload::replica_gpus(layout)];
    size.points += static_cast<std::int64_t>(steps.size());
    if (!fits(layout.attention_dp, w_.output_tokens)) return;
    const CopyModel copy = model();
    for (const std::int64_t n : steps) {
      const double token = decode_times(copy, real(n)).tpot_s;
      const auto& limit = r_.limits.tpot;
      if (n > copy.scheduling.max_seqs || (limit && token > limit->most_s)) break;
      if (!fits(n * layout.attention_dp, w_.output_tokens)) break;
      size.copies.push_back({layout, n, token});
    }
  }

  /// No prompt copy of this size is as good in both rate and time, no decode copy in rate and time
  /// of a token: the rest cannot be part of the best.
  void prune(Size<PromptCopy>& size) const {
    if (r_.exhaustive) return;
    std::erase_if(size.copies, [&](const PromptCopy& a) {
      return std::any_of(size.copies.begin(), size.copies.end(), [&](const PromptCopy& b) {
        return b.rate() >= a.rate() && b.prompt_s <= a.prompt_s &&
               (b.rate() > a.rate() || b.prompt_s < a.prompt_s);
      });
    });
  }
  void prune(Size<DecodeCopy>& size) const {
    if (r_.exhaustive) return;
    std::erase_if(size.copies, [&](const DecodeCopy& a) {
      return std::any_of(size.copies.begin(), size.copies.end(), [&](const DecodeCopy& b) {
        return b.rate() >= a.rate() && b.token_s <= a.token_s &&
               (b.rate() > a.rate() || b.token_s < a.token_s);
      });
    });
  }

  void pair(std::int64_t gpus, Size<PromptCopy>& p, std::int64_t more, Size<DecodeCopy>& d) {
    prune(p);
    prune(d);
    out_.evaluated += p.points * d.points;
    for (const PromptCopy& a : p.copies) {
      for (const DecodeCopy& b : d.copies) {
        if (!r_.exhaustive && least_key(a, gpus, b, more) > worst_key()) continue;
        if (pair_copies(a, gpus, b, more)) ++out_.valid;
      }
    }
  }

  /// As many of each as there is room for; does any of these hold?
  bool pair_copies(const PromptCopy& a, std::int64_t gpus, const DecodeCopy& b, std::int64_t more) {
    bool any = false;
    for (std::int64_t x = 1; x * gpus + more <= most_; ++x) {
      const std::int64_t left = most_ - x * gpus;
      if (r_.gpus && left % more != 0) continue;
      const std::int64_t last = left / more;
      for (std::int64_t y = r_.gpus ? last : 1; y <= last; ++y) any = consider(a, x, b, y) || any;
    }
    return any;
  }

  /// A rate takes at least its share of a copy of each pool, at the least price of a GPU: no
  /// numbers of these copies can cost less for it.
  [[nodiscard]] double least_key(const PromptCopy& a,
                                 std::int64_t gpus,
                                 const DecodeCopy& b,
                                 std::int64_t more) const {
    const bool per_rate = r_.objective == Objective::throughput ||
                          (r_.objective == Objective::cost && !r_.limits.output_tokens_per_s);
    if (r_.frontier || !per_rate) return 0.0;
    const double prompts = kPromptLoad * a.rate() * real(f_.workload.output_tokens);
    const double gpu_seconds = real(gpus) / prompts + real(more) / b.rate();  // of a token
    return least_rate_cost(gpu_seconds) * (1.0 - kRounding);
  }

  [[nodiscard]] double least_rate_cost(double gpu_seconds) const {
    SearchPoint one;
    one.output_tokens_per_s = 1.0 / gpu_seconds;
    for (const RentRow& row : s_.rents) {
      const double usd = row.usd_per_hour / real(row.gpus);
      if (!one.usd_per_hour || usd < *one.usd_per_hour) one.usd_per_hour = usd;
    }
    return search_key(r_, f_, one);
  }

  /// What a pair must not exceed to matter.
  [[nodiscard]] double worst_key() const {
    return out_.points.empty() ? worst_ : std::min(worst_, out_.points.front().key);
  }

  static bool within(const std::optional<TimeLimit>& limit, double value) {
    return !limit || value <= limit->most_s;
  }

  bool consider(const PromptCopy& a, std::int64_t x, const DecodeCopy& b, std::int64_t y) {
    const double adp = real(b.layout.attention_dp);
    const auto copy_gpus = workload::replica_gpus(a.layout);
    const auto more_gpus = workload::replica_gpus(b.layout);
    const PoolTimes t =
        pool_times({a.prompt_s,
                    a.every_s,
                    real(x * a.layout.attention_dp),
                    b.token_s,
                    real(b.sequences),
                    adp * real(y),
                    transfer_seconds(f_.workload, s_.platform, copy_gpus, more_gpus),
                    real(f_.workload.output_tokens)});
    SearchPoint point;
    point.family = s_.index;
    point.layout = b.layout;
    point.layout.dp = y;
    point.batch = y * b.sequences * b.layout.attention_dp;
    point.prefill = SearchPool{a.layout, a.chunk, x * a.layout.attention_dp};
    point.prefill->layout.dp = x;
    point.gpus = x * copy_gpus + y * more_gpus;
    point.ttft_s = t.ttft_s;
    point.tpot_s = t.tpot_s;
    point.e2e_s = t.e2e_s;
    point.output_tokens_per_s = t.requests_per_s * real(f_.workload.output_tokens);
    return keep(std::move(point));
  }

  bool keep(SearchPoint p) {
    const SearchLimits& l = r_.limits;
    const bool holds = within(l.ttft, p.ttft_s) && within(l.tpot, p.tpot_s) &&
                       within(l.latency, p.e2e_s) && p.gpus >= r_.fewest_gpus &&
                       p.output_tokens_per_s >= l.output_tokens_per_s.value_or(0.0);
    if (!holds) return false;
    p.usd_per_hour = pools_rent(s_, f_, p.prefill->layout, p.layout);
    if (l.usd_per_month &&
        (!p.usd_per_hour || *p.usd_per_hour * estimate::kHoursPerMonth > *l.usd_per_month))
      return false;
    if (l.capex_usd && purchase_of(f_, p.gpus).value_or(INFINITY) > *l.capex_usd) return false;
    if (l.power_w && least_power(f_, p.gpus).value_or(INFINITY) > *l.power_w) return false;
    p.key = search_key(r_, f_, p);
    if (out_.points.empty() || r_.frontier) {
      out_.points.push_back(std::move(p));
    } else if (better(p, out_.points.front())) {
      out_.points.front() = std::move(p);
    }
    return true;
  }

  const SearchRequest& r_;
  const SearchFamily& f_;
  const FamilySpace& s_;
  double worst_;
  std::int64_t most_;
  workload::Inference w_;
  estimate::StepModel steps_;
  std::map<std::int64_t, Size<PromptCopy>> prompts_;
  std::map<std::int64_t, Size<DecodeCopy>> decodes_;
  LayoutResult out_;
};

}  // namespace

PoolTimes pool_times(const PoolLoad& l) {
  PoolTimes t;
  const double prompts = kPromptLoad * l.prompt_replicas / l.prompt_every_s;
  const double answers = l.decode_replicas * l.sequences / (l.token_s * l.output_tokens);
  t.requests_per_s = std::min(prompts, answers);
  t.ttft_s = l.prompt_s * (1.0 + kPromptsWaitedFor) + l.transfer_s;
  t.tpot_s = l.token_s;
  t.e2e_s = t.ttft_s + std::max(0.0, l.output_tokens - 1.0) * t.tpot_s;
  return t;
}

double transfer_seconds(const workload::Inference& w,
                        const estimate::Platform& platform,
                        std::int64_t prompt_gpus,
                        std::int64_t decode_gpus) {
  const auto way = estimate::point_to_point(platform, true);
  const double bytes = estimate::kv_bytes_per_token(w).value * real(w.input_tokens);
  return way.start.value + bytes * way.seconds_per_byte / real(std::min(prompt_gpus, decode_gpus));
}

double prompt_interval(const CopyModel& c) {
  return c.beside_s + estimate::host_seconds(*c.steps, 0.0, false);
}

std::optional<double> pools_rent(const FamilySpace& space,
                                 const SearchFamily& family,
                                 const Layout& prompts,
                                 const Layout& decodes) {
  const std::int64_t all = workload::gpu_count(prompts) + workload::gpu_count(decodes);
  if (all <= std::min(family.node_gpus, kBoxGpus)) return rent_of(space, family, {.tp = all}, 1);
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
