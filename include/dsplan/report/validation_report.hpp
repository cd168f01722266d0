// Predicted against measured, for people and for programs.
#pragma once

#include "dsplan/plan/validation.hpp"
#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// Sets the views of `answer`; `subject` names the file.
void report_validation(Answer& answer, plan::Validation validation, std::string subject);

/// JSON Schema of the result.
[[nodiscard]] Json validation_schema();

}  // namespace dsplan::report
