#include "dsplan/plan/search.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

#include "search_layout.hpp"
#include "search_pools.hpp"

namespace dsplan::plan {
namespace {

constexpr std::array<std::string_view, 4> kObjectives{"cost", "latency", "throughput", "energy"};
constexpr std::array<std::string_view, 9> kConstraints{"memory",
                                                       "ttft",
                                                       "tpot",
                                                       "latency",
                                                       "throughput",
                                                       "budget_per_month",
                                                       "budget_capex",
                                                       "power",
                                                       "gpus"};

// Of the points and misses that a search hands on.
constexpr std::size_t kMostPoints = 256;

template <typename Word, std::size_t N>
std::optional<Word> word_of(const std::array<std::string_view, N>& words, std::string_view word) {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return std::nullopt;
  return static_cast<Word>(found - words.begin());
}

/// A layout of a family, or a family's pools: what one thread works on at a time.
struct Task {
  std::size_t space = 0;
  std::optional<std::size_t> layout;  ///< absent: the pools
};

/// All layouts, then all pools: these need not look for what the best layouts beat.
class Workers {
 public:
  Workers(const SearchSpace& space, const SearchRequest& r, const Progress& progress)
      : space_(space), r_(r), progress_(progress) {
    for (std::size_t s = 0; s < space.spaces.size(); ++s) {
      for (std::size_t l = 0; l < space.spaces[s].layouts.size(); ++l) tasks_.push_back({s, l});
    }
    layouts_ = tasks_.size();
    for (std::size_t s = 0; s < space.spaces.size() && r.disaggregate; ++s)
      tasks_.push_back({s, std::nullopt});
    results_.resize(tasks_.size());
  }

  std::vector<LayoutResult> run() {
    run_to(layouts_);
    worst_ = worst_kept();
    run_to(tasks_.size());
    return std::move(results_);
  }

 private:
  void run_to(std::size_t end) {
    next_ = done_;
    end_ = end;
    const auto jobs =
        std::max<std::int64_t>(1, std::min(r_.jobs, static_cast<std::int64_t>(end - done_)));
    std::vector<std::thread> others;
    for (std::int64_t j = 1; j < jobs; ++j) others.emplace_back([this] { work(); });
    work();
    for (std::thread& t : others) t.join();
    done_ = end;
  }

  void work() {
    for (std::size_t i = next_++; i < end_; i = next_++) {
      const Task& task = tasks_[i];
      const FamilySpace& s = space_.spaces[task.space];
      const SearchFamily& family = space_.families[s.index];
      results_[i] = task.layout ? search_layout(r_, family, s, s.layouts[*task.layout])
                                : search_pools(r_, family, s, worst_);
      tell(i);
    }
  }

  /// The key of the last point that is handed on, as far as the layouts know.
  [[nodiscard]] double worst_kept() const {
    std::vector<double> keys;
    for (const LayoutResult& part : results_) {
      for (const SearchPoint& p : part.points) keys.push_back(p.key);
    }
    if (r_.frontier || r_.exhaustive || keys.size() < kMostPoints) return INFINITY;
    const auto last = keys.begin() + kMostPoints - 1;
    std::nth_element(keys.begin(), last, keys.end());
    return *last;
  }

  void tell(std::size_t i) {
    constexpr std::size_t kEvery = 16;
    if (!progress_ || i % kEvery != 0) return;
    const std::lock_guard lock(mutex_);
    progress_(static_cast<double>(i) / static_cast<double>(tasks_.size()));
  }

  const SearchSpace& space_;
  const SearchRequest& r_;
  const Progress& progress_;
  std::vector<Task> tasks_;
  std::size_t layouts_ = 0;
  std::size_t done_ = 0;
  std::size_t end_ = 0;
  double worst_ = INFINITY;
  std::vector<LayoutResult> results_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
};

/// Misses by memory say little where other layouts of the family fit: only where there are no
/// others.
void drop_answered(SearchResult& result) {
  std::set<std::size_t> fitting;
  for (const SearchPoint& p : result.points) fitting.insert(p.family);
  for (const SearchMiss& m : result.misses) {
    if (m.binding != Constraint::memory) fitting.insert(m.point.family);
  }
  const auto says_little = [&](const SearchMiss& m) {
    return m.binding == Constraint::memory && fitting.contains(m.point.family);
  };
  if (!std::all_of(result.misses.begin(), result.misses.end(), says_little))
    std::erase_if(result.misses, says_little);
}

/// Of each family and limit the nearest that would be the best, and the nearest of the others.
void keep_nearest(SearchResult& result, const SearchRequest& r) {
  const bool answered = !result.points.empty();
  const auto gains = [&](const SearchMiss& m) {
    return answered && !r.frontier && better(m.point, result.points.front());
  };
  if (answered) std::erase_if(result.misses, [](const SearchMiss& m) { return m.broken > 1; });
  using Group = std::tuple<bool, std::size_t, Constraint>;
  std::stable_sort(result.misses.begin(), result.misses.end(), [&](const auto& a, const auto& b) {
    if (a.broken != b.broken) return a.broken < b.broken;
    if (gains(a) != gains(b)) return gains(a);
    return a.excess < b.excess;
  });
  std::set<Group> known;
  std::erase_if(result.misses, [&](const SearchMiss& m) {
    return !known.insert({gains(m), m.point.family, m.binding}).second;
  });
}

}  // namespace

std::string_view name_of(Objective o) { return kObjectives[static_cast<std::size_t>(o)]; }
std::optional<Objective> objective_of(std::string_view word) {
  return word_of<Objective>(kObjectives, word);
}
std::string_view name_of(Constraint c) { return kConstraints[static_cast<std::size_t>(c)]; }

double excess_of(const BrokenLimit& b) {
  return b.constraint == Constraint::throughput ? b.limit / b.needed : b.needed / b.limit;
}

SearchResult search(const catalog::Catalog& catalog,
                    const SearchRequest& request,
                    const Progress& progress) {
  SearchSpace space = search_space(catalog, request);
  SearchResult result;
  for (LayoutResult& part : Workers(space, request, progress).run()) {
    result.evaluated += part.evaluated;
    result.valid += part.valid;
    result.points.insert(result.points.end(), part.points.begin(), part.points.end());
    result.misses.insert(result.misses.end(), part.misses.begin(), part.misses.end());
  }
  if (progress) progress(1.0);
  drop_answered(result);
  if (request.frontier) {
    keep_frontier(result.points);
  } else {
    std::stable_sort(result.points.begin(), result.points.end(), better);
    if (request.listing) {
      std::stable_sort(result.points.begin(),
                       result.points.end(),
                       [](const SearchPoint& a, const SearchPoint& b) { return a.gpus < b.gpus; });
    }
  }
  keep_nearest(result, request);
  if (result.points.size() > kMostPoints) result.points.resize(kMostPoints);
  result.families = std::move(space.families);
  return result;
}

}  // namespace dsplan::plan
