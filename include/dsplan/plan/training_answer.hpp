// The memory answer for training and fine-tuning.
#pragma once

#include <vector>

#include "dsplan/plan/memory_answer.hpp"
#include "dsplan/plan/training_deployment.hpp"

namespace dsplan::plan {

/// By the detailed estimate. The total is what the device holds; allocated and reserved stand
/// beside it. Without a GPU it lists the devices that hold the run.
[[nodiscard]] MemoryAnswer training_memory_answer(const catalog::Catalog& catalog,
                                                  const TrainingDeployment& deployment);

/// The nearest changes that make it fit, each re-checked, what costs least first: recomputation,
/// ZeRO stage, micro-batch, layout of the same GPUs, optimizer, offload, sequence length, more
/// GPUs, then LoRA and QLoRA, then other devices.
[[nodiscard]] std::vector<Fix> training_fixes(const catalog::Catalog& catalog,
                                              const TrainingDeployment& deployment);

}  // namespace dsplan::plan
