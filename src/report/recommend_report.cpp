#include "dsplan/report/recommend_report.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "dsplan/report/training_search_report.hpp"

#include "describe.hpp"
#include "figures.hpp"
#include "listing_table.hpp"
#include "time_tables.hpp"

namespace dsplan::report {

using plan::HeldLimit;
using plan::ListedDevice;
using plan::RecommendAnswer;
using plan::Recommended;
using plan::RecommendedCost;
using plan::RecommendedPerformance;
using plan::RecommendedPool;
using plan::RecommendedPools;
using plan::RejectedDeployment;
using plan::RuleAdvice;

template <>
std::span<const ResultField<plan::PerGpuMemory>> described<plan::PerGpuMemory>();
template <>
std::span<const ResultField<plan::SoftwareNeed>> described<plan::SoftwareNeed>();

template <>
std::span<const ResultField<RecommendedPool>> described<RecommendedPool>() {
  using P = RecommendedPool;
  static constexpr std::array kFields{
      field<&P::gpus>("gpus", "of the pool"),
      field<&P::copies>("replicas", "copies of the model"),
      field<&P::tp>("tp", "tensor parallel size"),
      field<&P::pp>("pp", "pipeline stages"),
      field<&P::ep>("ep", "expert parallel size"),
      field<&P::cp>("cp", "context parallel size"),
      field<&P::attention_dp>("attention_dp", "copies of attention that share the experts"),
      field<&P::batch>("batch", "requests at a time, over all copies"),
      field<&P::max_batched_tokens>("max_batched_tokens", "tokens of one step"),
      field<&P::flags>("flags", "of `latency` for the pool alone"),
  };
  return kFields;
}

template <>
std::span<const ResultField<RecommendedPools>> described<RecommendedPools>() {
  static constexpr std::array kFields{
      field<&RecommendedPools::prefill>("prefill", "runs prompts"),
      field<&RecommendedPools::decode>("decode", "generates"),
  };
  return kFields;
}

template <>
std::span<const ResultField<RecommendedPerformance>> described<RecommendedPerformance>() {
  using P = RecommendedPerformance;
  static constexpr std::array kFields{
      field<&P::ttft_s>("ttft_s", "time to the first token, mean"),
      field<&P::tpot_s>("tpot_s", "time of each further token, mean"),
      field<&P::e2e_s>("e2e_s", "whole request, mean"),
      field<&P::ttft_p99_s>("ttft_p99_s", "99th percentile over requests"),
      field<&P::tpot_p99_s>("tpot_p99_s", "99th percentile over requests"),
      field<&P::output_tokens_per_s>("output_tokens_per_s", "of all GPUs"),
      field<&P::output_tokens_per_s_per_gpu>("output_tokens_per_s_per_gpu", "of one"),
      field<&P::requests_per_s>("requests_per_s", "of all GPUs"),
  };
  return kFields;
}

template <>
std::span<const ResultField<RecommendedCost>> described<RecommendedCost>() {
  using C = RecommendedCost;
  static constexpr std::array kFields{
      field<&C::usd_per_hour>("usd_per_hour", "rented at the cheapest offer; null: none known"),
      field<&C::usd_per_month>("usd_per_month", "by 730 hours"),
      field<&C::million_output>("usd_per_million_output_tokens",
                                "the whole bill over the tokens generated"),
      field<&C::query>("usd_per_query", "the whole bill over the requests"),
      field<&C::capex_usd>("capex_usd", "bought; null: no price known"),
      field<&C::rented_from>("rented_from", "provider and instance"),
      field<&C::instances>("instances", "that are rented"),
      field<&C::rent_region>("rent_region", "of the price"),
      field<&C::price_date>("price_date", "of the price list; null: not published"),
  };
  return kFields;
}

namespace {

template <std::int64_t workload::Layout::*Member>
std::int64_t size_of(const Recommended& d) {
  return d.layout.*Member;
}

}  // namespace

template <>
std::span<const ResultField<Recommended>> described<Recommended>() {
  using D = Recommended;
  using L = workload::Layout;
  static constexpr std::array kFields{
      field<&D::rank>("rank", "1 is the best"),
      field<&D::model>("model", "catalog id"),
      field<&D::engine>("engine", "catalog id"),
      field<&D::gpu>("gpu", "catalog id"),
      field<&D::gpus>("gpus", "of the whole deployment; slices where they are cut"),
      field<&D::nodes>("nodes", "machines"),
      field<&D::replicas>("replicas", "copies of the model"),
      computed<D, &size_of<&L::tp>>("tp", "tensor parallel size"),
      computed<D, &size_of<&L::pp>>("pp", "pipeline stages"),
      computed<D, &size_of<&L::dp>>("dp", "copies of the model"),
      computed<D, &size_of<&L::ep>>("ep", "expert parallel size"),
      computed<D, &size_of<&L::cp>>("cp", "context parallel size"),
      computed<D, &size_of<&L::attention_dp>>("attention_dp",
                                              "copies of attention that share the experts"),
      field<&D::pools>("pools", "where prompts and decoding have GPUs of their own; else null"),
      field<&D::precision>("precision", "of the weights"),
      field<&D::kv_precision>("kv_precision", "of the KV cache"),
      field<&D::batch>("batch", "requests at a time, over all copies"),
      field<&D::context_tokens>("context_tokens", "of a request"),
      field<&D::max_seqs>("max_seqs", "sequences of one step, most"),
      field<&D::max_batched_tokens>("max_batched_tokens", "tokens of one step"),
      field<&D::memory>("memory", "of one GPU of the fullest stage"),
      field<&D::performance>("performance", "as `latency` says on these flags"),
      field<&D::cost>("cost", "as `cost` says on these flags"),
      field<&D::power_w>("power_w", "of all machines at the wall; null: not known"),
      field<&D::software>("software", "least versions, where known"),
      field<&D::binding_constraint>("binding_constraint", "the limit that is used most"),
      field<&D::tied_with_first>("tied_with_first", "within the error band of rank 1"),
      field<&D::reasons>("reasons", "why it stands here"),
      field<&D::flags>("flags", "of every other command, for this deployment"),
      field<&D::mig>("mig", "slice of the device; null: the whole device"),
  };
  return kFields;
}

template <>
std::span<const ResultField<RejectedDeployment>> described<RejectedDeployment>() {
  using R = RejectedDeployment;
  static constexpr std::array kFields{
      field<&R::gpu>("gpu", "catalog id"),
      field<&R::mig>("mig", "slice of the device; null: the whole device"),
      field<&R::gpus>("gpus", "of the whole deployment; slices where they are cut"),
      field<&R::engine>("engine", "catalog id"),
      field<&R::layout>("layout", "in words"),
      field<&R::precision>("precision", "of the weights"),
      field<&R::kv_precision>("kv_precision", "of the KV cache"),
      field<&R::binding_constraint>("binding_constraint", "the limit that it misses"),
      field<&R::needed>("needed",
                        "in the limit's own unit: bytes, seconds, tokens/s, USD, W, GPUs"),
      field<&R::limit>("limit", "what the limit is"),
      field<&R::change>("change", "flags that admit it"),
      field<&R::reason>("reason", "in words"),
      field<&R::gain>("gain", "what it is then ranked by, where that beats rank 1; else null"),
  };
  return kFields;
}

template <>
std::span<const ResultField<HeldLimit>> described<HeldLimit>() {
  static constexpr std::array kFields{
      field<&HeldLimit::name>("name", "of the limit, or of what is given"),
      field<&HeldLimit::value>("value", "in words"),
      field<&HeldLimit::origin>("origin", "flag, scenario or default"),
  };
  return kFields;
}

template <>
std::span<const ResultField<RuleAdvice>> described<RuleAdvice>() {
  static constexpr std::array kFields{
      field<&RuleAdvice::path>("path", "questions of the tree with their answers"),
      field<&RuleAdvice::gpu>("gpu", "catalog id"),
      field<&RuleAdvice::gpus>("gpus", "by the guides' memory rule"),
      field<&RuleAdvice::holds>("holds", "the limits, by the detailed search on these devices"),
      field<&RuleAdvice::difference>("difference", "to the detailed answer, in words"),
  };
  return kFields;
}

template <>
std::span<const ResultField<ListedDevice>> described<ListedDevice>() {
  using D = ListedDevice;
  static constexpr std::array kFields{
      field<&D::gpu>("gpu", "catalog id"),
      field<&D::mig>("mig", "slice of the device; null: the whole device"),
      field<&D::kind>("kind", "maker and architecture"),
      field<&D::memory_gb>("memory_gb", "of one device, as sold"),
      field<&D::usd_per_hour>("usd_per_hour", "of one, rented at the cheapest offer; null: none"),
      field<&D::models>("models", "that are listed as deployments"),
      field<&D::more>("more", "smaller models run too"),
  };
  return kFields;
}

template <>
std::span<const ResultField<RecommendAnswer>> described<RecommendAnswer>() {
  using A = RecommendAnswer;
  static constexpr std::array kFields{
      field<&A::scenario>("scenario", "that the limits come from; null without one"),
      field<&A::objective>("objective", "what deployments are ranked by"),
      field<&A::limits>("limits", "that held, and where they come from"),
      field<&A::deployments>("deployments", "best first; on a frontier fastest first"),
      field<&A::devices>("devices", "of a question without a model: those that run any"),
      field<&A::rejected>("rejected", "near misses, and the one change that admits each"),
      field<&A::evaluated>("evaluated", "points computed, or excluded by a bound"),
      field<&A::valid>("valid", "points that fit and hold the limits, by the screen"),
      field<&A::frontier>("frontier", "are the deployments a frontier of cost and time?"),
      field<&A::rule>("rule", "the guides' decision tree, with --method rule; else null"),
      field<&A::relax>("relax", "without an answer: what to change; else null"),
  };
  return kFields;
}

namespace {

std::string dollars(const std::optional<double>& usd, int places) {
  return usd ? fmt::format("${:.{}f}", *usd, places) : std::string("unknown");
}

std::string layout_of(const Recommended& d) {
  if (!d.pools) return workload::describe(d.layout);
  return fmt::format("{} x {} GPUs for prompts, {} x {} to decode",
                     d.pools->prefill.copies,
                     d.pools->prefill.gpus / d.pools->prefill.copies,
                     d.pools->decode.copies,
                     d.pools->decode.gpus / d.pools->decode.copies);
}

/// "4 x a100-sxm-80", or "4 x 1g of a100-sxm-80".
std::string devices(std::int64_t gpus,
                    const std::string& gpu,
                    const std::optional<std::string>& mig) {
  return mig ? fmt::format("{} x {} of {}", gpus, *mig, gpu) : fmt::format("{} x {}", gpus, gpu);
}

Grid deployments_grid(const RecommendAnswer& a) {
  Grid grid{{"", "on", "runs", "layout", "requests", "TTFT", "TPOT", "tokens/s", "$/h", "$/M out"},
            {true, false, false, false, true, true, true, true, true, true},
            {}};
  for (const Recommended& d : a.deployments) {
    const auto& p = d.performance;
    std::optional<double> million;
    if (d.cost.million_output) million = d.cost.million_output->value;
    grid.rows.push_back({fmt::format("{}{}", d.rank, d.tied_with_first ? "=" : ""),
                         devices(d.gpus, d.gpu, d.mig),
                         fmt::format("{}{} {}/{}",
                                     a.scenario || a.frontier ? d.model + " " : "",
                                     d.engine,
                                     d.precision,
                                     d.kv_precision),
                         layout_of(d),
                         grouped(d.batch),
                         short_time(p.ttft_s.value),
                         p.tpot_s ? short_time(p.tpot_s->value) : "-",
                         p.output_tokens_per_s ? short_rate(p.output_tokens_per_s->value) : "-",
                         dollars(d.cost.usd_per_hour, 2),
                         dollars(million, 3)});
  }
  return grid;
}

Grid limits_grid(const RecommendAnswer& a) {
  Grid grid{{"holds", "", "from"}, {}, {}};
  for (const HeldLimit& l : a.limits) grid.rows.push_back({l.name, l.value, l.origin});
  return grid;
}

Grid rejected_grid(const RecommendAnswer& a) {
  const bool gains = std::any_of(
      a.rejected.begin(), a.rejected.end(), [](const auto& r) { return r.gain.has_value(); });
  Grid grid{{"near miss", "why", "admitted by"}, {}, {}};
  if (gains) grid.header.emplace_back("then");
  for (const RejectedDeployment& r : a.rejected) {
    auto& row = grid.rows.emplace_back();
    row = {fmt::format(
               "{}, {} {}, {}", devices(r.gpus, r.gpu, r.mig), r.engine, r.precision, r.layout),
           r.reason,
           r.change};
    if (gains) row.push_back(r.gain.value_or("no better"));
  }
  return grid;
}

void add_best(Document& document, const Recommended& d) {
  std::string text = fmt::format("Rank {}: {}", d.rank, d.flags);
  document.emplace_back(Text{std::move(text), Tone::faint});
  for (const std::string& reason : d.reasons) document.emplace_back(Text{"  " + reason});
  if (const std::string software = plan::software_text(d.software); !software.empty())
    document.emplace_back(Text{"  needs " + software});
}

}  // namespace

void add_rule(Document& document, const RuleAdvice& rule) {
  document.emplace_back(
      Text{fmt::format("The guides' tree: {} x {}", rule.gpus, rule.gpu), Tone::strong});
  for (const std::string& step : rule.path) document.emplace_back(Text{"  " + step});
  document.emplace_back(Text{rule.difference});
}

namespace {

Document recommend_document(const RecommendAnswer& a, const std::string& subject) {
  Document document{Text{subject, Tone::strong}};
  if (!a.limits.empty()) document.emplace_back(limits_grid(a));
  if (a.deployments.empty()) {
    document.emplace_back(Text{"No deployment holds the limits.", Tone::bad});
    if (a.relax) document.emplace_back(Text{"Nearest: " + *a.relax});
  } else {
    if (a.by_device) {
      add_listing(document, a);
    } else {
      document.emplace_back(deployments_grid(a));
      add_best(document, a.deployments.front());
    }
  }
  if (a.rule) add_rule(document, *a.rule);
  if (!a.rejected.empty()) document.emplace_back(rejected_grid(a));
  document.emplace_back(Text{fmt::format("{} points evaluated, {} hold the limits; ranked by {}.",
                                         grouped(a.evaluated),
                                         grouped(a.valid),
                                         a.frontier    ? "time and cost"
                                         : a.by_device ? "size of the model"
                                                       : a.objective),
                             Tone::faint});
  return document;
}

}  // namespace

void report_recommendation(Answer& answer, RecommendAnswer recommendation, std::string subject) {
  answer.command = "recommend";
  answer.main_list = "deployments";
  answer.negative = recommendation.deployments.empty();
  const auto shared = std::make_shared<const RecommendAnswer>(std::move(recommendation));
  answer.result = [shared] { return json_of(*shared); };
  answer.document = [shared, subject = std::move(subject)] {
    return recommend_document(*shared, subject);
  };
}

Json recommend_schema() {
  Json schema = Json::object();
  schema["anyOf"] = Json::array();
  schema["anyOf"].push_back(SchemaOf<RecommendAnswer>::get());
  schema["anyOf"].push_back(training_search_schema());
  return schema;
}

}  // namespace dsplan::report
