#include "dsplan/estimate/power.hpp"

#include <array>
#include <cmath>

namespace dsplan::estimate {
namespace {

// Sizes that server supplies are sold in.
constexpr std::array kSupplyWatts{200.0, 400.0, 800.0, 1200.0, 1600.0, 2000.0, 2400.0, 3000.0};

Watts watts(double n) { return Watts{{n}}; }
double as_double(std::int64_t n) { return static_cast<double>(n); }

}  // namespace

std::optional<MachinePower> machine_power(const MachineParts& parts) {
  if (!parts.device_w) return std::nullopt;
  MachinePower p;
  p.devices = watts(*parts.device_w * as_double(parts.devices));
  p.cores = watts(kWattsPerCore * as_double(parts.cores));
  p.memory = watts(kWattsPerGib * in_gib(parts.memory));
  p.drives = watts(kWattsPerDrive * as_double(parts.drives));
  p.ports = watts(kWattsPerPort * as_double(parts.ports));
  p.fans = total(p) * kFanShare;
  return p;
}

Watts at_the_wall(const MachinePower& power) { return total(power) / kSupplyEfficiency; }

Supplies supplies(const MachinePower& power) {
  const double load = total(power).value;
  const double of_a_feed = std::ceil(load / kSupplyWatts.back());
  for (const double size : kSupplyWatts) {
    if (size * of_a_feed >= load) return {2 * std::llround(of_a_feed), watts(size)};
  }
  return {2 * std::llround(of_a_feed), watts(kSupplyWatts.back())};
}

}  // namespace dsplan::estimate
