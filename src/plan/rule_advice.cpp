#include "dsplan/plan/rule_advice.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/estimate/rule.hpp"

#include "duration.hpp"
#include "resolution.hpp"

namespace dsplan::plan {
namespace {

constexpr double kFastLimitSeconds = 0.1;
constexpr std::string_view kFastDevice = "a100-sxm-80";
constexpr std::string_view kCheapDevice = "t4";

/// The shortest limit on a token, a first token or a whole answer: the guides do not tell them
/// apart.
std::optional<double> latency_bound(const SearchLimits& l) {
  std::optional<double> least;
  for (const auto& limit : {l.ttft, l.tpot, l.latency}) {
    if (limit && (!least || limit->most_s < *least)) least = limit->most_s;
  }
  return least;
}

std::string milliseconds(double value_s) {
  return text(static_cast<std::int64_t>(std::lround(value_s * 1e3))) + " ms";
}

/// Cards by the guides' memory sum at fp16, with the batch of the question.
std::int64_t cards(const catalog::Catalog& catalog,
                   const RecommendRequest& request,
                   const catalog::Gpu& gpu) {
  DeploymentRequest one = request.search.base;
  one.gpu.reset();
  const Deployment d = resolve_deployment(catalog, one);
  const auto& format = *catalog.resolve<catalog::Format>("fp16").entry;
  const Bytes sum =
      total(estimate::rule_memory(d.parameters, format, request.search.concurrency.value_or(1)));
  return std::max<std::int64_t>(1,
                                static_cast<std::int64_t>(std::ceil(
                                    sum / estimate::rule_usable(gpu, estimate::kRuleReserve))));
}

std::string compared(const RuleAdvice& rule,
                     const RecommendAnswer& own,
                     const RecommendAnswer& all) {
  std::string line = text(rule.gpus) + " x " + rule.gpu;
  if (!rule.holds)
    return line + " does not hold the limits by the detailed estimate" +
           (own.relax ? ": " + *own.relax : "") +
           "; the tree knows neither formats nor what a token costs in time";
  const Recommended& d = own.deployments.front();
  line += " holds the limits by the detailed estimate on " + text(d.gpus) + " of them";
  if (all.deployments.empty()) return line;
  const Recommended& best = all.deployments.front();
  line += "; among the devices asked for the search prefers " + text(best.gpus) + " x " + best.gpu;
  if (d.cost.usd_per_month && best.cost.usd_per_month)
    line += " at $" + text(std::llround(*best.cost.usd_per_month)) + " a month, against $" +
            text(std::llround(*d.cost.usd_per_month));
  return line;
}

/// Of the best plan.
double step_of(const TrainingSearchAnswer& a) {
  return a.deployments.front().performance.step_s.value;
}

}  // namespace

RuleAdvice training_rule_advice(const catalog::Catalog& catalog,
                                const TrainingQuestion& question,
                                double parameters,
                                const TrainingRecommendation& answer) {
  constexpr double kOneCard = 10e9;
  constexpr std::int64_t kServer = 8;
  const bool small = parameters <= kOneCard;
  const auto& gpu = *catalog.resolve<catalog::Gpu>(kFastDevice).entry;
  RuleAdvice rule;
  rule.path.emplace_back("training? yes");
  rule.path.push_back(text(std::llround(parameters / kGiga)) + " billion parameters: " +
                      (small ? "up to 10 billion: one A100 80GB" : "above 10 billion: eight"));
  rule.gpu = std::string(gpu.id);
  rule.gpus = small ? 1 : kServer;
  TrainingQuestion own = question;
  own.devices = {&gpu};
  own.counts = {rule.gpus};
  own.frontier = false;
  const auto found = training_recommendation(catalog, own);
  rule.holds = !found.deployments.empty();
  rule.difference = text(rule.gpus) + " x " + rule.gpu +
                    (rule.holds ? " holds it by the detailed estimate, at " +
                                      duration(seconds(step_of(found))) + " a step"
                                : " does not hold it by the detailed estimate");
  if (!answer.deployments.empty())
    rule.difference += "; among the devices asked for the search prefers " +
                       text(answer.deployments.front().gpus) + " x " +
                       answer.deployments.front().gpu + ", at " +
                       duration(seconds(step_of(answer)));
  rule.difference += ". The tree asks neither for the optimizer nor for the length";
  return rule;
}

RuleAdvice rule_advice(const catalog::Catalog& catalog,
                       const RecommendRequest& request,
                       const RecommendAnswer& answer) {
  RuleAdvice rule;
  const auto bound = latency_bound(request.search.limits);
  const bool fast = bound && *bound < kFastLimitSeconds;
  const auto& gpu = *catalog.resolve<catalog::Gpu>(fast ? kFastDevice : kCheapDevice).entry;
  rule.path.push_back("training? no: inference");
  rule.path.push_back(bound ? "latency bound: " + milliseconds(*bound)
                            : "latency bound: none given");
  rule.path.push_back(fast ? "below 100 ms: A100 80GB" : "100 ms and more: T4");
  rule.gpu = std::string(gpu.id);
  rule.gpus = cards(catalog, request, gpu);
  rule.path.push_back("(P x bytes x (1 + 2.5 x batch) + 1.5 x P x bytes) / card: " +
                      text(rule.gpus));
  RecommendRequest own = request;
  own.search.devices = {{&gpu, {}}};
  own.search.gpus.reset();
  own.search.fewest_gpus = 1;
  own.search.most_gpus = std::min<std::int64_t>(rule.gpus, 1024);
  own.search.frontier = false;
  own.most_shown = 1;
  const RecommendAnswer found = recommend(catalog, own);
  rule.holds = !found.deployments.empty();
  rule.difference = compared(rule, found, answer);
  return rule;
}

}  // namespace dsplan::plan
