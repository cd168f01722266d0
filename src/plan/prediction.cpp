#include "dsplan/plan/prediction.hpp"

#include <algorithm>

namespace dsplan::plan {

Predicted predicted(double value, const catalog::Band* band) {
  if (band == nullptr) return {value, std::nullopt, std::nullopt};
  // A kind whose median is off one way has its whole band there; the figure stays within.
  return {value, value * std::min(1.0, band->low), value * std::max(1.0, band->high)};
}

Predicted widened(const Predicted& figure, double factor) {
  if (!figure.low || !figure.high) return figure;
  return {figure.value, *figure.low / factor, *figure.high * factor};
}

}  // namespace dsplan::plan
