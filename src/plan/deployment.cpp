#include "dsplan/plan/deployment.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/estimate/memory.hpp"

#include "layout_space.hpp"
#include "mig_slice.hpp"
#include "prefill_deployment.hpp"
#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using catalog::Catalog;
using catalog::Engine;
using catalog::Format;
using catalog::Gpu;
using catalog::Model;
using workload::Layout;

constexpr std::int64_t kDefaultInputTokens = 2048;
constexpr std::int64_t kDefaultOutputTokens = 256;
constexpr double kMostTokens = 1099511627776.0;  // 2^40
constexpr std::size_t kMostOffered = 6;
constexpr double kMostGpus = 1048576.0;  // 2^20

std::string joined(catalog::TextList list) {
  std::string result;
  for (const auto item : list) result += (result.empty() ? "" : ", ") + std::string(item);
  return result;
}

/// Fills a deployment step by step; each step may read what the ones before it decided.
class Resolver {
 public:
  Resolver(const Catalog& catalog, const DeploymentRequest& request)
      : catalog_(catalog), request_(request) {}

  Deployment resolve() {
    choose_model();
    choose_engine();
    choose_gpu();
    choose_weights_format();
    choose_kv_format();
    choose_tokens();
    out_.workload.settings = request_.settings;
    out_.workload.batch = at_least_one(request_.batch, "batch", 1);
    if (!request_.batch) fill("batch", "1", Origin::built_in);
    check_extent();
    check_settings();
    choose_layout();
    return std::move(out_);
  }

 private:
  void fill(std::string name, std::string value, Origin origin, std::string place = {}) {
    plan::fill(out_, std::move(name), std::move(value), origin, std::move(place));
  }
  void assume(std::string id, std::string what, std::string source) {
    plan::assume(out_, std::move(id), std::move(what), std::move(source));
  }
  void warn(std::string id, std::string what) { plan::warn(out_, std::move(id), std::move(what)); }

  // ---- model ----

  void choose_model() {
    const ChosenModel chosen = plan::choose_model(catalog_, request_.model, out_);
    out_.workload.model = chosen.model;
    out_.workload.parameter_scale = chosen.scale;
    out_.workload.stored = request_.model.stored;
    out_.parameters = chosen.parameters;
    out_.shape_assumed = chosen.shape_assumed;
  }

  // ---- engine and GPU ----

  void choose_engine() {
    const auto match = catalog_.resolve<Engine>(request_.engine.value_or("vllm"));
    if (!request_.engine) fill("engine", std::string(match.entry->id), Origin::built_in);
    const Engine& base = *match.entry;
    const Engine& engine = catalog::engine_at(catalog_, base, request_.engine_version.value_or(""));
    out_.workload.engine = &engine;
    if (!request_.engine_version && &engine != &base) {
      fill("engine_version", std::string(engine.from_version), Origin::catalog);
    }
    out_.engine_version = request_.engine_version.value_or("");
    out_.engine_label = std::string(base.name);
    const std::string version = request_.engine_version.value_or(std::string(engine.from_version));
    if (!version.empty() && &base == catalog_.find<Engine>(base.id) && base.from_version.empty()) {
      out_.engine_label += " " + version;
    }
    if (!engine.measured && !engine.generic) {
      warn("not-measured",
           "the constants of " + out_.engine_label + " have not been compared with measurements" +
               (engine.traps.empty() ? "" : ": " + std::string(engine.traps.back())));
    }
    if (engine.generic) {
      warn("generic-engine",
           std::string(engine.name) + " has no constants of its own yet: " +
               (engine.traps.empty() ? "" : std::string(engine.traps.front())));
    }
  }

  void choose_gpu() {
    const ChosenGpu chosen = plan::choose_gpu(catalog_, request_.gpu, request_.gpus_per_node, out_);
    out_.gpu = chosen.gpu;
    out_.node_gpus = chosen.node_gpus;
    if (request_.mig) choose_slice(*request_.mig);
    if (request_.link) out_.link = catalog_.resolve<catalog::Link>(*request_.link).entry;
    if (request_.network) out_.network = catalog_.resolve<catalog::Link>(*request_.network).entry;
    if (chosen.gpu != nullptr && !catalog::runs_on(*out_.workload.engine, *chosen.gpu)) {
      warn("engine-on-gpu",
           std::string(out_.workload.engine->name) + " is not known to run on " +
               std::string(chosen.gpu->name));
    }
  }

