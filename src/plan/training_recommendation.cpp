#include "dsplan/plan/training_recommendation.hpp"

#include <algorithm>

#include "dsplan/estimate/parameters.hpp"

#include "resolution.hpp"
#include "training_limits.hpp"

namespace dsplan::plan {
namespace {

using workload::Method;
using Broken = MissedLimit;

constexpr std::size_t kMostMisses = 5;
constexpr std::int64_t kMostTried = 1024;  // GPUs, where fewer do not hold the run

/// A device, a number of them and a way of training.
struct Setting {
  const catalog::Gpu* gpu = nullptr;
  std::int64_t gpus = 1;
  Method method = Method::full;
};

class Recommender {
 public:
  Recommender(const catalog::Catalog& catalog, const TrainingQuestion& q, const Progress& progress)
      : c_(catalog), q_(q), progress_(progress) {
    for (const Method method : q.methods)
      for (const catalog::Gpu* gpu : q.devices)
        for (const std::int64_t gpus : q.counts) settings_.push_back({gpu, gpus, method});
    out_.objective = std::string(name_of(q.objective));
    out_.frontier = q.frontier;
  }

  TrainingRecommendation compare() {
    for (std::size_t i = 0; i < settings_.size(); ++i) {
      tell(i, settings_.size());
      take(search(q_.search, settings_[i], settings_.size() == 1));
    }
    if (settings_.size() > 1) choose();
    rank();
    if (out_.deployments.empty()) {
      if (settings_.size() > 1 && misses_.empty()) add_memory_misses();
      say_what_to_relax();
      // What fits but breaks a limit is nearer than what does not fit.
      if (!misses_.empty()) out_.rejected.clear();
    }
    list_misses();
    tell(1, 1);
    return std::move(out_);
  }

  TrainingRecommendation list() {
    std::vector<const catalog::Model*> models = q_.models;
    const auto size = [](const catalog::Model* m) {
      return estimate::total(estimate::parameters(*m));
    };
    std::stable_sort(models.begin(), models.end(), [&](const auto* a, const auto* b) {
      return size(a) > size(b);
    });
    std::size_t done = 0;
    for (const catalog::Gpu* gpu : q_.devices)
      for (const std::int64_t gpus : q_.counts)
        for (const Method method : q_.methods) {
          tell(done++, settings_.size());
          add_models({gpu, gpus, method}, models);
        }
    tell(1, 1);
    out_.by_device = true;
    if (out_.deployments.empty())
      out_.relax = "no model of the list trains on these devices within the limits";
    return std::move(out_);
  }

 private:
  void tell(std::size_t done, std::size_t all) {
    if (progress_) progress_(static_cast<double>(done) / static_cast<double>(all));
  }

  TrainingSearchAnswer search(TrainingSearchRequest request, const Setting& s, bool alone) {
    request.base.gpu = std::string(s.gpu->id);
    request.base.method = s.method;
    request.gpus = s.gpus;
    request.near_misses = alone;
    if (alone) request.progress = progress_;
    if (!alone) request.most = 1;
    TrainingSearchAnswer found = training_search(c_, request);
    out_.evaluated += found.evaluated;
    out_.valid += found.valid;
    return found;
  }

  /// Where a provider, a region or a term is asked for, what nobody rents out so is no plan.
  [[nodiscard]] bool offered(const TrainingPlan& p) const {
    const RentFilter& rent = q_.search.cost.rent;
    const bool any = rent.providers.empty() && rent.regions.empty();
    return (any && rent.term == RentTerm::on_demand) || p.cost.usd_per_hour.has_value();
  }

  /// Plans that hold the limits, and the misses of the others.
  void take(TrainingSearchAnswer found) {
    for (TrainingPlan& p : found.deployments) {
      if (!offered(p)) continue;
      const std::vector<Broken> broken = broken_limits(q_.limits, p);
      if (!broken.empty()) {
        add_miss(p, broken);
        continue;
      }
      p.reasons.insert(p.reasons.begin(), rank_reason(q_.objective, p));
      plans_.push_back({std::move(p), found.spread, found.binding, found.notes});
    }
    for (TrainingNearMiss& m : found.rejected) out_.rejected.push_back(std::move(m));
  }

  struct Miss {
    TrainingNearMiss miss;
    double excess = 1.0;
  };

