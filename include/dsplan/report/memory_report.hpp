// The memory answer for people and for programs.
#pragma once

#include "dsplan/plan/deployment.hpp"
#include "dsplan/plan/memory_answer.hpp"
#include "dsplan/plan/training_deployment.hpp"
#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// Sets the views of `answer` (result, document, explanation, main list). `subject` is the line
/// that says what was estimated.
void report_memory(Answer& answer, plan::MemoryAnswer memory, std::string subject);

/// "Llama-3.1-70B in bf16, KV in bf16, batch 4 x (2048 + 256) tokens, vLLM 0.21 on 4 x h100-sxm".
[[nodiscard]] std::string describe(const plan::Deployment& deployment);

/// "Llama-3.1-8B, full training in bf16 by Megatron with AdamW, 1 x 4096 tokens, batch 8, on 8 x
/// h100-sxm".
[[nodiscard]] std::string describe(const plan::TrainingDeployment& deployment);

/// The terms as formulas with their values, for `--explain`.
[[nodiscard]] Grid explained(const std::vector<plan::MemoryTerm>& terms);

/// JSON Schema of the result.
[[nodiscard]] Json memory_schema();

}  // namespace dsplan::report