  void choose_slice(const std::string& name) {
    if (out_.gpu == nullptr) refuse("--mig needs --gpu", "name the device that is cut");
    out_.slice = std::make_shared<const Gpu>(mig_slice(*out_.gpu, name));
    out_.slices_of_device = slices_of_device(*out_.gpu, name);
    out_.slice_name = name;
    out_.gpu = out_.slice.get();
  }

  // ---- formats ----

  [[nodiscard]] const Format& weights_format(std::string_view name) const {
    const Format& format = *catalog_.resolve<Format>(name).entry;
    if (!format.weights) {
      refuse("'" + std::string(name) + "' is a format of the KV cache, not of weights",
             "use --kv-precision for it");
    }
    if (!request_.observed && !serves(*out_.workload.engine, format)) {
      refuse(std::string(out_.workload.engine->id) + " does not serve weights in " +
                 std::string(format.id),
             "its families: " + joined(out_.workload.engine->precisions));
    }
    return format;
  }

  /// Why the device keeps the engine from a format; runs that were seen had none.
  [[nodiscard]] std::string weights_obstacle(const Format& f) const {
    if (request_.observed || out_.gpu == nullptr) return {};
    return catalog::weights_obstacle(*out_.workload.engine, f, *out_.gpu);
  }
  [[nodiscard]] std::string cache_obstacle(const Format& f) const {
    if (request_.observed || out_.gpu == nullptr) return {};
    return catalog::cache_obstacle(*out_.workload.engine, f, *out_.gpu);
  }

  /// The engine's own format that is nearest to the checkpoint's and not narrower. What the engine
  /// serves and the device lacks is widened to 16 bits, as the engine does.
  [[nodiscard]] const Format& served_instead_of(const Format& native) const {
    const Format* best = nullptr;
    const bool widened = serves(*out_.workload.engine, native);
    for (const Format& f : catalog_.all<Format>()) {
      const bool wide_enough = f.bits_per_weight >= std::min(native.bits_per_weight, 16.0);
      if (!f.weights || !serves(*out_.workload.engine, f) || !wide_enough) continue;
      if ((widened && f.quantized) || !weights_obstacle(f).empty()) continue;
      if (best == nullptr || f.bits_per_weight < best->bits_per_weight) best = &f;
    }
    return best == nullptr ? native : *best;
  }

  void set_weights(const Format& dense, const Format& experts) {
    out_.workload.precision.dense = &dense;
    out_.workload.precision.experts = &experts;
  }

  void choose_weights_format() {
    if (request_.precision) {
      set_given_weights(*request_.precision);
      return;
    }
    const ModelChoice& choice = request_.model;
    if (!choice.format.empty()) {
      const Format& format = weights_format(choice.format);
      set_weights(format, format);
      fill("precision",
           std::string(format.id),
           choice.place.empty() ? Origin::catalog : Origin::file,
           choice.place);
      return;
    }
    if (out_.shape_assumed) {
      const Format& format = weights_format("bf16");
      set_weights(format, format);
      fill("precision", "bf16", Origin::built_in);
      return;
    }
    set_native_weights();
  }

  void set_given_weights(std::string_view name) {
    const auto plus = name.find('+');
    const Format& dense = weights_format(name.substr(0, plus));
    const bool split = plus != std::string_view::npos;
    set_weights(dense, split ? weights_format(name.substr(plus + 1)) : dense);
    warn_of_format(weights_obstacle(dense));
    if (split && !catalog::is_moe(*out_.workload.model)) {
      refuse("'" + std::string(name) + "' names a format for experts, and " +
                 std::string(out_.workload.model->id) + " has none",
             "give one format");
    }
  }

  void warn_of_format(const std::string& why) {
    if (!why.empty()) warn("format-on-gpu", std::string(out_.workload.engine->name) + ": " + why);
  }

