#include "explained.hpp"

#include <utility>

#include "dsplan/base/error.hpp"
#include "dsplan/plan/latency_answer.hpp"
#include "dsplan/plan/memory_answer.hpp"
#include "dsplan/report/cost_report.hpp"
#include "dsplan/report/latency_report.hpp"
#include "dsplan/report/memory_report.hpp"

namespace dsplan::cli {
namespace {

report::Document terms_of(const catalog::Catalog& catalog, const plan::Deployment& d) {
  report::Document document{
      report::Text{"How it is reckoned (formulas: docs/formulas.md): " + report::describe(d),
                   report::Tone::strong},
      report::explained(plan::memory_terms(d))};
  try {
    document.emplace_back(report::explained(plan::latency_answer(catalog, d).breakdown));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::usage) throw;  // a device without rates has no times
  }
  return document;
}

/// What was explained so far, and more.
template <typename More>
void append(report::Answer& answer, More more) {
  answer.explanation = [before = std::move(answer.explanation), more] {
    report::Document document = before ? before() : report::Document{};
    for (auto& part : more()) document.push_back(std::move(part));
    return document;
  };
}

}  // namespace

void explain_deployment(report::Answer& answer,
                        const catalog::Catalog& catalog,
                        const plan::Deployment& deployment) {
  append(answer, [&catalog, deployment] { return terms_of(catalog, deployment); });
}

void explain_cost(report::Answer& answer,
                  const catalog::Catalog& catalog,
                  const plan::Deployment& deployment,
                  const plan::CostRequest& request) {
  append(answer, [&catalog, deployment, request]() -> report::Document {
    const auto latency = plan::latency_answer(catalog, deployment);
    return {report::explained(plan::cost_answer(catalog, deployment, latency, request))};
  });
}

}  // namespace dsplan::cli
