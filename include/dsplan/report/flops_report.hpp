// The FLOP answer for people and for programs.
#pragma once

#include "dsplan/plan/flops_answer.hpp"
#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// Sets the views of `answer`; `subject` says what was counted.
void report_flops(Answer& answer, plan::FlopsAnswer flops, std::string subject);

/// JSON Schema of the result.
[[nodiscard]] Json flops_schema();

}  // namespace dsplan::report
