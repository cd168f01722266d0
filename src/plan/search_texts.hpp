// What a recommendation says in words: flags, reasons, and changes that would admit a near miss.
#pragma once

#include <string>

#include "dsplan/plan/recommendation.hpp"

namespace dsplan::plan {

inline constexpr double kUnknownPrice = 1e12;  ///< keys from here on have no price

/// "fp8", or "bf16+mxfp4" where experts differ.
[[nodiscard]] std::string precision_name(const Deployment& deployment);

/// The flags that describe a deployment to every command.
[[nodiscard]] std::string flags_of(const std::string& model_flags,
                                   const DeploymentRequest& request);

[[nodiscard]] std::string ranked_by(const SearchRequest& request, const Recommended& deployment);
[[nodiscard]] std::string bound_by(const std::string& constraint, double use);

/// "$1.20 an hour": what points are ranked by.
[[nodiscard]] std::string key_text(const SearchRequest& request, double key);

/// "--max-tpot 34ms": rounded so that the limit holds. None for memory.
[[nodiscard]] std::string change_of(const SearchRequest& request, const BrokenLimit& broken);
[[nodiscard]] std::string reason_of(const BrokenLimit& broken);

}  // namespace dsplan::plan
