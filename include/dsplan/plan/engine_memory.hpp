// The figures that engines print of their own memory, as predictions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dsplan/plan/deployment.hpp"

namespace dsplan::plan {

/// A figure by the name it has in the tables: weights_gib_per_gpu, activation_peak_gib_per_gpu,
/// non_torch_gib_per_gpu, cuda_graph_gib_per_gpu, non_kv_total_gib_per_gpu, kv_cache_gib_per_gpu,
/// kv_cache_tokens. Of the stage that most ranks hold; pool and tokens are those of the tightest.
/// Nothing for another name. The deployment must name a GPU.
[[nodiscard]] std::optional<double> engine_figure(const Deployment& deployment,
                                                  std::string_view metric);

/// The unit of such a figure: GiB or tokens.
[[nodiscard]] std::string_view engine_figure_unit(std::string_view metric);

}  // namespace dsplan::plan
