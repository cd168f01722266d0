// The answer of `cards` for people and for programs.
#pragma once

#include "dsplan/plan/cards_answer.hpp"
#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// Sets the views of `answer`; `subject` says what must run. No number of GPUs that is enough makes
/// the answer negative.
void report_cards(Answer& answer, plan::CardsAnswer cards, std::string subject);

[[nodiscard]] Json cards_schema();

}  // namespace dsplan::report