  void set_native_weights() {
    const Model& model = *out_.workload.model;
    const Format& native = *catalog_.resolve<Format>(model.native_format).entry;
    const std::string why = weights_obstacle(native);
    if (serves(*out_.workload.engine, native) && why.empty()) {
      set_weights(native, native);
      fill("precision", std::string(native.id), Origin::catalog);
      return;
    }
    const Format& instead = served_instead_of(native);
    set_weights(instead, instead);
    fill("precision", std::string(instead.id), Origin::assumed);
    assume("precision",
           std::string(out_.workload.engine->id) + " does not serve the checkpoint's " +
               std::string(native.id) + (why.empty() ? "" : " here (" + why + ")") +
               "; the nearest it serves is " + std::string(instead.id),
           "--precision");
  }

  void choose_kv_format() {
    const Engine& engine = *out_.workload.engine;
    const auto known = [&](std::string_view id) {
      return std::find(engine.kv_precisions.begin(), engine.kv_precisions.end(), id) !=
             engine.kv_precisions.end();
    };
    if (request_.kv_precision) {
      const Format& kv = *catalog_.resolve<Format>(*request_.kv_precision).entry;
      if (!request_.observed && !known(kv.id)) {
        refuse(std::string(engine.id) + " does not keep its KV cache in " + std::string(kv.id),
               "it can: " + joined(engine.kv_precisions));
      }
      out_.workload.precision.kv = &kv;
      warn_of_format(cache_obstacle(kv));
      return;
    }
    const Format& dense = *out_.workload.precision.dense;
    const std::string& from_file = request_.model.kv_format;
    const bool file_says =
        !from_file.empty() && known(catalog_.resolve<Format>(from_file).entry->id);
    const Gpu* gpu = request_.observed ? nullptr : out_.gpu;
    const std::string_view as_weights = usual_kv_format(catalog_, engine, dense, gpu);
    const Format& kv =
        *catalog_.resolve<Format>(file_says ? std::string_view(from_file) : as_weights).entry;
    out_.workload.precision.kv = &kv;
    out_.kv_by_weights = !file_says;
    fill("kv_precision", std::string(kv.id), file_says ? Origin::file : Origin::built_in);
  }

  // ---- tokens ----

  void choose_tokens() {
    workload::Inference& w = out_.workload;
    if (request_.context) {
      split_context(at_least_one(request_.context, "context", 1));
    } else {
      w.input_tokens = at_least_one(request_.input_tokens,
                                    "input-tokens",
                                    std::min(kDefaultInputTokens, w.model->max_context_tokens));
      w.output_tokens =
          request_.output_tokens.value_or(w.model->encoder ? 0 : kDefaultOutputTokens);
      if (!request_.input_tokens) fill("input_tokens", text(w.input_tokens), Origin::built_in);
      if (!request_.output_tokens) fill("output_tokens", text(w.output_tokens), Origin::built_in);
    }
    check_context_limit();
  }

  void split_context(std::int64_t context) {
    workload::Inference& w = out_.workload;
    if (request_.input_tokens && request_.output_tokens) {
      w.input_tokens = *request_.input_tokens;
      w.output_tokens = *request_.output_tokens;
    } else if (request_.input_tokens) {
      w.input_tokens = *request_.input_tokens;
      w.output_tokens = context - w.input_tokens;
    } else {
      w.output_tokens =
          request_.output_tokens.value_or(std::min(kDefaultOutputTokens, context / 2));
      w.input_tokens = context - w.output_tokens;
    }
    if (w.input_tokens < 1 || w.output_tokens < 0 || w.input_tokens + w.output_tokens != context) {
      refuse("--context " + text(context) + " is not the sum of input and output tokens",
             "give two of --context, --input-tokens and --output-tokens");
    }
    if (request_.input_tokens || request_.output_tokens) return;
    assume("context-split",
           "of the " + text(context) + " tokens, " + text(w.output_tokens) +
               " are taken to be generated",
           "--output-tokens");
  }

  void check_context_limit() {
    const workload::Inference& w = out_.workload;
    const std::int64_t limit = w.model->max_context_tokens;
    if (!out_.shape_assumed && workload::context_tokens(w) > limit) {
      warn("context-limit",
           text(workload::context_tokens(w)) + " tokens exceed the " + text(limit) +
               " that the published configuration of " + std::string(w.model->id) + " allows");
    }
  }

