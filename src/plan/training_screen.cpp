// [TS-SPACE, TS-BOUND] All points of a training search, a layout at a time.
#include <algorithm>
#include <atomic>
#include <thread>

#include "dsplan/plan/training_search.hpp"
#include "dsplan/solve/training_limits.hpp"

#include "training_space.hpp"

namespace dsplan::plan {
namespace {

using estimate::HeldParameters;
using estimate::Stage;
using estimate::TrainingShape;
using workload::Layout;
using workload::Training;

/// A point that lacks more of the device than this is no near miss.
constexpr double kNearMissShare = 0.25;

/// What all points share; read by every thread.
struct Question {
  const TrainingDeployment& base;
  const TrainingSearchRequest& request;
  estimate::TrainingHardware hardware;
  TrainingShape shape;  ///< of the model alone
};

/// One layout's points. Earlier points win ties, so that the order of work does not show.
struct LayoutFindings {
  std::optional<TrainingPoint> plan;     ///< fastest that fits
  std::optional<TrainingPoint> miss;     ///< fastest that nearly does
  std::optional<TrainingPoint> nearest;  ///< to fitting, of those that do not
  std::int64_t evaluated = 0;
  std::int64_t valid = 0;
};

using Less = bool (*)(const TrainingPoint&, const TrainingPoint&);
bool faster(const TrainingPoint& a, const TrainingPoint& b) { return a.step_s < b.step_s; }
bool nearer(const TrainingPoint& a, const TrainingPoint& b) {
  return a.short_bytes != b.short_bytes ? a.short_bytes < b.short_bytes : faster(a, b);
}

void keep(std::optional<TrainingPoint>& best,
          const Training& t,
          double step_s,
          double short_bytes,
          Less better) {
  TrainingPoint point{t, step_s, short_bytes};
  if (!best || better(point, *best)) best = point;
}

class LayoutSearch {
 public:
  LayoutSearch(const Question& q, const Layout& layout) : q_(q), layout_(layout) {
    Training t = q.base.training;
    t.layout = layout;
    for (const Stage& stage : estimate::even_stages(*t.model, layout.pp))
      stages_.push_back({stage, estimate::held_parameters(t, stage)});
  }

  LayoutFindings run() {
    const Training& base = q_.base.training;
    std::vector<std::int64_t> sizes;
    std::optional<TrainingRecipe> sized;
    for (const TrainingRecipe& r : space_recipes(base, layout_, q_.request.base)) {
      Training t = with_recipe(base, layout_, r);
      if (!sized || sized->vpp != r.vpp || sized->sequence_parallel != r.sequence_parallel) {
        sizes = space_micro_batches(t, q_.request.base);
        sized = r;
      }
      run_recipe(t, sizes);
    }
    return found_;
  }

 private:
  struct HeldStage {
    Stage stage;
    HeldParameters held;
  };

  /// All micro-batches of a recipe, smallest first.
  void run_recipe(Training& t, const std::vector<std::int64_t>& sizes) {
    const bool open = layout_.tp > 1 && t.framework->async_tensor_parallel &&
                      !q_.request.base.async_tensor_parallel;
    const int choices = open ? 2 : 1;
    found_.evaluated += choices * static_cast<std::int64_t>(sizes.size());
    bool fitted = true;
    for (const std::int64_t n : sizes) {
      t.micro_batch = n;
      const double lacks = shortfall(t);
      const bool first_miss = fitted && lacks > 0.0;
      fitted = lacks <= 0.0;
      if (fitted) found_.valid += choices;
      for (int choice = 0; (fitted || first_miss) && choice < choices; ++choice) {
        if (open) t.async_tensor_parallel = choice == 1;
        add(t, lacks);
      }
      if (!fitted && !q_.request.exhaustive) return;
    }
  }

  [[nodiscard]] double shortfall(const Training& t) const {
    double worst = -catalog::runtime_memory(*q_.base.gpu).value;
    for (const HeldStage& s : stages_) {
      const auto gpu = estimate::training_gpu(t, s.stage, s.held);
      worst = std::max(worst, solve::shortfall(t, gpu, *q_.base.gpu).value);
    }
    return worst;
  }

  void add(const Training& t, double lacks) {
    TrainingShape shape = q_.shape;
    estimate::set_run(shape, t);
    const double step = estimate::total(estimate::training_time(t, shape, q_.hardware)).value;
    if (lacks <= 0.0) {
      if (!found_.plan || step < found_.plan->step_s) keep(found_.plan, t, step, lacks, faster);
      return;
    }
    keep(found_.nearest, t, step, lacks, nearer);
    if (lacks <= kNearMissShare * catalog::runtime_memory(*q_.base.gpu).value)
      keep(found_.miss, t, step, lacks, faster);
  }

  const Question& q_;
  Layout layout_;
  std::vector<HeldStage> stages_;
  LayoutFindings found_;
};

std::vector<LayoutFindings> all_layouts(const Question& q) {
  const std::vector<Layout> layouts = space_layouts(q.base.training, q.request, q.base.node_gpus);
  std::vector<LayoutFindings> found(layouts.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&](bool tells) {
    for (std::size_t i = next++; i < layouts.size(); i = next++) {
      found[i] = LayoutSearch(q, layouts[i]).run();
      if (tells) q.request.progress(static_cast<double>(i) / static_cast<double>(layouts.size()));
    }
  };
  const auto most = static_cast<std::int64_t>(std::max<std::size_t>(layouts.size(), 1));
  std::vector<std::jthread> helpers;
  for (std::int64_t n = 1; n < std::min(q.request.jobs, most); ++n)
    helpers.emplace_back(work, false);
  work(static_cast<bool>(q.request.progress));
  helpers.clear();
  return found;
}

void sort_by(std::vector<TrainingPoint>& points, Less less) {
  std::stable_sort(points.begin(), points.end(), less);
}

}  // namespace

TrainingScreen training_screen(const catalog::Catalog& catalog,
                               const TrainingDeployment& base,
                               const TrainingSearchRequest& request) {
  const Question q{base,
                   request,
                   training_hardware(catalog, base, request.speed),
                   estimate::model_shape(base.training)};
  TrainingScreen screen;
  std::vector<TrainingPoint> nearest;
  for (const LayoutFindings& f : all_layouts(q)) {
    screen.evaluated += f.evaluated;
    screen.valid += f.valid;
    if (f.plan) screen.plans.push_back(*f.plan);
    if (f.miss) screen.misses.push_back(*f.miss);
    if (f.nearest) nearest.push_back(*f.nearest);
  }
  sort_by(screen.plans, faster);
  if (screen.plans.empty()) {
    screen.misses = std::move(nearest);
    sort_by(screen.misses, nearer);
    return screen;
  }
  sort_by(screen.misses, faster);
  std::erase_if(screen.misses,
                [&](const TrainingPoint& p) { return !faster(p, screen.plans.front()); });
  return screen;
}

}  // namespace dsplan::plan
