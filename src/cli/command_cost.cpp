#include "dsplan/plan/cost_answer.hpp"
#include "dsplan/report/catalog_report.hpp"
#include "dsplan/report/cost_report.hpp"
#include "dsplan/report/memory_report.hpp"

#include "command.hpp"
#include "cost_request.hpp"
#include "timed.hpp"
#include "training_request.hpp"

namespace dsplan::cli {
namespace {

/// The entry of the price that the answer stands on, beside those of the deployment.
void add_price_source(report::Answer& answer,
                      const catalog::Catalog& catalog,
                      const plan::CostAnswer& cost) {
  if (cost.offers.empty()) return;
  answer.sources = [&catalog, before = answer.sources, price = cost.offers.front().price] {
    report::Document document = before();
    const report::Document more = report::catalog_sources(catalog, {.price = price});
    document.push_back(more.back());
    return document;
  };
}

report::Answer costed(const CommandContext& context,
                      report::Answer answer,
                      std::string subject,
                      plan::CostAnswer cost) {
  add_notes(answer, cost.notes);
  add_price_source(answer, context.catalog, cost);
  report::report_cost(answer, std::move(cost), std::move(subject));
  return answer;
}

}  // namespace

report::Answer run_cost(const CommandContext& context) {
  const plan::CostRequest request = cost_request(context.inputs);
  if (const auto method = training_method(context.inputs)) {
    const TimedTraining run = timed_training(context, *method);
    return costed(context,
                  run.answer,
                  report::describe(run.deployment),
                  plan::cost_answer(context.catalog, run.deployment, run.speed, request));
  }
  if (const auto bare = bare_devices(context)) {
    return costed(
        context,
        bare->answer,
        bare->subject,
        plan::cost_answer(context.catalog, *bare->gpu, bare->gpus, bare->node_gpus, request));
  }
  const TimedDeployment run = timed_deployment(context);
  return costed(context,
                run.answer,
                report::describe(run.deployment),
                plan::cost_answer(context.catalog, run.deployment, run.latency, request));
}

}  // namespace dsplan::cli
