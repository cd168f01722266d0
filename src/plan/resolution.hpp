// What the resolvers of inference and of training have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dsplan/base/note.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/estimate/stage.hpp"
#include "dsplan/plan/deployment.hpp"

namespace dsplan::plan {

/// Throws a usage error.
[[noreturn]] void refuse(const std::string& what, const std::string& hint);

[[nodiscard]] std::string text(std::int64_t n);

/// The count given, or the default. Throws a usage error for zero.
std::int64_t at_least_one(std::optional<std::int64_t> n,
                          std::string_view name,
                          std::int64_t otherwise);

/// The number of GPUs by --gpus, or by --nodes and --gpus-per-node; they must agree.
[[nodiscard]] std::optional<std::int64_t> said_gpus(std::optional<std::int64_t> gpus,
                                                    std::optional<std::int64_t> nodes,
                                                    std::optional<std::int64_t> gpus_per_node);

void fill(Notes& notes, std::string name, std::string value, Origin origin, std::string place = {});
void assume(Notes& notes, std::string id, std::string what, std::string source);
void warn(Notes& notes, std::string id, std::string what);

/// The model named, or the typical shape of the size given, which is then noted.
struct ChosenModel {
  const catalog::Model* model = nullptr;
  double parameters = 0.0;
  double scale = 1.0;  ///< parameters asked for over those of the shape
  bool shape_assumed = false;
};
[[nodiscard]] ChosenModel choose_model(const catalog::Catalog& catalog,
                                       const ModelChoice& choice,
                                       Notes& notes);

/// The device named, if one is, and how many of it stand in a node.
struct ChosenGpu {
  const catalog::Gpu* gpu = nullptr;
  std::int64_t node_gpus = 8;
};
[[nodiscard]] ChosenGpu choose_gpu(const catalog::Catalog& catalog,
                                   const std::optional<std::string>& name,
                                   std::optional<std::int64_t> gpus_per_node,
                                   Notes& notes);

/// Does the engine serve weights of the format's family?
[[nodiscard]] bool serves(const catalog::Engine& engine, const catalog::Format& format);

/// Has the device the formats of a workload, as far as is known? bf16 counts where fp16 is had: the
/// engine takes one for the other, and both are as wide.
[[nodiscard]] bool has_formats(const catalog::Catalog& catalog,
                               const workload::Inference& w,
                               const catalog::Gpu& gpu);

/// The format that the engine's cache has beside weights of a format, if nothing else is said: on a
/// device that lacks the usual one the first of the engine's that it has.
[[nodiscard]] std::string_view usual_kv_format(const catalog::Catalog& catalog,
                                               const catalog::Engine& engine,
                                               const catalog::Format& weights,
                                               const catalog::Gpu* gpu);

/// Which GPU an answer speaks of: "stage 1 of 4 (20 layers, with the embedding)", for people who
/// must know which card is the fullest.
[[nodiscard]] std::string rank_name(const estimate::Stage& stage,
                                    std::int64_t pp,
                                    std::int64_t gpus);

/// Other devices of the same maker and class that can be had and hold clearly more, least first.
[[nodiscard]] std::vector<const catalog::Gpu*> larger_devices(const catalog::Catalog& catalog,
                                                              const catalog::Gpu& gpu);

}  // namespace dsplan::plan
