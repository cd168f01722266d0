// The sizing guides' decision tree, beside what the detailed search says of its choice.
//
//   [G-TREE] training: up to 10 billion parameters one A100 80GB, above it eight; inference: a limit below 100 ms asks for an A100 80GB, any other for a T4; as many as
//            the guides' memory rule says [G-MEMORY, G-CARDS]
#pragma once

#include "dsplan/plan/recommendation.hpp"

namespace dsplan::plan {

/// `answer` is the detailed one of the same request.
[[nodiscard]] RuleAdvice rule_advice(const catalog::Catalog& catalog,
                                     const RecommendRequest& request,
                                     const RecommendAnswer& answer);

/// The tree's branch for training and fine-tuning, as one sentence.
[[nodiscard]] std::string training_rule(double parameters);

}  // namespace dsplan::plan
