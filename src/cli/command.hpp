// What a command gets and gives.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dsplan/catalog/catalog.hpp"
#include "dsplan/report/answer.hpp"

#include "huggingface.hpp"
#include "inputs.hpp"

namespace dsplan::cli {

/// Takes the share done, from 0 to 1.
using Progress = std::function<void(double)>;

/// The catalog outlives the answer.
struct CommandContext {
  const Inputs& inputs;
  const std::vector<std::string>& positionals;
  const catalog::Catalog& catalog;
  const Variable& variable;
  Progress progress = {};  ///< told of searches that take long; may be empty
};

/// Computes the answer of one command, inputs, assumptions and warnings included.
using CommandFunction = report::Answer (*)(const CommandContext&);

[[nodiscard]] report::Answer run_memory(const CommandContext& context);
[[nodiscard]] report::Answer run_flops(const CommandContext& context);
[[nodiscard]] report::Answer run_latency(const CommandContext& context);
[[nodiscard]] report::Answer run_host(const CommandContext& context);
[[nodiscard]] report::Answer run_cost(const CommandContext& context);
[[nodiscard]] report::Answer run_cards(const CommandContext& context);
[[nodiscard]] report::Answer run_quantize(const CommandContext& context);
[[nodiscard]] report::Answer run_catalog(const CommandContext& context);
[[nodiscard]] report::Answer run_recommend(const CommandContext& context);
[[nodiscard]] report::Answer run_calibrate(const CommandContext& context);
[[nodiscard]] report::Answer run_validate(const CommandContext& context);

}  // namespace dsplan::cli
