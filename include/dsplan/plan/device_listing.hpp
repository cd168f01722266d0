// Without a model: the models that run on each device, at which format and how fast.
#pragma once

#include <vector>

#include "dsplan/plan/recommendation.hpp"

namespace dsplan::plan {

/// For each device of the request and each generating model of the catalog, in the first of the
/// request's formats that holds the limits. Devices in the order of the request, models from large
/// to small; ranks count within a device. The request's model is not read.
[[nodiscard]] RecommendAnswer device_listing(const catalog::Catalog& catalog,
                                             const RecommendRequest& request,
                                             const Progress& progress = {});

}  // namespace dsplan::plan
