#include "dsplan/base/error.hpp"
#include "dsplan/plan/device_listing.hpp"
#include "dsplan/plan/rule_advice.hpp"
#include "dsplan/report/recommend_report.hpp"

#include "command.hpp"
#include "deployment_request.hpp"
#include "explained.hpp"
#include "recommend_request.hpp"
#include "training_request.hpp"
#include "training_search_answer.hpp"

namespace dsplan::cli {
namespace {

report::Answer inference_answer(const CommandContext& context) {
  const RecommendQuestion question = recommend_question(context);
  report::Answer answer;
  answer.inputs = used_inputs(context.inputs);
  answer.assumptions = question.assumptions;
  plan::RecommendAnswer found =
      question.names_model
          ? plan::recommend(context.catalog, question.request, context.progress)
          : plan::device_listing(context.catalog, question.request, context.progress);
  if (by_rule(context.inputs) && question.names_model)
    found.rule = plan::rule_advice(context.catalog, question.request, found);
  found.scenario = question.scenario;
  found.limits = question.limits;
  answer.warnings = found.warnings;
  answer.stats =
      std::to_string(found.evaluated) + " evaluated, " + std::to_string(found.valid) + " valid";
  const auto best = std::move(found.best);
  report::report_recommendation(answer, std::move(found), question.subject);
  if (best) {
    explain_deployment(answer, context.catalog, *best);
    explain_cost(answer, context.catalog, *best, question.request.cost);
  }
  return answer;
}

}  // namespace

report::Answer run_recommend(const CommandContext& context) {
  const catalog::Scenario& scenario = scenario_of(context);
  const auto method = training_method(context.inputs, scenario.workload, true);
  if (!method && scenario.workload != "inference")
    throw Error(ErrorCode::usage,
                "scenario " + std::string(scenario.id) + " is not of inference",
                "leave --workload out, or take another --scenario");
  return method ? training_search_answer(context, *method) : inference_answer(context);
}

}  // namespace dsplan::cli
