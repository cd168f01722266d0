#include "dsplan/plan/quantize_answer.hpp"
#include "dsplan/report/memory_report.hpp"
#include "dsplan/report/quantize_report.hpp"

#include "command.hpp"
#include "cost_request.hpp"
#include "deployment_request.hpp"
#include "explained.hpp"

namespace dsplan::cli {

report::Answer run_quantize(const CommandContext& context) {
  const ModelSource source = model_of(context);
  const plan::DeploymentRequest request = deployment_request(context.inputs, source.choice);
  const plan::Deployment deployment = plan::resolve_deployment(context.catalog, request);
  report::Answer answer;
  answer.inputs = used_inputs(context.inputs);
  add_notes(answer, deployment, source);
  add_sources(answer, context, deployment, source);
  plan::QuantizeAnswer quantize =
      plan::quantize_answer(context.catalog, request, cost_request(context.inputs).rent);
  answer.warnings.insert(answer.warnings.end(), quantize.warnings.begin(), quantize.warnings.end());
  report::report_quantize(
      answer, std::move(quantize), "Formats of the weights for: " + report::describe(deployment));
  explain_deployment(answer, context.catalog, deployment);
  return answer;
}

}  // namespace dsplan::cli
