// The catalog of a run: the built-in tables under the overlays that the inputs name.
#pragma once

#include "dsplan/catalog/catalog.hpp"

#include "inputs.hpp"

namespace dsplan::cli {

/// Throws an input error for an overlay that cannot be read or does not agree with the rest.
[[nodiscard]] catalog::Catalog load_catalog(const Inputs& inputs);

}  // namespace dsplan::cli
