#include "dsplan/traffic/waiting.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dsplan::traffic {

double load_of(const WaitingLine& l) { return l.arrivals_per_s * l.service_s / l.servers; }

Waiting waiting(const WaitingLine& l) {
  const double load = load_of(l);
  if (load <= 0.0) return {};
  if (load >= 1.0) return {1.0, std::numeric_limits<double>::infinity()};
  Waiting w;
  w.chance = std::pow(load, std::sqrt(2.0 * (l.servers + 1.0)) - 1.0);
  const double variation = (l.arrival_variation + l.service_variation) / 2.0;
  w.mean_s = variation * w.chance * l.service_s / (l.servers * (1.0 - load));
  return w;
}

double wait_quantile(const Waiting& w, double share) {
  if (w.chance <= 1.0 - share) return 0.0;
  return w.mean_s / w.chance * std::log(w.chance / (1.0 - share));
}

}  // namespace dsplan::traffic
