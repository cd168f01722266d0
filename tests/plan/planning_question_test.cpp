// The planning question on runs made by hand.
#include "dsplan/plan/planning_question.hpp"

#include <catch2/catch.hpp>

namespace dsplan::plan {
namespace {

constexpr Seconds kLimit = seconds(0.020);

RunSpeed speed(double tpot_ms, double rate) { return {seconds(tpot_ms / 1e3), rate}; }

MeasuredRun run(std::string id, RunSpeed measured, std::optional<RunSpeed> predicted) {
  return {std::move(id), {"m", "g", "e", "w"}, measured, predicted};
}

PlanningAnswer answer(const std::vector<MeasuredRun>& runs) {
  const auto p = planning(runs, {{kLimit}});
  REQUIRE(p.has_value());
  REQUIRE(p->any_workload.groups.size() == 1);
  REQUIRE(p->any_workload.groups.front().answers.size() == 1);
  return p->any_workload.groups.front().answers.front();
}

TEST_CASE("the choice is the run predicted fastest under the limit", "[plan]") {
  const auto a = answer({run("slow", speed(10, 100), speed(11, 90)),
                         run("fast", speed(19, 200), speed(18, 260)),
                         run("over", speed(25, 300), speed(30, 400))});
  CHECK(a.best == "fast");
  CHECK(a.chosen == "fast");
  CHECK(a.loss == 0.0);
  CHECK_FALSE(a.broke_the_limit);
}

TEST_CASE("a worse choice loses the share of the best rate that it lacks", "[plan]") {
  const auto a = answer(
      {run("slow", speed(10, 150), speed(11, 300)), run("fast", speed(19, 200), speed(18, 260))});
  CHECK(a.chosen == "slow");
  CHECK(a.best == "fast");
  CHECK(a.loss == Approx(0.25));
}

TEST_CASE("a limit that a choice breaks by 9 % costs nothing, by 11 % all", "[plan]") {
  const auto over = [](double tpot_ms) {
    return answer({run("slow", speed(10, 100), speed(11, 90)),
                   run("over", speed(tpot_ms, 200), speed(19, 260))});
  };
  const auto within = over(21.8);
  CHECK(within.chosen == "over");
  CHECK(within.best == "slow");
  CHECK(within.loss == 0.0);
  CHECK_FALSE(within.broke_the_limit);
  const auto beyond = over(22.2);
  CHECK(beyond.chosen_tpot->value == Approx(0.0222));
  CHECK(beyond.loss == 1.0);
  CHECK(beyond.broke_the_limit);
}

TEST_CASE("where no prediction is under the limit all is lost", "[plan]") {
  const auto a = answer(
      {run("one", speed(10, 100), speed(21, 90)), run("two", speed(19, 200), speed(30, 260))});
  CHECK_FALSE(a.chosen.has_value());
  CHECK(a.loss == 1.0);
  CHECK_FALSE(a.broke_the_limit);
}

TEST_CASE("a run without a prediction may be the best and is not chosen", "[plan]") {
  const auto a = answer(
      {run("unknown", speed(10, 200), std::nullopt), run("known", speed(12, 100), speed(12, 100))});
  CHECK(a.best == "unknown");
  CHECK(a.chosen == "known");
  CHECK(a.loss == Approx(0.5));
}

TEST_CASE("nothing is asked of one run, or where no run holds the limit", "[plan]") {
  const auto held = run("held", speed(10, 100), speed(10, 100));
  const auto slow = run("slow", speed(21, 100), speed(10, 100));
  CHECK_FALSE(planning({{held}}, {{kLimit}}).has_value());
  CHECK_FALSE(planning({{slow, slow}}, {{kLimit}}).has_value());
  CHECK(planning({{held, slow}}, {{kLimit}}).has_value());
}

TEST_CASE("other models, GPUs and engines ask other questions, other workloads may", "[plan]") {
  auto a = run("a", speed(10, 100), speed(10, 100));
  auto b = a;
  b.kind.engine = "f";
  CHECK_FALSE(planning({{a, b}}, {{kLimit}}).has_value());
  b.kind = a.kind;
  b.kind.workload = "v";
  const auto p = planning({{a, b}}, {{kLimit}});
  REQUIRE(p.has_value());
  CHECK(p->any_workload.groups.front().runs == 2);
  CHECK(p->any_workload.groups.front().kind.workload.empty());
  CHECK(p->same_workload.groups.empty());
  CHECK(p->same_workload.score.questions == 0);
  CHECK_FALSE(p->same_workload.score.mean_loss.has_value());
}

TEST_CASE("a score counts what was lost and how", "[plan]") {
  PlanningAnswer kept{kLimit, "a", "a", kLimit, false, 0.0};
  PlanningAnswer worse{kLimit, "a", "b", kLimit, false, 0.2};
  PlanningAnswer broke{kLimit, "a", "c", seconds(0.03), true, 1.0};
  PlanningAnswer missed{kLimit, "a", std::nullopt, std::nullopt, false, 1.0};
  const auto s = score_of(std::vector{kept, worse, broke, missed});
  CHECK(s.questions == 4);
  CHECK(s.mean_loss.value() == Approx(0.55));
  CHECK(s.chose_the_best == 1);
  CHECK(s.broke_the_limit == 1);
  CHECK(s.missed == 1);
}

}  // namespace
}  // namespace dsplan::plan
