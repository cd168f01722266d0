// The planning question, put to measured runs: how much is lost by choosing from predictions.
//
// Among the layouts and loads of a group, choose the one with the most output tokens per second and
// GPU whose time per output token is under a limit. The choice is made from the predictions and
// judged by the measurements; [V-PLAN].
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "dsplan/base/units.hpp"

namespace dsplan::plan {

/// The limits that are asked for.
inline constexpr std::array kTpotLimits{seconds(0.015),
                                        seconds(0.020),
                                        seconds(0.030),
                                        seconds(0.040),
                                        seconds(0.050),
                                        seconds(0.060),
                                        seconds(0.080),
                                        seconds(0.100)};

/// A limit is broken where a choice's measured time is above it by more than this share.
inline constexpr double kLimitTolerance = 0.1;

/// How fast a run was, or is said to be.
struct RunSpeed {
  Seconds tpot;
  double output_tokens_per_s_per_gpu = 0.0;
};

/// Runs that agree in these can stand in for each other.
struct RunKind {
  std::string model;
  std::string gpu;
  std::string engine;
  std::string workload;  ///< what must be alike for rates to compare; empty where all count

  friend bool operator<(const RunKind& a, const RunKind& b) {
    return std::tie(a.model, a.gpu, a.engine, a.workload) <
           std::tie(b.model, b.gpu, b.engine, b.workload);
  }
};

struct MeasuredRun {
  std::string id;
  RunKind kind;
  RunSpeed measured;
  std::optional<RunSpeed> predicted;  ///< a run without may be the best and is never chosen
};

struct PlanningAnswer {
  Seconds limit;
  std::string best;                   ///< run with the highest measured rate under the limit
  std::optional<std::string> chosen;  ///< absent where no prediction is under the limit
  std::optional<Seconds> chosen_tpot;
  bool broke_the_limit = false;
  double loss = 0.0;  ///< share of the best rate
};

/// Answers counted.
struct PlanningScore {
  std::int64_t questions = 0;
  std::optional<double> mean_loss;  ///< absent without a question
  std::int64_t chose_the_best = 0;  ///< nothing lost
  std::int64_t broke_the_limit = 0;
  std::int64_t missed = 0;  ///< no choice where there was one
};
[[nodiscard]] PlanningScore score_of(std::span<const PlanningAnswer> answers);

struct PlanningGroup {
  RunKind kind;
  std::int64_t runs = 0;
  std::vector<PlanningAnswer> answers;
};

struct PlanningGrouping {
  PlanningScore score;
  std::vector<PlanningGroup> groups;  ///< those with a question, in order of first appearance
};

struct Planning {
  std::vector<Seconds> limits;
  PlanningGrouping any_workload;   ///< groups of model, GPU and engine
  PlanningGrouping same_workload;  ///< groups that agree in `RunKind::workload` too
};

/// Not asked: a limit that no measured run of the group holds, and a group of one run. Absent where
/// nothing is asked.
[[nodiscard]] std::optional<Planning> planning(std::span<const MeasuredRun> runs,
                                               std::span<const Seconds> limits = kTpotLimits);

}  // namespace dsplan::plan
