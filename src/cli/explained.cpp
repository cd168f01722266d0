#include "explained.hpp"

#include <utility>

#include "dsplan/base/error.hpp"
#include "dsplan/plan/latency_answer.hpp"
#include "dsplan/plan/memory_answer.hpp"
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

}  // namespace

void explain_deployment(report::Answer& answer,
                        const catalog::Catalog& catalog,
                        const plan::Deployment& deployment) {
  answer.explanation = [before = std::move(answer.explanation), &catalog, deployment] {
    report::Document document = before ? before() : report::Document{};
    for (auto& part : terms_of(catalog, deployment)) document.push_back(std::move(part));
    return document;
  };
}

}  // namespace dsplan::cli
