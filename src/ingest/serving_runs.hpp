// Lines of a table of serving runs put together to runs, each with its time per output token and
// rate, measured and predicted; [V-PLAN].
#pragma once

#include <span>
#include <vector>

#include "dsplan/ingest/csv_table.hpp"
#include "dsplan/plan/planning_question.hpp"
#include "dsplan/plan/validation.hpp"

namespace dsplan::ingest {

/// `figures` are those of the table's lines, in order. Lines that agree in all that tells how a run
/// was made are one run, until a metric comes again. A run needs a time per output token, and its
/// rate or what gives it: devices, concurrency, output tokens and a time to first token.
[[nodiscard]] std::vector<plan::MeasuredRun> serving_runs(const CsvTable& table,
                                                          std::span<const plan::Figure> figures);

}  // namespace dsplan::ingest
