// The sizing guides' decision tree, beside what the detailed search says of its choice.
//
//   [G-TREE] training: up to 10 billion parameters one A100 80GB, above it eight; inference: a
//   limit below 100 ms asks for an A100 80GB, any other for a T4; as many as
//            the guides' memory rule says [G-MEMORY, G-CARDS]
#pragma once

#include "dsplan/plan/recommendation.hpp"
#include "dsplan/plan/training_recommendation.hpp"

namespace dsplan::plan {

/// `answer` is the detailed one of the same request.
[[nodiscard]] RuleAdvice rule_advice(const catalog::Catalog& catalog,
                                     const RecommendRequest& request,
                                     const RecommendAnswer& answer);

/// The same for training and fine-tuning, of a model of so many parameters.
[[nodiscard]] RuleAdvice training_rule_advice(const catalog::Catalog& catalog,
                                              const TrainingQuestion& question,
                                              double parameters,
                                              const TrainingRecommendation& answer);

}  // namespace dsplan::plan
