// The table of a recommendation without a model: what runs on each device.
#pragma once

#include "dsplan/plan/recommendation.hpp"
#include "dsplan/report/document.hpp"

namespace dsplan::report {

/// Few devices with several models each; of many, one of each kind with its largest, the cheapest
/// device first.
void add_listing(Document& document, const plan::RecommendAnswer& answer);

}  // namespace dsplan::report
