// The planning question's part of a validation.
#pragma once

#include <span>

#include "dsplan/plan/planning_question.hpp"
#include "dsplan/report/document.hpp"

#include "describe.hpp"

namespace dsplan::report {

template <>
std::span<const ResultField<plan::Planning>> described<plan::Planning>();

/// Both groupings, a line each.
[[nodiscard]] Grid planning_grid(const plan::Planning& planning);

}  // namespace dsplan::report
