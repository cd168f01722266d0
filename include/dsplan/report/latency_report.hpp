// The latency answers, of inference and of training, for people and for programs.
#pragma once

#include "dsplan/plan/latency_answer.hpp"
#include "dsplan/plan/training_speed.hpp"
#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// Sets the views of `answer`; `subject` says what was timed. A deployment that does not fit makes
/// the answer negative.
void report_latency(Answer& answer, plan::LatencyAnswer latency, std::string subject);
void report_training_speed(Answer& answer, plan::TrainingSpeedAnswer speed, std::string subject);

/// The operations of a step with their formulas and values, for `--explain`.
[[nodiscard]] Grid explained(const std::vector<plan::LatencyTerm>& terms);

/// JSON Schema of the result: one of the two shapes.
[[nodiscard]] Json latency_schema();

}  // namespace dsplan::report