  void add_miss(const TrainingPlan& p, const std::vector<Broken>& broken) {
    TrainingNearMiss m;
    m.workload = p.workload;
    m.gpu = p.gpu;
    m.gpus = p.gpus;
    m.layout = workload::describe(p.layout);
    m.flags = p.flags;
    m.step_s = p.performance.step_s.value;
    m.binding_constraint = broken.front().name;
    m.needed = broken.front().needed;
    m.limit = broken.front().limit;
    const bool known =
        std::all_of(broken.begin(), broken.end(), [](const Broken& b) { return !b.flag.empty(); });
    for (const Broken& b : broken)
      if (known) m.change += (m.change.empty() ? "" : " ") + b.flag;
    m.change_flags = m.change;
    // One limit to relax is nearer than two.
    misses_.push_back({std::move(m), excess(broken) * static_cast<double>(broken.size())});
  }

  void list_misses() {
    std::stable_sort(misses_.begin(), misses_.end(), [](const Miss& a, const Miss& b) {
      return a.excess < b.excess;
    });
    for (Miss& m : misses_) {
      if (out_.rejected.size() == kMostMisses) return;
      out_.rejected.push_back(std::move(m.miss));
    }
  }

  /// One of the plans of several settings.
  struct Found {
    TrainingPlan plan;
    TrainingSpread spread;
    std::string binding;
    std::vector<std::string> notes;
  };

  /// Best first; what ties with the best in order of time.
  void choose() {
    held_ = static_cast<std::int64_t>(plans_.size());
    for (Found& f : plans_) f.plan.tie = false;  // it was among layouts
    const auto faster = [](const Found& a, const Found& b) {
      return a.plan.performance.step_s.value < b.plan.performance.step_s.value;
    };
    const auto key = [&](const Found& f) { return key_of(q_.objective, f.plan); };
    std::stable_sort(plans_.begin(), plans_.end(), faster);
    if (q_.frontier) return keep_frontier();
    std::stable_sort(plans_.begin(), plans_.end(), [&](const Found& a, const Found& b) {
      return key(a) < key(b);
    });
    if (plans_.empty()) return;
    const double most = key(plans_.front()) * (1.0 + kTieShare);
    const auto end =
        std::find_if(plans_.begin(), plans_.end(), [&](const Found& f) { return key(f) > most; });
    for (auto f = plans_.begin(); f != end; ++f) f->plan.tie = true;
    ties_ = end - plans_.begin();
    std::stable_sort(plans_.begin(), end, faster);
    keep_best();
  }

  void keep_frontier() {
    double least = kUnknownPrice;
    std::vector<Found> kept;
    for (Found& f : plans_) {
      if (per_token(f.plan) >= least) continue;
      least = per_token(f.plan);
      kept.push_back(std::move(f));
    }
    plans_ = std::move(kept);
  }

  /// The first `most`, one of each device and way where several devices compete, and the best of
  /// each way of training.
  void keep_best() {
    std::vector<Found> kept;
    for (Found& f : plans_) {
      const auto same_way = [&](const Found& k) { return k.plan.workload == f.plan.workload; };
      const bool first_of_way = std::none_of(kept.begin(), kept.end(), same_way);
      const bool told = std::any_of(kept.begin(), kept.end(), [&](const Found& k) {
        return q_.devices.size() > 1 && same_way(k) && k.plan.gpu == f.plan.gpu;
      });
      if (first_of_way || (!told && kept.size() < q_.search.most)) kept.push_back(std::move(f));
    }
    plans_ = std::move(kept);
  }

  void rank() {
    const bool several = settings_.size() > 1;
    for (Found& f : plans_) {
      f.plan.rank = static_cast<std::int64_t>(out_.deployments.size()) + 1;
      if (several && f.plan.tie && f.plan.rank > 1)
        f.plan.reasons.emplace_back("a tie with the best, within 5 %");
      out_.deployments.push_back(std::move(f.plan));
    }
    if (plans_.empty()) {
      out_.binding = misses_.empty() ? "memory" : misses_.front().miss.binding_constraint;
      return;
    }
    out_.spread = plans_.front().spread;
    out_.binding = plans_.front().binding;
    if (!several) {
      out_.notes = std::move(plans_.front().notes);
      return;
    }
    say_how_sure();
    say_ways_without_plan();
  }

