#include "dsplan/estimate/rule.hpp"
#include "dsplan/plan/flops_answer.hpp"
#include "dsplan/report/flops_report.hpp"
#include "dsplan/report/memory_report.hpp"

#include "command.hpp"
#include "deployment_request.hpp"
#include "rule_load.hpp"
#include "training_request.hpp"

namespace dsplan::cli {
namespace {

report::Answer rule_answer(const CommandContext& context) {
  RuleLoad load = rule_load(context);
  add_left_out(load.answer, estimate::rule_flops_leaves_out());
  report::report_flops(
      load.answer,
      plan::rule_flops_answer(rule_parameters(load.source), *load.format, load.tokens, load.batch),
      "The guides' rule: 2 x P x L x B, with " + std::to_string(load.tokens) +
          " tokens and batch " + std::to_string(load.batch));
  return std::move(load.answer);
}

report::Answer training_answer(const CommandContext& context, workload::Method method) {
  const ModelSource source = model_of(context);
  report::Answer answer;
  const plan::TrainingDeployment deployment = trained(answer, context, source, method);
  report::report_flops(
      answer, plan::training_flops_answer(deployment), report::describe(deployment));
  return answer;
}

}  // namespace

report::Answer run_flops(const CommandContext& context) {
  if (const auto method = training_method(context.inputs)) return training_answer(context, *method);
  if (by_rule(context.inputs)) return rule_answer(context);
  const ModelSource source = model_of(context);
  const plan::Deployment deployment =
      plan::resolve_deployment(context.catalog, deployment_request(context.inputs, source.choice));
  report::Answer answer;
  answer.inputs = used_inputs(context.inputs);
  add_notes(answer, deployment, source);
  add_sources(answer, context, deployment, source);
  report::report_flops(answer, plan::flops_answer(deployment), report::describe(deployment));
  return answer;
}

}  // namespace dsplan::cli