  /// Products of counts stay exact, and sizes below 2^63 bytes.
  void check_extent() const {
    const workload::Inference& w = out_.workload;
    const double tokens =
        static_cast<double>(w.batch) * static_cast<double>(workload::context_tokens(w));
    if (tokens > kMostTokens) {
      refuse("--batch " + text(w.batch) + " of " + text(workload::context_tokens(w)) +
                 " tokens is more than 2^40 tokens",
             "check both numbers");
    }
    double gpus = 1.0;
    for (const auto& n :
         {request_.tp, request_.pp, request_.dp, request_.ep, request_.cp, request_.attention_dp})
      gpus *= static_cast<double>(n.value_or(1));
    const double boxes = static_cast<double>(request_.nodes.value_or(1)) *
                         static_cast<double>(request_.gpus_per_node.value_or(1));
    if (std::max(gpus, boxes) > kMostGpus)
      refuse("the layout has more than 2^20 GPUs", "check its numbers");
  }

  void check_settings() {
    const workload::EngineSettings& s = out_.workload.settings;
    if (s.gpu_layers && out_.workload.engine->split != "layer") {
      refuse("--gpu-layers: " + std::string(out_.workload.engine->id) +
                 " does not leave layers in host memory",
             "use --engine llamacpp");
    }
    at_least_one(s.max_batched_tokens, "max-batched-tokens", 1);
    at_least_one(s.max_seqs, "max-seqs", 1);
  }

  // ---- layout ----

  [[nodiscard]] bool says_layout() const {
    return request_.tp || request_.pp || request_.dp || request_.ep || request_.cp ||
           request_.attention_dp;
  }

  void choose_layout() {
    const auto gpus = said_gpus(request_.gpus, request_.nodes, request_.gpus_per_node);
    at_least_one(gpus, "gpus", 1);
    out_.layout_given = says_layout();
    if (out_.layout_given) {
      take_layout(gpus);
    } else {
      find_layout(gpus.value_or(1));
    }
    check_slices();
    if (!gpus) fill("gpus", text(workload::gpu_count(out_.workload.layout)), Origin::built_in);
  }

  void check_slices() const {
    const Layout& l = out_.workload.layout;
    if (out_.slice == nullptr || workload::gpu_count(l) == l.dp) return;
    refuse("slices of a device cannot share a model: " + workload::describe(l),
           "give --dp alone, or a larger slice");
  }

  void take_layout(std::optional<std::int64_t> gpus) {
    Layout l{.tp = at_least_one(request_.tp, "tp", 1),
             .pp = at_least_one(request_.pp, "pp", 1),
             .dp = at_least_one(request_.dp, "dp", 1),
             .ep = at_least_one(request_.ep, "ep", 1),
             .cp = at_least_one(request_.cp, "cp", 1),
             .attention_dp = at_least_one(request_.attention_dp, "attention-dp", 1)};
    if (gpus && !request_.dp && *gpus % workload::gpu_count(l) == 0) {
      l.dp = *gpus / workload::gpu_count(l);
      if (l.dp > 1) {
        fill("dp", text(l.dp), Origin::assumed);
        assume(
            "replicas", "the GPUs left over hold " + text(l.dp) + " copies of the model", "--dp");
      }
    }
    if (gpus && workload::gpu_count(l) != *gpus) refuse_product(l, *gpus);
    const std::string why = workload::obstacle(l, *out_.workload.model, splitting_engine());
    if (!why.empty()) refuse(why, "layouts that work: " + offered(workload::gpu_count(l)));
    out_.workload.layout = l;
  }

  /// The engine, or for a run that was seen one that can split as it likes.
  [[nodiscard]] Engine splitting_engine() const {
    Engine engine = *out_.workload.engine;
    if (!request_.observed) return engine;
    engine.split = "tensor";
    engine.expert_parallel = true;
    engine.attention_data_parallel = true;
    return engine;
  }

  /// From the layout that was asked for, in doublings.
  [[nodiscard]] double distance(const Layout& l) const {
    const auto doublings = [](std::int64_t size, const std::optional<std::int64_t>& asked) {
      return std::abs(
          std::log2(static_cast<double>(size) / static_cast<double>(asked.value_or(1))));
    };
    return doublings(l.tp, request_.tp) + doublings(l.pp, request_.pp) +
           doublings(l.dp, request_.dp) + doublings(l.ep, request_.ep) +
           doublings(l.attention_dp, request_.attention_dp);
  }