  void say_how_sure() {
    out_.notes.push_back("the best of " + text(held_) +
                         " devices, counts and ways, each by its fastest layout: a search finds "
                         "where the model errs to the good side, so expect less rather than more");
    if (!q_.frontier && ties_ > 1)
      out_.notes.push_back(text(ties_) + " are within 5 % of the best: a tie, fastest first");
  }

  void say_ways_without_plan() {
    for (const Method method : q_.methods) {
      const std::string way = method == Method::full   ? "training"
                              : method == Method::lora ? "lora"
                                                       : "qlora";
      const bool has = std::any_of(out_.deployments.begin(),
                                   out_.deployments.end(),
                                   [&](const TrainingPlan& p) { return p.workload == way; });
      if (!has && !q_.frontier)
        out_.notes.push_back(way + ": none of these devices and counts holds it");
    }
  }

  /// Of each device the most GPUs, where nothing fits anywhere: the nearest.
  void add_memory_misses() {
    for (const Setting& s : settings_) {
      if (s.gpus != q_.counts.back()) continue;
      TrainingSearchRequest request = q_.search;
      request.most = 1;
      request.base.gpu = std::string(s.gpu->id);
      request.base.method = s.method;
      request.gpus = s.gpus;
      for (TrainingNearMiss& m : training_search(c_, request).rejected)
        misses_.push_back({m, m.needed / m.limit});
    }
  }

  void say_what_to_relax() {
    if (misses_.empty() && out_.rejected.empty() && !q_.open_counts) return;
    if (!limits_broken()) {
      if (const auto gpus = fewest_that_hold()) out_.relax = "--max-gpus " + text(*gpus);
    }
    if (out_.relax) return;
    const auto nearest =
        std::min_element(misses_.begin(), misses_.end(), [](const Miss& a, const Miss& b) {
          return a.excess < b.excess;
        });
    const TrainingNearMiss* m = nearest != misses_.end() ? &nearest->miss
                                : !out_.rejected.empty() ? &out_.rejected.front()
                                                         : nullptr;
    if (m == nullptr || m->change.empty()) return;
    out_.relax = m->change + ": admits " + text(m->gpus) + " x " + m->gpu + ", " + m->layout;
  }

  [[nodiscard]] bool limits_broken() const {
    return std::any_of(misses_.begin(), misses_.end(), [](const Miss& m) {
      return m.miss.binding_constraint != "memory";
    });
  }

  /// More GPUs than were allowed, on which some device holds the run.
  std::optional<std::int64_t> fewest_that_hold() {
    if (!q_.open_counts) return std::nullopt;
    for (std::int64_t gpus = q_.counts.back() * 2; gpus <= kMostTried; gpus *= 2)
      for (Setting s : settings_) {
        if (s.gpus != q_.counts.back()) continue;
        s.gpus = gpus;
        for (const TrainingPlan& p : search(q_.search, s, false).deployments)
          if (broken_limits(q_.limits, p).empty()) return gpus;
      }
    return std::nullopt;
  }

  void add_models(const Setting& s, const std::vector<const catalog::Model*>& models) {
    std::int64_t rank = 0;
    for (const catalog::Model* m : models) {
      TrainingSearchRequest request = q_.search;
      request.base.model.model = m;
      request.model_flags = "--model " + std::string(m->id);
      if (request.base.seq_len)
        request.base.seq_len = std::min(*request.base.seq_len, m->max_context_tokens);
      for (TrainingPlan& p : search(request, s, false).deployments) {
        if (!offered(p) || !broken_limits(q_.limits, p).empty()) continue;
        p.rank = ++rank;
        out_.deployments.push_back(std::move(p));
      }
    }
  }

  const catalog::Catalog& c_;
  const TrainingQuestion& q_;
  const Progress& progress_;
  std::vector<Setting> settings_;
  std::vector<Found> plans_;
  std::vector<Miss> misses_;
  std::int64_t held_ = 0;  ///< settings with a plan
  std::int64_t ties_ = 0;  ///< of them, with the best
  TrainingRecommendation out_;
};

}  // namespace

TrainingRecommendation training_recommendation(const catalog::Catalog& catalog,
                                               const TrainingQuestion& question,
                                               const Progress& progress) {
  Recommender recommender(catalog, question, progress);
  return question.models.empty() ? recommender.compare() : recommender.list();
}

}  // namespace dsplan::plan
