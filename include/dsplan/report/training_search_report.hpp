// The recommendation of training plans for people and for programs.
#pragma once

#include "dsplan/plan/training_recommendation.hpp"
#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// Sets the views of `answer`; `subject` says what was asked. No plan makes it negative.
void report_training_search(Answer& answer,
                            plan::TrainingRecommendation search,
                            std::string subject);

/// JSON Schema of the result.
[[nodiscard]] Json training_search_schema();

}  // namespace dsplan::report
