#include "dsplan/report/training_search_report.hpp"

#include <memory>

#include <fmt/format.h>

#include "describe.hpp"
#include "figures.hpp"
#include "time_tables.hpp"

namespace dsplan::report {

using plan::TrainingNearMiss;
using plan::TrainingPlan;
using plan::TrainingPlanCost;
using plan::TrainingPlanMemory;
using plan::TrainingPlanPerformance;
using plan::TrainingSearchAnswer;
using plan::TrainingSpread;

template <>
std::span<const ResultField<TrainingPlanMemory>> described<TrainingPlanMemory>() {
  using M = TrainingPlanMemory;
  static constexpr std::array kFields{
      field<&M::weights>("weights_bytes", "adapters included"),
      field<&M::gradients>("gradients_bytes", "all buffers"),
      field<&M::optimizer>("optimizer_bytes", "states and master weights"),
      field<&M::activations>("activations_bytes", "logits and what one layer needs included"),
      field<&M::allocated>("allocated_bytes", "those and the libraries' workspaces"),
      field<&M::total>("total_bytes", "what the device holds: reserved, context, paged states"),
      field<&M::usable>("usable_bytes", "of the device, in the worst of ten runs"),
      field<&M::headroom>("headroom_bytes", "usable less total"),
      field<&M::host>("host_bytes", "in host memory instead, per GPU"),
  };
  return kFields;
}

template <>
std::span<const ResultField<TrainingPlanPerformance>> described<TrainingPlanPerformance>() {
  using P = TrainingPlanPerformance;
  static constexpr std::array kFields{
      field<&P::step_s>("step_s", "all micro-batches and the optimizer"),
      field<&P::tokens_per_s>("tokens_per_s", "of all GPUs"),
      field<&P::tokens_per_s_per_gpu>("tokens_per_s_per_gpu", "of one"),
      field<&P::mfu>("mfu", "model FLOPs, attention causal, over the peak rate"),
      field<&P::hfu>("hfu", "with what is computed again"),
      field<&P::time_to_train_s>("time_to_train_s", "with --tokens; else null"),
      field<&P::bubble_fraction>("bubble_fraction", "of the step, lost at pipeline ends"),
      field<&P::bound>("bound", "compute, memory, communication, pipeline or host"),
  };
  return kFields;
}

template <>
std::span<const ResultField<TrainingPlanCost>> described<TrainingPlanCost>() {
  using C = TrainingPlanCost;
  static constexpr std::array kFields{
      field<&C::usd_per_hour>("usd_per_hour", "rented at the cheapest offer"),
      field<&C::usd_per_month>("usd_per_month", "by 730 hours"),
      field<&C::usd_to_train>("usd_to_train", "with --tokens; else null"),
  };
  return kFields;
}

namespace {

template <std::int64_t workload::Layout::*Member>
std::int64_t size_of(const TrainingPlan& p) {
  return p.layout.*Member;
}

}  // namespace

template <>
std::span<const ResultField<TrainingPlan>> described<TrainingPlan>() {
  using P = TrainingPlan;
  using L = workload::Layout;
  static constexpr std::array kFields{
      field<&P::rank>("rank", "1 is the fastest"),
      field<&P::model>("model", "catalog id"),
      field<&P::workload>("workload", "training, lora or qlora"),
      field<&P::framework>("framework", "catalog id"),
      field<&P::gpu>("gpu", "catalog id"),
      field<&P::gpus>("gpus", "of the run"),
      field<&P::nodes>("nodes", "machines"),
      computed<P, &size_of<&L::tp>>("tp", "tensor parallel size"),
      computed<P, &size_of<&L::pp>>("pp", "pipeline stages"),
      computed<P, &size_of<&L::dp>>("dp", "data-parallel ranks"),
      computed<P, &size_of<&L::cp>>("cp", "context parallel size"),
      computed<P, &size_of<&L::ep>>("ep", "expert parallel size"),
      field<&P::vpp>("vpp", "model chunks of a pipeline stage"),
      field<&P::micro_batch>("micro_batch", "sequences that pass at once"),
      field<&P::global_batch>("global_batch", "sequences of a step"),
      field<&P::seq_len>("seq_len", "tokens of a sequence"),
      field<&P::recompute>("recompute", "none, selective or full"),
      field<&P::sequence_parallel>("sequence_parallel", "activations split over tp too"),
      field<&P::zero>("zero", "ZeRO stage, 3 for FSDP"),
      field<&P::offload>("offload", "kept in host memory"),
      field<&P::async_tensor_parallel>("async_tensor_parallel",
                                       "tensor traffic overlaps the products that need it"),
      field<&P::memory>("memory", "of one GPU of the fullest stage, as `memory` says"),
      field<&P::performance>("performance", "as `latency` says on these flags"),
      field<&P::cost>("cost", "null where nobody rents these GPUs out"),
      field<&P::power_w>("power_w", "of the devices by their data sheet; null: not known"),
      field<&P::tie>("tied_with_first", "its step is within 5 % of the first"),
      field<&P::reasons>("reasons", "why it stands here"),
      field<&P::flags>("flags", "of `latency` and `memory`, for this plan"),
  };
  return kFields;
}

template <>
std::span<const ResultField<TrainingNearMiss>> described<TrainingNearMiss>() {
  using M = TrainingNearMiss;
  static constexpr std::array kFields{
      field<&M::layout>("layout", "in words"),
      field<&M::flags>("flags", "of the plan"),
      field<&M::step_s>("step_s", "if it fitted"),
      field<&M::missing>("missing_bytes", "on the fullest GPU"),
      field<&M::change>("change", "the nearest that admits it; empty: none found"),
      field<&M::change_flags>("change_flags", "the same as flags"),
  };
  return kFields;
}

template <>
std::span<const ResultField<TrainingSpread>> described<TrainingSpread>() {
  using S = TrainingSpread;
  static constexpr std::array kFields{
      field<&S::layouts>("layouts", "that have a plan"),
      field<&S::ties>("ties", "of them, with a step within 5 % of the best"),
      field<&S::best_step_s>("best_step_s", "of the fastest layout"),
      field<&S::median_step_s>("median_step_s", "of the layouts"),
      field<&S::worst_step_s>("worst_step_s", "of the slowest layout"),
  };
  return kFields;
}

template <>
std::span<const ResultField<TrainingSearchAnswer>> described<TrainingSearchAnswer>() {
  using A = TrainingSearchAnswer;
  static constexpr std::array kFields{
      field<&A::deployments>("deployments", "the fastest plan of each layout, fastest first"),
      field<&A::rejected>("rejected", "faster but for memory; without a plan, nearest to fitting"),
      field<&A::evaluated>("evaluated", "points computed, or excluded by a bound"),
      field<&A::valid>("valid", "points that fit in memory"),
      field<&A::binding>("binding_constraint", "what keeps the best from being faster"),
      field<&A::spread>("spread", "of the layouts"),
  };
  return kFields;
}

namespace {

/// "vpp 4, micro-batch 2, selective, sequence parallel, ZeRO 1".
std::string recipe_of(const TrainingPlan& p) {
  std::string words = fmt::format("micro-batch {}, recompute {}", p.micro_batch, p.recompute);
  if (p.vpp > 1) words += fmt::format(", vpp {}", p.vpp);
  if (p.sequence_parallel) words += ", sequence parallel";
  if (p.zero > 0) words += fmt::format(", ZeRO {}", p.zero);
  for (const std::string& what : p.offload) words += ", " + what + " on the host";
  if (p.async_tensor_parallel) words += ", asynchronous tensor parallel";
  return words;
}

Grid plans_grid(const TrainingSearchAnswer& a) {
  Grid grid{{"", "layout", "step", "MFU", "per GPU", "$/h", "recipe"},
            {true, false, true, true, true, true, false},
            {}};
  for (const TrainingPlan& p : a.deployments) {
    grid.rows.push_back({fmt::format("{}{}", p.rank, p.rank > 1 && p.tie ? "=" : ""),
                         workload::describe(p.layout),
                         short_time(p.performance.step_s.value),
                         fmt::format("{:.1f} %", 100.0 * p.performance.mfu.value),
                         fmt::format("{:.1f} GB", p.memory.total.value / kGiga),
                         p.cost ? fmt::format("${:.2f}", p.cost->usd_per_hour) : "-",
                         recipe_of(p)});
  }
  return grid;
}

Grid misses_grid(const TrainingSearchAnswer& a) {
  Grid grid{{"near miss", "step", "lacks", "admitted by"}, {false, true, true, false}, {}};
  for (const TrainingNearMiss& m : a.rejected) {
    grid.rows.push_back({m.layout,
                         short_time(m.step_s),
                         fmt::format("{:.1f} GB", m.missing.value / kGiga),
                         m.change.empty() ? "no single change" : m.change});
  }
  return grid;
}

void add_best(Document& document, const TrainingSearchAnswer& a) {
  const TrainingPlan& best = a.deployments.front();
  const plan::Predicted& mfu = best.performance.mfu;
  document.emplace_back(Text{"Rank 1: " + best.flags, Tone::faint});
  for (const std::string& reason : best.reasons) document.emplace_back(Text{"  " + reason});
  if (mfu.low && mfu.high)
    document.emplace_back(Text{fmt::format(
        "  MFU of {:.0f} to {:.0f} % in four of five runs", 100.0 * *mfu.low, 100.0 * *mfu.high)});
}

Document search_document(const TrainingSearchAnswer& a, const std::string& subject) {
  Document document{Text{subject, Tone::strong}};
  if (a.deployments.empty()) {
    document.emplace_back(Text{"No plan fits in memory.", Tone::bad});
  } else {
    document.emplace_back(plans_grid(a));
    add_best(document, a);
  }
  for (const std::string& note : a.notes) document.emplace_back(Text{note});
  if (!a.rejected.empty()) document.emplace_back(misses_grid(a));
  document.emplace_back(Text{fmt::format("{} points evaluated, {} fit; ranked by the step's time.",
                                         grouped(a.evaluated),
                                         grouped(a.valid)),
                             Tone::faint});
  return document;
}

}  // namespace

void report_training_search(Answer& answer, TrainingSearchAnswer search, std::string subject) {
  answer.command = "recommend";
  answer.main_list = "deployments";
  answer.negative = search.deployments.empty();
  const auto shared = std::make_shared<const TrainingSearchAnswer>(std::move(search));
  answer.result = [shared] { return json_of(*shared); };
  answer.document = [shared, subject = std::move(subject)] {
    return search_document(*shared, subject);
  };
}

Json training_search_schema() { return SchemaOf<TrainingSearchAnswer>::get(); }

}  // namespace dsplan::report
