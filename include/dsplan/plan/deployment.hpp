// From what a user says to a checked deployment: every gap is filled by a stated default.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dsplan/base/note.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/plan/prefill_pool.hpp"
#include "dsplan/workload/inference.hpp"

namespace dsplan::plan {

/// A model to plan for: from the catalog or from the user's files, or only a size.
struct ModelChoice {
  const catalog::Model* model = nullptr;  ///< null: only `parameters` is known
  std::optional<double> parameters;
  std::optional<double> active_parameters;
  std::string format;     ///< what the name or file says of the weights
  std::string kv_format;  ///< what the file says of the KV cache
  std::string place;      ///< the file, when it came from one
  std::optional<workload::StoredWeights> stored;
};

/// The devices and the layout, as far as they were said.
struct HardwareRequest {
  std::optional<std::string> gpu;
  std::optional<std::int64_t> gpus;
  std::optional<std::int64_t> tp;
  std::optional<std::int64_t> pp;
  std::optional<std::int64_t> dp;
  std::optional<std::int64_t> ep;
  std::optional<std::int64_t> cp;
  std::optional<std::int64_t> nodes;
  std::optional<std::int64_t> gpus_per_node;
  std::optional<std::string> link;     ///< between the GPUs of a node, in place of the device's
  std::optional<std::string> network;  ///< between nodes
  std::optional<std::string> mig;      ///< [H-MIG] a slice of the device: "3g"
};

/// What was said; an absent value takes its default.
struct DeploymentRequest : HardwareRequest {
  ModelChoice model;
  std::optional<std::string> precision;
  std::optional<std::string> kv_precision;
  std::optional<std::string> engine;
  std::optional<std::string> engine_version;
  std::optional<std::int64_t> attention_dp;
  std::optional<std::int64_t> batch;
  std::optional<std::int64_t> context;
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> output_tokens;
  workload::EngineSettings settings;
  std::optional<PrefillPool> prefill_pool;  ///< the rest is then said of the decode pool
  bool observed = false;  ///< a run that was seen: formats that the catalog does not know its
                          ///< engine to serve are no obstacle
};

/// A deployment that can be estimated, and how it came to be.
struct Deployment : Notes {
  workload::Inference workload;
  const catalog::Gpu* gpu = nullptr;          ///< null: not said
  std::shared_ptr<const catalog::Gpu> slice;  ///< what `gpu` is, where it is a part of a device
  std::string slice_name;                     ///< "3g"; empty: the whole device
  std::int64_t slices_of_device = 1;          ///< that a whole device is cut into
  std::int64_t node_gpus = 8;                 ///< GPUs of one node, for choosing layouts
  bool layout_given = false;
  bool kv_by_weights = false;              ///< the cache's format follows from that of the weights
  const catalog::Link* link = nullptr;     ///< null: the device's own
  const catalog::Link* network = nullptr;  ///< null: the usual of the device's generation
  std::string engine_version;              ///< as said; empty: the newest
  std::string engine_build;                ///< the text that names it, as said
  std::optional<double> engine_year;       ///< when it ran, where no version is known
  bool any_engine = false;                 ///< timed as an engine of which nothing is known
  std::string engine_label;                ///< the engine and its version, for people
  bool shape_assumed = false;              ///< only the size is known
  double parameters = 0.0;
  /// Where prompts run on devices of their own: that pool, with as many prompts at a time as its
  /// steps hold. The deployment is then the pool that decodes, and `batch` the requests of both.
  std::shared_ptr<const Deployment> prefill;
};

/// Resolves names, fills gaps and checks. With GPUs and no layout, takes the first layout that
/// fits, else the first that the engine can run. Throws usage errors: unknown names, a layout whose
/// product is not the number of GPUs (with the layouts that are), a split the model or engine
/// cannot do, a format the engine does not serve, counts of zero.
[[nodiscard]] Deployment resolve_deployment(const catalog::Catalog& catalog,
                                            const DeploymentRequest& request);

/// Of the deployment, and of its pool of prompts where it has one.
[[nodiscard]] std::int64_t all_gpus(const Deployment& deployment);

/// [H-MIG] Devices that `gpus` of a deployment stand on: slices share one.
[[nodiscard]] std::int64_t whole_devices(const Deployment& deployment, std::int64_t gpus);

/// GPUs that share a fast link or one host: the device's own scale-up domain, else a box of eight;
/// one for devices that cannot be joined.
[[nodiscard]] std::int64_t node_size(const catalog::Gpu& gpu);
inline constexpr std::int64_t kBoxGpus = 8;  ///< cards of one host, where nothing says otherwise

}  // namespace dsplan::plan
