// Typical architectures for models of which only the size is known.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dsplan/catalog/catalog.hpp"

namespace dsplan::plan {

/// The catalog's typical shape whose parameters (and, for a mixture of experts, active parameters)
/// are nearest in ratio. Never null: the catalog holds typical dense and MoE shapes.
[[nodiscard]] const catalog::Model& typical_shape(const catalog::Catalog& catalog,
                                                  double parameters,
                                                  std::optional<double> active_parameters);

/// Catalog models that the size could as well mean: decoders of the same kind (dense or MoE) within
/// a quarter of the parameters. Holds the typical shape when no other is near.
[[nodiscard]] std::vector<const catalog::Model*> plausible_shapes(
    const catalog::Catalog& catalog, double parameters, std::optional<double> active_parameters);

}  // namespace dsplan::plan
