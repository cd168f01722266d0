// What a command gets and gives.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dsplan/catalog/catalog.hpp"
#include "dsplan/report/answer.hpp"

#include "huggingface.hpp"
#include "inputs.hpp"

namespace dsplan::cli {

/// The catalog outlives the answer.
struct CommandContext {
  const Inputs& inputs;
  const std::vector<std::string>& positionals;
  const catalog::Catalog& catalog;
  const Variable& variable;
};

/// Computes the answer of one command, inputs, assumptions and warnings included.
using CommandFunction = report::Answer (*)(const CommandContext&);

[[nodiscard]] report::Answer run_memory(const CommandContext& context);
[[nodiscard]] report::Answer run_flops(const CommandContext& context);
[[nodiscard]] report::Answer run_catalog(const CommandContext& context);
[[nodiscard]] report::Answer run_validate(const CommandContext& context);

}  // namespace dsplan::cli
