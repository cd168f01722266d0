// The answer of the rest of the server for people and for programs.
#pragma once

#include "dsplan/plan/host_answer.hpp"
#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// Sets the views of `answer` (result, document, explanation, main list). `subject` is the line
/// that says what was estimated.
void report_host(Answer& answer, plan::HostAnswer host, std::string subject);

/// JSON Schema of the result.
[[nodiscard]] Json host_schema();

}  // namespace dsplan::report
