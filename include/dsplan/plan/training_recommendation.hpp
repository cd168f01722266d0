// What a run should train on, and how: devices, counts and ways of training compared, each by its
// best plan (training_search.hpp), under limits and by an objective.
//
//   [TS-RANK]  dollars a million tokens trained (cost, throughput), time of a step (latency), or
//              energy a step; within 5 % of the best the faster goes first
//   [TS-LIMIT] rent, purchase and power depend on devices and their number alone, and a rate is
//              the step's time turned round: the fastest plan of a device and count holds them if
//              any does
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dsplan/plan/recommendation.hpp"
#include "dsplan/plan/training_search.hpp"

namespace dsplan::plan {

/// What must hold; an absent limit does not.
struct TrainingLimits {
  std::optional<double> tokens_per_s;  ///< trained, at least
  std::optional<double> usd_per_month;
  std::optional<double> capex_usd;
  std::optional<double> power_w;  ///< at the wall
};

/// `search` says the run; its device, count and method are those of the lists.
struct TrainingQuestion {
  TrainingSearchRequest search;
  std::vector<const catalog::Gpu*> devices;
  std::vector<std::int64_t> counts;
  std::vector<workload::Method> methods;
  std::vector<const catalog::Model*> models;  ///< of a listing; empty: the run's
  TrainingLimits limits;
  Objective objective = Objective::cost;
  bool frontier = false;     ///< what is best in cost and time, not by the objective
  bool open_counts = false;  ///< more GPUs may be named as a way out
};

struct TrainingRecommendation : TrainingSearchAnswer {
  std::optional<std::string> scenario;
  std::string objective;
  std::vector<HeldLimit> limits;
  bool frontier = false;
  bool by_device = false;            ///< no model was asked for: those of each device
  std::optional<std::string> relax;  ///< without an answer: what to change, by how much
  std::optional<RuleAdvice> rule;    ///< with --method rule
};

/// With one device, count and way: the fastest plan of each layout; else the best plan of each
/// device and way, on one device of each count and way, and at least one of each way that has any.
/// With `models`, all of them, by device and count, largest model first. Throws as
/// `training_search` does.
[[nodiscard]] TrainingRecommendation training_recommendation(const catalog::Catalog& catalog,
                                                             const TrainingQuestion& question,
                                                             const Progress& progress = {});

}  // namespace dsplan::plan
