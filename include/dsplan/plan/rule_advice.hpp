// The sizing guides' decision tree, beside what the detailed search says of its choice.
//
//   [G-TREE] inference: a limit below 100 ms asks for an A100 80GB, any other for a T4; as many as
//            the guides' memory rule says [G-MEMORY, G-CARDS]
#pragma once

#include "dsplan/plan/recommendation.hpp"

namespace dsplan::plan {

/// `answer` is the detailed one of the same request.
[[nodiscard]] RuleAdvice rule_advice(const catalog::Catalog& catalog,
                                     const RecommendRequest& request,
                                     const RecommendAnswer& answer);

}  // namespace dsplan::plan
