// Step models of plain deployments for tests.
#pragma once

#include "dsplan/catalog/stack.hpp"
#include "dsplan/estimate/step_time.hpp"

#include "built_in.hpp"

namespace dsplan::test {

inline estimate::Platform platform(const catalog::Gpu& gpu) {
  constexpr std::int64_t kNode = 8;
  return {&gpu,
          built_in().all<catalog::Kernel>(),
          estimate::interconnect(gpu, built_in().all<catalog::Link>(), kNode, nullptr, nullptr)};
}

inline const catalog::Stack& stack(std::string_view engine, const catalog::Gpu& gpu) {
  const auto* found = catalog::find_stack(built_in().all<catalog::Stack>(), engine, "", gpu);
  REQUIRE(found != nullptr);
  return *found;
}

inline estimate::StepModel steps(const workload::Inference& w, const catalog::Gpu& gpu) {
  return estimate::step_model(w, platform(gpu), stack(w.engine->id, gpu));
}

inline estimate::StepModel steps(std::string_view model_id, std::string_view gpu_id) {
  return steps(inference(model_id), gpu(gpu_id));
}

/// Steps that take a fixed time and a time for each token, and nothing else.
inline estimate::StepModel plain_steps(double step_s, double token_s) {
  estimate::StepModel m;
  m.host.step_s = step_s;
  estimate::StepTerm tokens{.operation = "tokens", .formula = "S-GEMM", .count = 1.0};
  tokens.memory_s = token_s;
  m.terms.push_back(tokens);
  return m;
}

}  // namespace dsplan::test
