// A predicted figure and its band.
#pragma once

#include <optional>

#include "dsplan/catalog/band.hpp"

namespace dsplan::plan {

/// `low` and `high`: the ends of the 80 % band, where one is known.
struct Predicted {
  double value = 0.0;
  std::optional<double> low;
  std::optional<double> high;
};

/// [U-BAND] With the ends that the row gives; with none, without ends.
[[nodiscard]] Predicted predicted(double value, const catalog::Band* band);

/// Both ends further out by a factor of 1 or more.
[[nodiscard]] Predicted widened(const Predicted& figure, double factor);

}  // namespace dsplan::plan
