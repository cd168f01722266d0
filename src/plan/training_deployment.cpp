#include "dsplan/plan/training_deployment.hpp"

#include <algorithm>
#include <array>

#include "dsplan/base/suggest.hpp"
#include "dsplan/estimate/training_memory.hpp"
#include "dsplan/solve/training_limits.hpp"

#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using catalog::Catalog;
using catalog::Format;
using catalog::Framework;
using workload::Compute;
using workload::Layout;
using workload::Method;
using workload::Recompute;
using workload::Training;

constexpr std::int64_t kDefaultSeqLen = 4096;
constexpr std::size_t kMostOffered = 6;

template <typename Value>
struct Word {
  std::string_view word;
  Value value;
};

constexpr std::array kComputes{Word<Compute>{"fp32", Compute::fp32},
                               Word<Compute>{"bf16", Compute::bf16},
                               Word<Compute>{"fp16", Compute::fp16},
                               Word<Compute>{"fp8", Compute::fp8}};
constexpr std::array kRecomputes{Word<Recompute>{"none", Recompute::none},
                                 Word<Recompute>{"selective", Recompute::selective},
                                 Word<Recompute>{"full", Recompute::full}};

/// The value of a word of a closed list, or a usage error with the nearest one.
template <typename Value, std::size_t Count>
Value value_of(const std::array<Word<Value>, Count>& words,
               const std::string& given,
               std::string_view option) {
  std::vector<std::string_view> known;
  std::string list;
  for (const auto& [word, value] : words) {
    if (word == given) return value;
    known.push_back(word);
    list += (list.empty() ? "" : ", ") + std::string(word);
  }
  refuse("--" + std::string(option) + " cannot be '" + given + "' here",
         did_you_mean(given, known, "one of " + list));
}

template <typename Value, std::size_t Count>
std::string_view word_of(const std::array<Word<Value>, Count>& words, Value wanted) {
  const auto found =
      std::find_if(words.begin(), words.end(), [&](const auto& w) { return w.value == wanted; });
  return found->word;
}

using TargetFlag = bool workload::LoraTargets::*;
constexpr std::array kTargets{Word<TargetFlag>{"q", &workload::LoraTargets::query},
                              Word<TargetFlag>{"k", &workload::LoraTargets::key},
                              Word<TargetFlag>{"v", &workload::LoraTargets::value},
                              Word<TargetFlag>{"o", &workload::LoraTargets::output},
                              Word<TargetFlag>{"gate", &workload::LoraTargets::gate},
                              Word<TargetFlag>{"up", &workload::LoraTargets::up},
                              Word<TargetFlag>{"down", &workload::LoraTargets::down}};

workload::LoraTargets targets_of(std::string text) {
  if (text == "all") return {};
  if (text == "attention") text = "q,k,v,o";
  if (text == "mlp") text = "gate,up,down";
  workload::LoraTargets targets{false, false, false, false, false, false, false};
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    targets.*value_of(kTargets, text.substr(from, comma - from), "lora-targets") = true;
    from = comma + 1;
  }
  return targets;
}

/// Fills a run step by step; each step may read what the ones before it decided.
class Resolver {
 public:
  Resolver(const Catalog& catalog, const TrainingRequest& request)
      : catalog_(catalog), request_(request) {}

  TrainingDeployment resolve() {
    const ChosenModel chosen = choose_model(catalog_, request_.model, out_);
    run().model = chosen.model;
    run().parameter_scale = chosen.scale;
    run().method = request_.method;
    out_.parameters = chosen.parameters;
    out_.shape_assumed = chosen.shape_assumed;
    choose_framework();
    const ChosenGpu gpu = choose_gpu(catalog_, request_.gpu, request_.gpus_per_node, out_);
    out_.gpu = gpu.gpu;
    out_.node_gpus = gpu.node_gpus;
    choose_precision();
    choose_recipe();
    choose_tokens();
    choose_layout();
    check_sharding();
    choose_optimizer();
    return std::move(out_);
  }

 private:
  Training& run() { return out_.training; }

  void choose_framework() {
    const bool adapters = request_.method != Method::full;
    const std::string name = request_.framework.value_or(adapters ? "transformers" : "megatron");
    const auto match = catalog_.resolve<Framework>(name);
    run().framework = match.entry;
    if (!request_.framework) fill(out_, "engine", std::string(match.entry->id), Origin::built_in);
    if (!match.entry->generic) return;
    warn(out_,
         "generic-framework",
         std::string(match.entry->name) + " has no constants of its own yet" +
             (match.entry->traps.empty() ? "" : ": " + std::string(match.entry->traps.front())));
  }

