#include "resolution.hpp"

#include <algorithm>

#include "dsplan/base/error.hpp"
#include "dsplan/estimate/parameters.hpp"
#include "dsplan/plan/shapes.hpp"

namespace dsplan::plan {

void refuse(const std::string& what, const std::string& hint) {
  throw Error(ErrorCode::usage, what, hint);
}

std::string text(std::int64_t n) { return std::to_string(n); }

std::int64_t at_least_one(std::optional<std::int64_t> n,
                          std::string_view name,
                          std::int64_t otherwise) {
  if (n && *n < 1)
    refuse("--" + std::string(name) + " must be at least 1", "leave it out for the default");
  return n.value_or(otherwise);
}

std::optional<std::int64_t> said_gpus(std::optional<std::int64_t> gpus,
                                      std::optional<std::int64_t> nodes,
                                      std::optional<std::int64_t> gpus_per_node) {
  if (!nodes) return gpus;
  const std::int64_t total =
      at_least_one(nodes, "nodes", 1) * at_least_one(gpus_per_node, "gpus-per-node", kBoxGpus);
  if (gpus && *gpus != total) {
    refuse("--gpus " + text(*gpus) + " is not --nodes x --gpus-per-node = " + text(total),
           "give one or the other");
  }
  return total;
}

void fill(Notes& notes, std::string name, std::string value, Origin origin, std::string place) {
  notes.filled.push_back({std::move(name), std::move(value), origin, std::move(place)});
}

void assume(Notes& notes, std::string id, std::string what, std::string source) {
  notes.assumptions.push_back({std::move(id), std::move(what), std::move(source)});
}

void warn(Notes& notes, std::string id, std::string what) {
  notes.warnings.push_back({std::move(id), std::move(what)});
}

ChosenModel choose_model(const catalog::Catalog& catalog, const ModelChoice& choice, Notes& notes) {
  ChosenModel chosen;
  const auto count = [](const catalog::Model& m) {
    return static_cast<double>(estimate::total(estimate::parameters(m)));
  };
  if (choice.model != nullptr) {
    chosen.model = choice.model;
    chosen.parameters = count(*choice.model);
    return chosen;
  }
  const catalog::Model& shape =
      typical_shape(catalog, *choice.parameters, choice.active_parameters);
  chosen = {&shape, *choice.parameters, *choice.parameters / count(shape), true};
  fill(notes, "model", std::string(shape.id), Origin::assumed);
  assume(notes,
         "shape",
         "only the size is known: layers, heads and vocabulary are taken from " +
             std::string(shape.name) + " (" + std::string(shape.id) +
             "), its weights scaled to the size given",
         "--params; name a --model for its own architecture");
  return chosen;
}

ChosenGpu choose_gpu(const catalog::Catalog& catalog,
                     const std::optional<std::string>& name,
                     std::optional<std::int64_t> gpus_per_node,
                     Notes& notes) {
  if (!name) return {nullptr, at_least_one(gpus_per_node, "gpus-per-node", kBoxGpus)};
  const auto match = catalog.resolve<catalog::Gpu>(*name);
  if (!match.note.empty()) assume(notes, "gpu-name", match.note, "--gpu");
  return {match.entry, at_least_one(gpus_per_node, "gpus-per-node", node_size(*match.entry))};
}

bool serves(const catalog::Engine& engine, const catalog::Format& format) {
  const auto& families = engine.precisions;
  return families.empty() ||
         std::find(families.begin(), families.end(), format.family) != families.end();
}

bool has_formats(const catalog::Catalog& catalog,
                 const workload::Inference& w,
                 const catalog::Gpu& gpu) {
  const catalog::Format& half = *catalog.resolve<catalog::Format>("fp16").entry;
  const auto as_wide = [&](const catalog::Format& f) -> const catalog::Format& {
    return f.id == "bf16" ? half : f;
  };
  const workload::Precision& p = w.precision;
  return catalog::weights_obstacle(*w.engine, as_wide(*p.dense), gpu).empty() &&
         catalog::weights_obstacle(*w.engine, as_wide(*p.experts), gpu).empty() &&
         catalog::cache_obstacle(*w.engine, as_wide(*p.kv), gpu).empty();
}

namespace {

std::string_view kv_beside(const catalog::Engine& engine, const catalog::Format& weights) {
  const auto known = [&](std::string_view id) {
    const auto& list = engine.kv_precisions;
    return std::find(list.begin(), list.end(), id) != list.end();
  };
  if (!weights.quantized && known(weights.id)) return weights.id;
  const bool narrow_float = std::find(engine.kv_follows_families.begin(),
                                      engine.kv_follows_families.end(),
                                      weights.family) != engine.kv_follows_families.end();
  return narrow_float && known("fp8") ? "fp8" : engine.kv_precisions.front();
}

}  // namespace

std::string_view usual_kv_format(const catalog::Catalog& catalog,
                                 const catalog::Engine& engine,
                                 const catalog::Format& weights,
                                 const catalog::Gpu* gpu) {
  const auto has = [&](std::string_view id) {
    const auto& kv = *catalog.resolve<catalog::Format>(id).entry;
    return gpu == nullptr || catalog::cache_obstacle(engine, kv, *gpu).empty();
  };
  const std::string_view usual = kv_beside(engine, weights);
  if (has(usual)) return usual;
  const auto& known = engine.kv_precisions;
  const auto first = std::find_if(known.begin(), known.end(), has);
  return first == known.end() ? usual : *first;
}

std::string rank_name(const estimate::Stage& stage, std::int64_t pp, std::int64_t gpus) {
  if (pp == 1) return gpus == 1 ? "the GPU" : "every GPU";
  const std::string ends = stage.first  ? ", with the embedding"
                           : stage.last ? ", with the head"
                                        : "";
  return "stage " + text(stage.index + 1) + " of " + text(pp) + " (" + text(stage.layers) +
         " layers" + ends + ")";
}

namespace {

constexpr double kClearlyMore = 1.05;  // of memory, to be a device worth naming

}  // namespace

std::vector<const catalog::Gpu*> larger_devices(const catalog::Catalog& catalog,
                                                const catalog::Gpu& gpu) {
  const Bytes least = catalog::runtime_memory(gpu) * kClearlyMore;
  std::vector<const catalog::Gpu*> larger;
  for (const catalog::Gpu& other : catalog.all<catalog::Gpu>()) {
    const bool like = other.vendor == gpu.vendor && other.device_class == gpu.device_class;
    if (like && other.status == "shipping" && catalog::runtime_memory(other) > least) {
      larger.push_back(&other);
    }
  }
  std::stable_sort(larger.begin(), larger.end(), [](const auto* a, const auto* b) {
    return catalog::runtime_memory(*a) < catalog::runtime_memory(*b);
  });
  return larger;
}

}  // namespace dsplan::plan
