// The recommendation for people and for programs.
#pragma once

#include "dsplan/plan/recommendation.hpp"
#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// Sets the views of `answer`; `subject` says what was asked. No deployment makes it negative.
void report_recommendation(Answer& answer,
                           plan::RecommendAnswer recommendation,
                           std::string subject);

/// JSON Schema of the result.
[[nodiscard]] Json recommend_schema();

/// The path of the guides' tree and how it stands to the answer.
void add_rule(Document& document, const plan::RuleAdvice& rule);

}  // namespace dsplan::report
