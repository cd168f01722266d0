#include "dsplan/base/error.hpp"
#include "dsplan/estimate/rule.hpp"
#include "dsplan/plan/flops_answer.hpp"
#include "dsplan/report/flops_report.hpp"
#include "dsplan/report/memory_report.hpp"

#include "command.hpp"
#include "deployment_request.hpp"
#include "training_request.hpp"

namespace dsplan::cli {
namespace {

constexpr std::int64_t kRuleTokens = 2048;

report::Answer rule_answer(const CommandContext& context) {
  const Inputs& in = context.inputs;
  const ModelSource source = model_of(context);
  report::Answer answer;
  answer.inputs = used_inputs(in);
  answer.assumptions = source.assumptions;
  const auto& format =
      *context.catalog.resolve<catalog::Format>(in.text("precision").value_or("fp16")).entry;
  const std::int64_t tokens =
      in.count("input-tokens").value_or(in.count("context").value_or(kRuleTokens));
  const std::int64_t batch = in.count("batch").value_or(1);
  if (tokens < 1 || batch < 1)
    throw Error(ErrorCode::usage, "--seq-len and --batch must be at least 1", "give counts");
  add_left_out(answer, estimate::rule_flops_leaves_out());
  report::report_flops(answer,
                       plan::rule_flops_answer(rule_parameters(source), format, tokens, batch),
                       "The guides' rule: 2 x P x L x B, with " + std::to_string(tokens) +
                           " tokens and batch " + std::to_string(batch));
  return answer;
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
