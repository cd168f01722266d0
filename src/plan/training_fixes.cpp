#include <algorithm>
#include <array>

#include "dsplan/plan/training_answer.hpp"
#include "dsplan/solve/training_limits.hpp"

#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using catalog::Gpu;
using workload::Method;
using workload::Recompute;
using workload::Training;

constexpr std::int64_t kMostGpus = 4096;
constexpr std::size_t kMostOtherGpus = 3;

/// The change as a fix, if the estimate says that it fits.
std::optional<Fix> checked(const Training& t,
                           const Gpu& gpu,
                           std::string change,
                           std::string flags,
                           std::string gives_up) {
  if (!workload::obstacle(t).empty() || !solve::holds(t, gpu)) return std::nullopt;
  const auto memory = estimate::training_memory(t);
  const auto spare = [&](const estimate::TrainingGpu& g) {
    return solve::training_usable(t, g, gpu) - estimate::device_used(t, g);
  };
  const auto& worst = *std::min_element(
      memory.stages.begin(), memory.stages.end(), [&](const auto& a, const auto& b) {
        return spare(a) < spare(b);
      });
  return Fix{std::move(change),
             std::move(flags),
             std::move(gives_up),
             workload::gpu_count(t),
             estimate::device_used(t, worst),
             spare(worst)};
}

class Finder {
 public:
  Finder(const catalog::Catalog& catalog, const TrainingDeployment& d)
      : catalog_(catalog), d_(d), t_(d.training) {}

  std::vector<Fix> find() {
    recomputation();
    zero();
    micro_batch();
    layout();
    optimizer();
    offload();
    seq_len();
    more_gpus();
    adapters();
    other_gpus();
    return std::move(fixes_);
  }

 private:
  bool keep(std::optional<Fix> fix) {
    if (!fix) return false;
    fixes_.push_back(std::move(*fix));
    return true;
  }

  void recomputation() {
    struct Step {
      Recompute recompute;
      const char* name;
      const char* gives_up;
    };
    for (const auto& [recompute, name, gives_up] :
         {Step{Recompute::selective, "selective", "a few % of speed"},
          Step{Recompute::full, "full", "about a quarter of the speed"}}) {
      if (recompute <= t_.recompute) continue;
      Training t = t_;
      t.recompute = recompute;
      if (keep(checked(t,
                       *d_.gpu,
                       std::string(name) + " recomputation",
                       std::string("--recompute ") + name,
                       gives_up)))
        return;
    }
  }

  void zero() {
    if (t_.layout.dp == 1) return;
    const workload::Sharding now = workload::sharding(t_);
    for (std::int64_t stage = 1; stage <= 3; ++stage) {
      const workload::Sharding next = workload::zero_stage(stage);
      const bool more = (next.optimizer && !now.optimizer) || (next.gradients && !now.gradients) ||
                        (next.weights && !now.weights);
      if (!more) continue;
      Training t = t_;
      t.sharding = next;
      if (keep(checked(t,
                       *d_.gpu,
                       "ZeRO stage " + text(stage),
                       "--zero " + text(stage),
                       "traffic between ranks")))
        return;
    }
  }

  void micro_batch() {
    const std::int64_t most = solve::max_micro_batch(t_, *d_.gpu);
    if (most < 1 || most >= t_.micro_batch) return;
    keep(checked(solve::with_micro_batch(t_, most),
                 *d_.gpu,
                 "micro-batch of " + text(most),
                 "--micro-batch " + text(most),
                 "smaller matrices"));
  }

  static std::string layout_flags(const workload::Layout& l) {
    return "--tp " + text(l.tp) + " --pp " + text(l.pp) + " --dp " + text(l.dp);
  }

  void layout() {
    const std::int64_t gpus = workload::gpu_count(t_);
    for (const Training& t : training_layouts(t_, gpus, d_.node_gpus)) {
      if (t.layout == t_.layout) continue;
      if (keep(checked(t,
                       *d_.gpu,
                       "layout " + workload::describe(t.layout),
                       layout_flags(t.layout),
                       "traffic within layers or stages")))
        return;
    }
  }

