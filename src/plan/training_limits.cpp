#include "training_limits.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace dsplan::plan {
namespace {

/// Three digits, rounded so that the plan holds the limit it becomes.
std::string admitted(double value, bool least) {
  const double scale = std::pow(10.0, 2.0 - std::floor(std::log10(value)));
  const double whole = least ? std::floor(value * scale + 1e-9) : std::ceil(value * scale - 1e-9);
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(
      buffer.data(), buffer.data() + buffer.size(), whole / scale, std::chars_format::fixed);
  return {buffer.data(), end.ptr};
}

/// An amount that must stay under its limit; one that is not known does not hold it.
void check_most(std::vector<MissedLimit>& broken,
                const char* name,
                const char* option,
                const std::optional<double>& limit,
                const std::optional<double>& value) {
  if (!limit || (value && *value <= *limit)) return;
  broken.push_back({name,
                    value.value_or(0.0),
                    *limit,
                    value ? std::string("--") + option + " " + admitted(*value, false) : ""});
}

std::string fixed(double value, int places) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(
      buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, places);
  return {buffer.data(), end.ptr};
}

}  // namespace

std::vector<MissedLimit> broken_limits(const TrainingLimits& l, const TrainingPlan& p) {
  std::vector<MissedLimit> broken;
  check_most(broken, "rent", "budget-per-month", l.usd_per_month, p.cost.usd_per_month);
  check_most(broken, "purchase", "budget-capex", l.capex_usd, p.cost.capex_usd);
  check_most(broken, "power", "max-power", l.power_w, p.power_w);
  const double rate = p.performance.tokens_per_s.value;
  if (l.tokens_per_s && rate < *l.tokens_per_s)
    broken.push_back(
        {"throughput", rate, *l.tokens_per_s, "--min-throughput " + admitted(rate, true)});
  return broken;
}

double excess(const std::vector<MissedLimit>& broken) {
  double product = 1.0;
  for (const MissedLimit& b : broken)
    product *= b.flag.empty() ? 1e9 : std::max(b.needed / b.limit, b.limit / b.needed);
  return product;
}

double per_token(const TrainingPlan& p) {
  return p.cost.million_tokens ? p.cost.million_tokens->value : kUnknownPrice;
}

double key_of(Objective objective, const TrainingPlan& p) {
  if (objective == Objective::latency) return p.performance.step_s.value;
  if (objective != Objective::energy) return per_token(p);
  return p.power_w ? *p.power_w * p.performance.step_s.value : kUnknownPrice;
}

std::string rank_reason(Objective objective, const TrainingPlan& p) {
  if (objective == Objective::latency)
    return "a step takes " + fixed(p.performance.step_s.value, 2) + " s";
  if (objective == Objective::energy)
    return p.power_w
               ? fixed(*p.power_w / p.performance.tokens_per_s.value, 3) + " J a token trained"
               : "no power known: ranked last";
  if (!p.cost.million_tokens) return "nobody in the catalog rents it out: ranked last";
  std::string reason = "$" + fixed(per_token(p), 3) + " a million tokens trained";
  if (p.cost.usd_to_train)
    reason +=
        ", $" + fixed(*p.cost.usd_to_train, *p.cost.usd_to_train < 100.0 ? 2 : 0) + " for the run";
  return reason;
}

}  // namespace dsplan::plan
