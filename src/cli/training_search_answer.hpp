// The answer of `recommend` for training and fine-tuning.
#pragma once

#include "dsplan/workload/training.hpp"

#include "command.hpp"

namespace dsplan::cli {

/// Searches the layouts and recipes that the inputs leave open. Throws usage errors.
[[nodiscard]] report::Answer training_search_answer(const CommandContext& context,
                                                    workload::Method method);

}  // namespace dsplan::cli
