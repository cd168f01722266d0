#include "dsplan/plan/shapes.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/base/error.hpp"
#include "dsplan/estimate/parameters.hpp"

namespace dsplan::plan {
namespace {

using catalog::Model;

// A quarter up or down: "13B" means 10.4 to 16.3 billion.
constexpr double kPlausibleRatio = 1.25;

double count(const Model& m) {
  return static_cast<double>(estimate::total(estimate::parameters(m)));
}

double active_count(const Model& m) {
  return static_cast<double>(estimate::active(estimate::parameters(m)));
}

double log_ratio(double a, double b) { return std::abs(std::log(a / b)); }

/// How far a model is from the sizes asked for, in log ratios.
double distance(const Model& m, double parameters, std::optional<double> active) {
  const double size = log_ratio(count(m), parameters);
  return active ? size + log_ratio(active_count(m), *active) : size;
}

/// A single KV head was tried by a few models of 2022-23 and given up: it would widen every
/// interval for shapes that nobody means.
bool is_candidate(const Model& m, std::optional<double> active) {
  return !m.encoder && m.kv_heads > 1 && catalog::is_moe(m) == active.has_value();
}

}  // namespace

const Model& typical_shape(const catalog::Catalog& catalog,
                           double parameters,
                           std::optional<double> active) {
  const Model* best = nullptr;
  double best_distance = 0.0;
  for (const Model& m : catalog.all<Model>()) {
    if (!m.typical || !is_candidate(m, active)) continue;
    const double d = distance(m, parameters, active);
    if (best == nullptr || d < best_distance) {
      best = &m;
      best_distance = d;
    }
  }
  if (best == nullptr) throw Error(ErrorCode::internal, "the catalog holds no typical shape");
  return *best;
}

std::vector<const Model*> plausible_shapes(const catalog::Catalog& catalog,
                                           double parameters,
                                           std::optional<double> active) {
  std::vector<const Model*> shapes;
  for (const Model& m : catalog.all<Model>()) {
    const bool near = log_ratio(count(m), parameters) <= std::log(kPlausibleRatio);
    if (is_candidate(m, active) && near) shapes.push_back(&m);
  }
  if (shapes.empty()) shapes.push_back(&typical_shape(catalog, parameters, active));
  return shapes;
}

}  // namespace dsplan::plan
