// From what a user says of a training run to a checked one: every gap filled by a stated default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dsplan/base/note.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/plan/deployment.hpp"
#include "dsplan/workload/training.hpp"

namespace dsplan::plan {

/// What was said; an absent value takes its default.
struct TrainingRequest : HardwareRequest {
  ModelChoice model;
  workload::Method method = workload::Method::full;
  std::optional<std::string> framework;
  std::optional<std::string> optimizer;
  std::optional<std::string> precision;  ///< recipe; for QLoRA the format of the base
  std::optional<std::string> grad_precision;
  std::optional<std::int64_t> vpp;
  std::optional<std::int64_t> zero;  ///< ZeRO stage, 3 for FSDP
  std::optional<bool> sequence_parallel;
  std::optional<bool> async_tensor_parallel;  ///< traffic overlaps the products that need it
  std::optional<std::int64_t> micro_batch;
  std::optional<std::int64_t> global_batch;
  std::optional<std::int64_t> seq_len;
  std::optional<std::string> recompute;  ///< none, selective, full
  std::optional<bool> flash_attention;
  std::optional<std::int64_t> lora_rank;
  std::optional<std::string> lora_targets;  ///< "attention", "mlp", "all" or q,k,v,o,gate,up,down
  std::vector<std::string> offload;         ///< optimizer, parameters
};

/// A run that can be estimated, and how it came to be.
struct TrainingDeployment : Notes {
  workload::Training training;
  const catalog::Gpu* gpu = nullptr;  ///< null: not said
  std::int64_t node_gpus = 8;
  bool shape_assumed = false;
  double parameters = 0.0;
};

/// Resolves names, fills gaps and checks. Without a layout the GPUs hold data-parallel copies, or
/// the least tensor and pipeline parallelism with which the run fits. Throws usage errors: unknown
/// names, a layout whose product is not the number of GPUs, a run that workload::obstacle refuses.
[[nodiscard]] TrainingDeployment resolve_training(const catalog::Catalog& catalog,
                                                  const TrainingRequest& request);

/// Layouts of exactly `gpus` GPUs that the run can have, least model parallelism first: tp within a
/// node, pp beyond, data parallelism for the rest. The global batch grows to one micro-batch a
/// rank.
[[nodiscard]] std::vector<workload::Training> training_layouts(const workload::Training& training,
                                                               std::int64_t gpus,
                                                               std::int64_t node_gpus);

}  // namespace dsplan::plan