  [[nodiscard]] std::string offered(std::int64_t gpus) const {
    std::string list;
    solve::LayoutSpace space = layout_space(out_);
    space.most_copies = request_.dp ? gpus : 1;
    auto layouts = solve::layouts_on(gpus, out_.workload, space);
    std::stable_sort(layouts.begin(), layouts.end(), [&](const Layout& x, const Layout& y) {
      return distance(x) < distance(y);
    });
    if (layouts.size() > kMostOffered) layouts.resize(kMostOffered);
    for (const Layout& l : layouts) list += (list.empty() ? "" : "; ") + workload::describe(l);
    return list.empty() ? "none on " + text(gpus) + " GPUs" + uneven(gpus) : list;
  }

  [[noreturn]] void refuse_product(const Layout& l, std::int64_t gpus) const {
    refuse("layout " + workload::describe(l) + " needs " + text(workload::gpu_count(l)) +
               " GPUs, not " + text(gpus),
           "layouts on " + text(gpus) + ": " + offered(gpus));
  }

  /// The first layout that fits; without a GPU, or when none fits, the first of all.
  void find_layout(std::int64_t gpus) {
    const auto layouts = solve::layouts_on(gpus, out_.workload, layout_space(out_));
    if (layouts.empty()) refuse_count(gpus);
    if (gpus > 1 && out_.gpu != nullptr) {
      take_first_fitting(layouts);
    } else {
      out_.workload.layout = layouts.front();
    }
    if (gpus > 1) {
      assume("layout",
             "no layout given: " + workload::describe(out_.workload.layout),
             "--tp, --pp, --dp");
    }
  }

  /// Engines run stages of unequal depth too, where they are asked for.
  [[nodiscard]] std::string uneven(std::int64_t gpus) const {
    const bool runs =
        workload::obstacle({.pp = gpus}, *out_.workload.model, splitting_engine()).empty();
    return runs ? ", or --pp " + text(gpus) + " for stages of unequal depth" : std::string();
  }

  [[noreturn]] void refuse_count(std::int64_t gpus) const {
    const auto works = [&](std::int64_t n) {
      return !solve::layouts_on(n, out_.workload, layout_space(out_)).empty();
    };
    std::int64_t fewer = gpus - 1;
    while (fewer > 1 && !works(fewer)) --fewer;
    std::int64_t more = gpus + 1;
    while (more < 2 * gpus && !works(more)) ++more;
    refuse("heads and layers of " + std::string(out_.workload.model->id) + " do not divide over " +
               text(gpus) + " GPUs",
           "give --gpus " + text(fewer) + " or " + text(more) + uneven(gpus));
  }

  void take_first_fitting(const std::vector<Layout>& layouts) {
    const auto fits = [&](const Layout& layout) {
      workload::Inference w = out_.workload;
      w.layout = layout;
      return estimate::fits(w, estimate::inference_memory(w, out_.gpu), *out_.gpu);
    };
    const auto first = std::find_if(layouts.begin(), layouts.end(), fits);
    out_.workload.layout = first == layouts.end() ? layouts.front() : *first;
  }

  const Catalog& catalog_;
  const DeploymentRequest& request_;
  Deployment out_;
};

}  // namespace

std::int64_t node_size(const Gpu& gpu) {
  if (gpu.scale_up_gpus > 1) return std::max(gpu.scale_up_gpus, kBoxGpus);
  const bool joined = !gpu.unified_memory && gpu.pcie_generation > 0;
  return joined ? kBoxGpus : 1;
}

std::int64_t all_gpus(const Deployment& d) {
  return workload::gpu_count(d.workload.layout) +
         (d.prefill ? workload::gpu_count(d.prefill->workload.layout) : 0);
}

std::int64_t whole_devices(const Deployment& d, std::int64_t gpus) {
  return (gpus + d.slices_of_device - 1) / d.slices_of_device;
}

Deployment resolve_deployment(const Catalog& catalog, const DeploymentRequest& request) {
  Deployment d = Resolver(catalog, request).resolve();
  if (request.prefill_pool) add_prefill_pool(d, catalog, request);
  return d;
}

}  // namespace dsplan::plan
