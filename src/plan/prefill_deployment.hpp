// The pool of prompts beside a deployment that decodes.
#pragma once

#include "dsplan/plan/deployment.hpp"

namespace dsplan::plan {

/// Resolves the pool that `request` says, of the same engine and formats as `decodes`, into
/// `decodes.prefill`. Throws usage errors: an engine that hands no cache over, no GPU, a slice of
/// one, no tokens to decode, a layout that cannot be.
void add_prefill_pool(Deployment& decodes,
                      const catalog::Catalog& catalog,
                      const DeploymentRequest& request);

}  // namespace dsplan::plan
