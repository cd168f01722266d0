// Fitted constants, as an overlay for the catalog and for programs.
#pragma once

#include "dsplan/ingest/calibration.hpp"
#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// Sets the views of `answer`. For people it is the overlay itself, with what it changes as
/// comments.
void report_calibration(Answer& answer, ingest::Calibration calibration);

/// JSON Schema of the result.
[[nodiscard]] Json calibration_schema();

}  // namespace dsplan::report
