// The answer of `quantize` for people and for programs.
#pragma once

#include "dsplan/plan/quantize_answer.hpp"
#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// Sets the views of `answer`; `subject` says what is compared. No format that fits makes the
/// answer negative.
void report_quantize(Answer& answer, plan::QuantizeAnswer quantize, std::string subject);

[[nodiscard]] Json quantize_schema();

}  // namespace dsplan::report
