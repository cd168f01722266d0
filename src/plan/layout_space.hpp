// The layouts that a question about a deployment leaves open.
#pragma once

#include "dsplan/plan/deployment.hpp"
#include "dsplan/solve/cards.hpp"

namespace dsplan::plan {

/// [N-SPACE] Copies share the batch. Slices of a device share nothing: each holds a copy.
[[nodiscard]] solve::LayoutSpace layout_space(const Deployment& deployment);

}  // namespace dsplan::plan
