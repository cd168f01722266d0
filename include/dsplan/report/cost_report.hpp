// The cost answer for people and for programs.
#pragma once

#include "dsplan/plan/cost_answer.hpp"
#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// Sets the views of `answer` (result, document, explanation, main list). `subject` is the line
/// that says what was estimated.
void report_cost(Answer& answer, plan::CostAnswer cost, std::string subject);

/// The prices as formulas with their values, for `--explain`.
[[nodiscard]] Grid explained(const plan::CostAnswer& cost);

/// JSON Schema of the result.
[[nodiscard]] Json cost_schema();

}  // namespace dsplan::report