  void optimizer() {
    for (const std::string_view id : {"adamw-8bit", "adafactor"}) {
      const catalog::Optimizer* other = catalog_.find<catalog::Optimizer>(id);
      if (other == nullptr || other == t_.optimizer) continue;
      Training t = t_;
      t.optimizer = other;
      if (keep(checked(t,
                       *d_.gpu,
                       std::string(other->name),
                       "--optimizer " + std::string(id),
                       "precision of the optimizer's states")))
        return;
    }
  }

  void offload() {
    if (t_.offload.optimizer) return;
    Training t = t_;
    t.offload.optimizer = true;
    keep(checked(t,
                 *d_.gpu,
                 "optimizer in host memory",
                 "--offload optimizer",
                 "speed: states cross the host link"));
  }

  void seq_len() {
    const std::int64_t most = solve::max_seq_len(t_, *d_.gpu);
    if (most < 1 || most >= t_.seq_len) return;
    keep(checked(solve::with_seq_len(t_, most),
                 *d_.gpu,
                 "sequences of " + text(most) + " tokens",
                 "--seq-len " + text(most),
                 "longer sequences"));
  }

  /// More model parallelism or copies; copies may be sharded, and recompute whole layers too.
  void more_gpus() {
    const std::int64_t now = workload::gpu_count(t_);
    for (std::int64_t n = 2 * now; n <= kMostGpus; n *= 2) {
      for (const Training& t : training_layouts(t_, n, d_.node_gpus)) {
        if (on_more_gpus(t, n - now, "")) return;
        Training sharded = t;
        sharded.sharding = workload::zero_stage(3);
        if (on_more_gpus(sharded, n - now, " --zero 3")) return;
        sharded.recompute = Recompute::full;
        if (on_more_gpus(sharded, n - now, " --zero 3 --recompute full")) return;
      }
    }
  }

  bool on_more_gpus(const Training& t, std::int64_t more, const std::string& flags) {
    const std::string gpus = text(workload::gpu_count(t));
    return keep(
        checked(t,
                *d_.gpu,
                gpus + " x " + std::string(d_.gpu->id) + " (" + workload::describe(t.layout) + ")",
                "--gpus " + gpus + " " + layout_flags(t.layout) + flags,
                text(more) + (more == 1 ? " more GPU" : " more GPUs")));
  }

  void adapters() {
    if (t_.method == Method::full) adapter(Method::lora, "LoRA", "lora");
    if (t_.method != Method::qlora) adapter(Method::qlora, "QLoRA", "qlora");
  }

  void adapter(Method method, const char* name, const char* word) {
    Training t = t_;
    t.method = method;
    t.framework = catalog_.find<catalog::Framework>("transformers");
    t.sharding.reset();
    const auto usual = workload::usual_optimizer(*t.framework, method, workload::gpu_count(t));
    t.optimizer = catalog_.find<catalog::Optimizer>(usual);
    keep(checked(t,
                 *d_.gpu,
                 std::string(name) + " of rank " + text(t.lora.rank),
                 std::string("--workload ") + word,
                 "full training: only adapters learn"));
  }

  void other_gpus() {
    std::size_t found = 0;
    for (const Gpu* gpu : larger_devices(catalog_, *d_.gpu)) {
      if (found == kMostOtherGpus) return;
      const std::string change = text(workload::gpu_count(t_)) + " x " + std::string(gpu->id);
      if (keep(checked(t_, *gpu, change, "--gpu " + std::string(gpu->id), "another GPU"))) ++found;
    }
  }

  const catalog::Catalog& catalog_;
  const TrainingDeployment& d_;
  const Training& t_;
  std::vector<Fix> fixes_;
};

}  // namespace

std::vector<Fix> training_fixes(const catalog::Catalog& catalog,
                                const TrainingDeployment& deployment) {
  return Finder(catalog, deployment).find();
}

}  // namespace dsplan::plan
