// Without a model: the models that run on each device, at which format and how fast.
#pragma once

#include <vector>

#include "dsplan/plan/recommendation.hpp"

namespace dsplan::plan {

/// For each device of the request the largest generating models of the catalog that hold the limits
/// on copies within one node, each in the format that needs the fewest GPUs (of equals the first of
/// the request's), recomputed as `latency` does. As many of each device as make some hundreds in
/// all, or `most_shown` where that was said. Devices in the order of the request, models from large
/// to small; ranks count within a device. The request's model is not read.
[[nodiscard]] RecommendAnswer device_listing(const catalog::Catalog& catalog,
                                             const RecommendRequest& request,
                                             const Progress& progress = {});

}  // namespace dsplan::plan
