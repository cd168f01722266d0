// What the guides' rules take of a question, for every command that has one.
#pragma once

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/format.hpp"
#include "dsplan/catalog/gpu.hpp"

#include "command.hpp"
#include "model_source.hpp"

namespace dsplan::cli {

/// `answer` holds inputs, assumptions and sources so far.
struct RuleLoad {
  report::Answer answer;
  ModelSource source;
  const catalog::Format* format = nullptr;  ///< of the weights; fp16 where none is said
  const catalog::Gpu* gpu = nullptr;        ///< null: none is named
  std::int64_t batch = 1;
  std::int64_t gpus = 1;
  std::int64_t tokens = 2048;  ///< of a prompt
};

/// Throws usage errors: unknown names, counts below 1.
[[nodiscard]] RuleLoad rule_load(const CommandContext& context);

/// The data sheet's rate in the format's arithmetic, dense or sparse, of one device. Throws a usage
/// error where the catalog has none.
[[nodiscard]] FlopsPerSecond rule_rate(const catalog::Gpu& gpu,
                                       const catalog::Format& format,
                                       bool sparse);

}  // namespace dsplan::cli