  /// QLoRA's --precision is the format of the frozen base; its products run in bf16.
  void choose_precision() {
    if (request_.method == Method::qlora) {
      const Format& base = *catalog_.resolve<Format>(request_.precision.value_or("nf4")).entry;
      if (!base.weights || !base.quantized)
        refuse("--precision " + std::string(base.id) + " is not a quantized format of weights",
               "for QLoRA take nf4, nf4-dq, int8 ...");
      run().base_format = &base;
      if (!request_.precision) fill(out_, "precision", std::string(base.id), Origin::built_in);
    } else {
      run().compute = value_of(kComputes, request_.precision.value_or("bf16"), "precision");
      if (!request_.precision) fill(out_, "precision", "bf16", Origin::built_in);
    }
    if (request_.grad_precision) {
      run().gradient_bytes =
          catalog_.resolve<Format>(*request_.grad_precision).entry->bits_per_weight / 8.0;
    }
  }

  void choose_recipe() {
    if (request_.zero) {
      if (*request_.zero > 3)
        refuse("--zero must be 0, 1, 2 or 3", "3 shards weights too, as FSDP does");
      run().sharding = workload::zero_stage(*request_.zero);
    }
    run().sequence_parallel = request_.sequence_parallel;
    run().async_tensor_parallel = request_.async_tensor_parallel.value_or(false);
    if (request_.flash_attention) run().flash_attention = *request_.flash_attention;
    run().recompute = request_.recompute ? value_of(kRecomputes, *request_.recompute, "recompute")
                                         : workload::usual_recompute(*run().framework);
    if (!request_.recompute) {
      fill(out_, "recompute", std::string(word_of(kRecomputes, run().recompute)), Origin::catalog);
    }
    for (const std::string& what : request_.offload) add_offload(what);
    if (request_.method == Method::full) return;
    run().lora.rank = at_least_one(request_.lora_rank, "lora-rank", run().lora.rank);
    if (!request_.lora_rank) fill(out_, "lora_rank", text(run().lora.rank), Origin::built_in);
    run().lora.targets = targets_of(request_.lora_targets.value_or("all"));
    if (!request_.lora_targets) fill(out_, "lora_targets", "all", Origin::built_in);
  }

  void add_offload(const std::string& what) {
    constexpr std::array<std::string_view, 2> kWords{"optimizer", "parameters"};
    if (what == kWords[0]) {
      run().offload.optimizer = true;
    } else if (what == kWords[1]) {
      run().offload.parameters = true;
    } else {
      refuse("--offload cannot be '" + what + "'",
             did_you_mean(what, kWords, "optimizer or parameters"));
    }
  }

  void choose_tokens() {
    const std::int64_t limit = run().model->max_context_tokens;
    run().seq_len = at_least_one(request_.seq_len, "seq-len", std::min(kDefaultSeqLen, limit));
    run().micro_batch = at_least_one(request_.micro_batch, "micro-batch", 1);
    if (!request_.seq_len) fill(out_, "seq_len", text(run().seq_len), Origin::built_in);
    if (!request_.micro_batch) fill(out_, "micro_batch", text(run().micro_batch), Origin::built_in);
    if (!out_.shape_assumed && run().seq_len > limit) {
      warn(out_,
           "context-limit",
           text(run().seq_len) + " tokens exceed the " + text(limit) +
               " that the published configuration of " + std::string(run().model->id) + " allows");
    }
  }

  [[nodiscard]] bool says_layout() const {
    return request_.tp || request_.pp || request_.dp || request_.cp || request_.ep || request_.vpp;
  }

  void choose_layout() {
    const auto gpus = said_gpus(request_.gpus, request_.nodes, request_.gpus_per_node);
    at_least_one(gpus, "gpus", 1);
    if (says_layout()) {
      take_layout(gpus);
    } else {
      find_layout(gpus.value_or(1));
    }
    if (!gpus) fill(out_, "gpus", text(workload::gpu_count(run())), Origin::built_in);
  }

  void take_layout(std::optional<std::int64_t> gpus) {
    Layout& l = run().layout;
    l = {.tp = at_least_one(request_.tp, "tp", 1),
         .pp = at_least_one(request_.pp, "pp", 1),
         .dp = at_least_one(request_.dp, "dp", 1),
         .ep = at_least_one(request_.ep, "ep", 1),
         .cp = at_least_one(request_.cp, "cp", 1)};
    run().vpp = at_least_one(request_.vpp, "vpp", 1);
    if (gpus && !request_.dp && *gpus % workload::gpu_count(run()) == 0) {
      l.dp = *gpus / workload::gpu_count(run());
      if (l.dp > 1) fill(out_, "dp", text(l.dp), Origin::assumed);
    }
    if (gpus && workload::gpu_count(run()) != *gpus) {
      refuse("layout " + workload::describe(l) + " needs " + text(workload::gpu_count(run())) +
                 " GPUs, not " + text(*gpus),
             "layouts on " + text(*gpus) + ": " + offered(*gpus));
    }
    choose_global_batch();
    const std::string why = workload::obstacle(run());
    if (!why.empty()) refuse(why, "layouts that work: " + offered(workload::gpu_count(run())));
  }

  [[nodiscard]] std::string offered(std::int64_t gpus) const {
    std::string list;
    std::size_t shown = 0;
    for (const Training& t : training_layouts(out_.training, gpus, out_.node_gpus)) {
      if (shown++ == kMostOffered) return list + " ...";
      list += (list.empty() ? "" : "; ") + workload::describe(t.layout);
    }
    return list.empty() ? "none on " + text(gpus) + " GPUs" : list;
  }

  /// Enough for every rank and, in a pipeline, for every stage to be busy.
  void choose_global_batch() {
    const Layout& l = run().layout;
    const std::int64_t least = run().micro_batch * l.dp * l.pp;
    run().global_batch = at_least_one(request_.global_batch, "global-batch", least);
    if (!request_.global_batch) fill(out_, "global_batch", text(least), Origin::built_in);
  }

  void find_layout(std::int64_t gpus) {
    if (request_.global_batch) run().global_batch = *request_.global_batch;
    const auto layouts = training_layouts(run(), gpus, out_.node_gpus);
    if (layouts.empty()) {
      refuse("no layout of " + text(gpus) + " GPUs divides the model and the batch",
             "give --tp, --pp and --global-batch that divide");
    }
    const Training taken = best_layout(layouts);
    run().layout = taken.layout;
    choose_global_batch();
    if (gpus > 1)
      assume(out_,
             "layout",
             "no layout given: " + workload::describe(run().layout),
             "--tp, --pp, --dp");
    const std::string why = workload::obstacle(run());
    if (!why.empty()) refuse(why, "layouts that work: " + offered(gpus));
  }

  /// The first that fits; when none does, the one that asks least of a GPU.
  [[nodiscard]] Training best_layout(std::vector<Training> layouts) const {
    for (Training& t : layouts) set_optimizer(t);
    if (out_.gpu == nullptr) return layouts.front();
    const auto first = std::find_if(layouts.begin(), layouts.end(), [&](const Training& t) {
      return solve::holds(t, *out_.gpu);
    });
    if (first != layouts.end()) return *first;
    const auto demand = [](const Training& t) {
      return estimate::total(estimate::training_memory(t).worst_gpu());
    };
    return *std::min_element(
        layouts.begin(), layouts.end(), [&](const Training& a, const Training& b) {
          return demand(a) < demand(b);
        });
  }

  void check_sharding() {
    const std::int64_t most = workload::most_zero(run());
    if (request_.zero.value_or(0) <= most) return;
    warn(out_,
         "zero-stage",
         std::string(run().framework->name) + " has ZeRO up to stage " + text(most) +
             (run().layout.pp > 1 ? " with a pipeline" : "") +
             ": for more take --engine fsdp2 or deepspeed-megatron");
  }

  void set_optimizer(Training& t) const {
    const std::string usual(
        workload::usual_optimizer(*t.framework, t.method, workload::gpu_count(t)));
    t.optimizer = catalog_.resolve<catalog::Optimizer>(request_.optimizer.value_or(usual)).entry;
  }

  void choose_optimizer() {
    set_optimizer(run());
    if (!request_.optimizer)
      fill(out_, "optimizer", std::string(run().optimizer->id), Origin::catalog);
  }

  const Catalog& catalog_;
  const TrainingRequest& request_;
  TrainingDeployment out_;
};

}  // namespace

std::vector<Training> training_layouts(const Training& training,
                                       std::int64_t gpus,
                                       std::int64_t node_gpus) {
  std::vector<Training> result;
  for (std::int64_t model = 1; model <= gpus; ++model) {
    if (gpus % model != 0 || (model > 1 && !training.framework->model_parallel)) continue;
    for (std::int64_t tp = std::min(model, node_gpus); tp >= 1; --tp) {
      if (model % tp != 0) continue;
      Training t = training;
      t.layout = {.tp = tp, .pp = model / tp, .dp = gpus / model};
      t.vpp = 1;
      t.global_batch = std::max(t.global_batch, t.micro_batch * t.layout.dp * t.layout.pp);
      if (workload::obstacle(t).empty()) result.push_back(t);
    }
  }
  return result;
}

TrainingDeployment resolve_training(const Catalog& catalog, const TrainingRequest& request) {
  return Resolver(catalog, request).resolve();
}

}  // namespace dsplan::plan
