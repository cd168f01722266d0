#include "dsplan/report/training_search_report.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "dsplan/report/recommend_report.hpp"

#include "describe.hpp"
#include "figures.hpp"
#include "time_tables.hpp"

namespace dsplan::report {

using plan::TrainingNearMiss;
using plan::TrainingPlan;
using plan::TrainingPlanCost;
using plan::TrainingPlanMemory;
using plan::TrainingPlanPerformance;
using plan::TrainingRecommendation;
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

namespace {

template <typename Value, typename Owner>
std::optional<Value> means_nothing(const Owner& owner) {
  (void)owner;
  return std::nullopt;
}

}  // namespace

template <>
std::span<const ResultField<plan::HeldLimit>> described<plan::HeldLimit>();

template <>
std::span<const ResultField<TrainingPlanCost>> described<TrainingPlanCost>() {
  using C = TrainingPlanCost;
  static constexpr std::array kFields{
      field<&C::usd_per_hour>("usd_per_hour", "rented at the cheapest offer; null: none known"),
      field<&C::usd_per_month>("usd_per_month", "by 730 hours"),
      computed<C, &means_nothing<double, C>>("usd_per_million_output_tokens",
                                             "null: a run generates none"),
      field<&C::million_tokens>("usd_per_million_trained_tokens",
                                "the rent over tokens trained on"),
      field<&C::usd_to_train>("usd_to_train", "the rent of the run, with --tokens; else null"),
      field<&C::capex_usd>("capex_usd", "bought; null: no price known"),
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
      field<&P::rank>("rank", "1 is the best; of a listing, by size of the model"),
      field<&P::model>("model", "catalog id"),
      field<&P::workload>("workload", "training, lora or qlora"),
      field<&P::framework>("engine", "the framework: catalog id"),
      field<&P::framework>("framework", "the same"),
      field<&P::gpu>("gpu", "catalog id"),
      field<&P::gpus>("gpus", "of the run"),
      field<&P::nodes>("nodes", "machines"),
      computed<P, &size_of<&L::dp>>("replicas", "copies of the model: dp"),
      computed<P, &size_of<&L::tp>>("tp", "tensor parallel size"),
      computed<P, &size_of<&L::pp>>("pp", "pipeline stages"),
      computed<P, &size_of<&L::dp>>("dp", "data-parallel ranks"),
      computed<P, &size_of<&L::cp>>("cp", "context parallel size"),
      computed<P, &size_of<&L::ep>>("ep", "expert parallel size"),
      computed<P, &means_nothing<std::int64_t, P>>("attention_dp", "null: serving alone"),
      computed<P, &means_nothing<std::string, P>>("pools", "null: serving alone"),
      field<&P::precision>("precision", "of the products; with qlora of the base"),
      computed<P, &means_nothing<std::string, P>>("kv_precision", "null: serving alone"),
      field<&P::global_batch>("batch", "sequences of a step, over all ranks"),
      field<&P::seq_len>("context_tokens", "of a sequence"),
      computed<P, &means_nothing<std::int64_t, P>>("max_seqs", "null: serving alone"),
      computed<P, &means_nothing<std::int64_t, P>>("max_batched_tokens", "null: serving alone"),
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
      field<&P::cost>("cost", "as `cost` says on these flags"),
      field<&P::power_w>("power_w", "of all machines at the wall; null: not known"),
      field<&P::tie>("tied_with_first", "within 5 % of the best, by what is ranked"),
      field<&P::reasons>("reasons", "why it stands here"),
      field<&P::flags>("flags", "of every other command, for this plan"),
  };
  return kFields;
}

template <>
std::span<const ResultField<TrainingNearMiss>> described<TrainingNearMiss>() {
  using M = TrainingNearMiss;
  static constexpr std::array kFields{
      field<&M::workload>("workload", "training, lora or qlora"),
      field<&M::gpu>("gpu", "catalog id"),
      field<&M::gpus>("gpus", "of the run"),
      field<&M::layout>("layout", "in words"),
      field<&M::flags>("flags", "of the plan"),
      field<&M::binding_constraint>("binding_constraint",
                                    "memory, rent, purchase, power or throughput"),
      field<&M::needed>("needed", "in the limit's own unit: bytes, USD, W, tokens/s"),
      field<&M::limit>("limit", "what the limit is"),
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

namespace {

template <auto Member>
auto part(const TrainingRecommendation& a) {
  return a.*Member;
}

}  // namespace

template <>
std::span<const ResultField<plan::RuleAdvice>> described<plan::RuleAdvice>();

template <>
std::span<const ResultField<TrainingRecommendation>> described<TrainingRecommendation>() {
  using A = TrainingRecommendation;
  using S = plan::TrainingSearchAnswer;
  static constexpr std::array kFields{
      field<&A::scenario>("scenario", "that the limits come from; null without one"),
      field<&A::objective>("objective", "what deployments are ranked by"),
      field<&A::limits>("limits", "that held, and where they come from"),
      computed<A, &part<&S::deployments>>("deployments", "best first; on a frontier fastest first"),
      computed<A, &part<&S::rejected>>("rejected", "near misses, and the change that admits each"),
      computed<A, &part<&S::evaluated>>("evaluated", "points computed, or excluded by a bound"),
      computed<A, &part<&S::valid>>("valid", "points that fit in memory"),
      computed<A, &part<&S::binding>>("binding_constraint",
                                      "what keeps the best from being faster"),
      field<&A::frontier>("frontier", "are the deployments a frontier of cost and time?"),
      field<&A::by_device>("by_device", "are they the models of each device?"),
      field<&A::relax>("relax", "without an answer: what to change; else null"),
      field<&A::rule>("rule", "the guides' decision tree, with --method rule; else null"),
      computed<A, &part<&S::spread>>("spread", "of the layouts of the best device and count"),
  };
  return kFields;
}

namespace {

/// "micro 2, vpp 4, selective, SP, ZeRO 1": what is off by itself is left out.
std::string recipe_of(const TrainingPlan& p) {
  std::string words = fmt::format("micro {}", p.micro_batch);
  if (p.vpp > 1) words += fmt::format(", vpp {}", p.vpp);
  if (p.recompute != "none") words += ", " + p.recompute + " recompute";
  if (p.sequence_parallel) words += ", SP";
  if (p.zero > 0) words += fmt::format(", ZeRO {}", p.zero);
  for (const std::string& what : p.offload) words += ", " + what + " on host";
  if (p.async_tensor_parallel) words += ", async TP";
  return words;
}

std::string dollars(const std::optional<double>& usd) {
  if (!usd) return "unknown";
  return *usd < 100.0 ? fmt::format("${:.2f}", *usd) : "$" + grouped(std::llround(*usd));
}

/// The time and the price of the run, where its tokens are known; else of a step and an hour.
std::string run_time(const TrainingPlan& p) {
  const auto& whole = p.performance.time_to_train_s;
  return short_time(whole ? whole->value : p.performance.step_s.value);
}
std::string run_price(const TrainingPlan& p) {
  if (p.performance.time_to_train_s) return dollars(p.cost.usd_to_train);
  if (!p.cost.million_tokens) return "unknown";
  return fmt::format("${:.3f}", p.cost.million_tokens->value);
}

bool knows_tokens(const TrainingRecommendation& a) {
  return !a.deployments.empty() && a.deployments.front().performance.time_to_train_s;
}

bool several_ways(const TrainingRecommendation& a) {
  return std::any_of(a.deployments.begin(), a.deployments.end(), [&](const TrainingPlan& p) {
    return p.workload != a.deployments.front().workload;
  });
}

Grid plans_grid(const TrainingRecommendation& a) {
  const bool run = knows_tokens(a);
  const bool ways = several_ways(a);
  Grid grid{{"",
             "on",
             "layout",
             run ? "run" : "step",
             "tok/s/GPU",
             "MFU",
             "GB/GPU",
             "$/h",
             run ? "$ run" : "$/M tokens",
             "recipe"},
            {true, false, false, true, true, true, true, true, true, false},
            {}};
  for (const TrainingPlan& p : a.deployments) {
    grid.rows.push_back({fmt::format("{}{}", p.rank, p.rank > 1 && p.tie ? "=" : ""),
                         fmt::format("{} x {}", p.gpus, p.gpu),
                         workload::describe(p.layout),
                         run_time(p),
                         short_rate(p.performance.tokens_per_s_per_gpu.value),
                         fmt::format("{:.1f} %", 100.0 * p.performance.mfu.value),
                         fmt::format("{:.1f}", p.memory.total.value / kGiga),
                         dollars(p.cost.usd_per_hour),
                         run_price(p),
                         (ways ? p.workload + ": " : "") + recipe_of(p)});
  }
  return grid;
}

/// What a plan keeps in the host's memory.
std::string on_host(const TrainingPlan& p) {
  std::string words;
  for (const std::string& what : p.offload) words += (words.empty() ? "" : ", ") + what;
  return words;
}

/// A row a device, count and way: the largest model that trains there.
Grid listing_grid(const TrainingRecommendation& a) {
  const bool ways = several_ways(a);
  Grid grid{
      {"device", "", "way", "models", "largest", "on host", "tok/s/GPU", "MFU", "run", "$ run"},
      {false, true, false, true, false, false, true, true, true, true},
      {}};
  std::string device;
  for (std::size_t i = 0; i < a.deployments.size(); ++i) {
    const TrainingPlan& p = a.deployments[i];
    if (p.rank > 1) continue;
    std::size_t last = i;
    while (last + 1 < a.deployments.size() && a.deployments[last + 1].rank > 1) ++last;
    grid.rows.push_back({p.gpu == device ? "" : p.gpu,
                         fmt::format("x {}", p.gpus),
                         ways || p.workload != "training" ? p.workload : "full",
                         fmt::format("{}", a.deployments[last].rank),
                         p.model,
                         on_host(p),
                         short_rate(p.performance.tokens_per_s_per_gpu.value),
                         fmt::format("{:.1f} %", 100.0 * p.performance.mfu.value),
                         run_time(p),
                         run_price(p)});
    device = p.gpu;
  }
  return grid;
}

Grid limits_grid(const TrainingRecommendation& a) {
  Grid grid{{"holds", "", "from"}, {}, {}};
  for (const plan::HeldLimit& l : a.limits) grid.rows.push_back({l.name, l.value, l.origin});
  return grid;
}

std::string lack_of(const TrainingNearMiss& m) {
  if (m.binding_constraint == "memory")
    return fmt::format("memory: {:.1f} GB too much", m.missing.value / kGiga);
  const bool money = m.binding_constraint == "rent" || m.binding_constraint == "purchase";
  const auto amount = [&](double value) {
    if (money) return dollars(value);
    return grouped(std::llround(value)) + (m.binding_constraint == "power" ? " W" : " tokens/s");
  };
  if (m.change.empty()) return m.binding_constraint + " not known";
  return fmt::format("{}: {} against {}", m.binding_constraint, amount(m.needed), amount(m.limit));
}

Grid misses_grid(const TrainingRecommendation& a) {
  Grid grid{{"near miss", "step", "why", "admitted by"}, {false, true, false, false}, {}};
  for (const TrainingNearMiss& m : a.rejected) {
    grid.rows.push_back({fmt::format("{} x {}, {}", m.gpus, m.gpu, m.layout),
                         short_time(m.step_s),
                         lack_of(m),
                         m.change.empty() ? "no single change" : m.change});
  }
  return grid;
}

void add_best(Document& document, const TrainingRecommendation& a) {
  const TrainingPlan& best = a.deployments.front();
  const plan::Predicted& mfu = best.performance.mfu;
  document.emplace_back(Text{"Rank 1: " + best.flags, Tone::faint});
  for (const std::string& reason : best.reasons) document.emplace_back(Text{"  " + reason});
  if (mfu.low && mfu.high)
    document.emplace_back(Text{fmt::format(
        "  MFU of {:.0f} to {:.0f} % in four of five runs", 100.0 * *mfu.low, 100.0 * *mfu.high)});
}

std::string ranking_of(const TrainingRecommendation& a) {
  if (a.by_device) return "size of the model";
  return a.frontier ? "time and cost" : a.objective;
}

Document search_document(const TrainingRecommendation& a, const std::string& subject) {
  Document document{Text{subject, Tone::strong}};
  document.emplace_back(limits_grid(a));
  if (a.deployments.empty()) {
    document.emplace_back(
        Text{a.rejected.empty() || a.rejected.front().binding_constraint == "memory"
                 ? "No plan fits in memory."
                 : "No plan holds the limits.",
             Tone::bad});
    if (a.relax) document.emplace_back(Text{"Nearest: " + *a.relax});
  } else {
    document.emplace_back(a.by_device ? listing_grid(a) : plans_grid(a));
    if (!a.by_device) add_best(document, a);
  }
  for (const std::string& note : a.notes) document.emplace_back(Text{note});
  if (!a.rejected.empty()) document.emplace_back(misses_grid(a));
  if (a.rule) add_rule(document, *a.rule);
  document.emplace_back(Text{fmt::format("{} points evaluated, {} fit; ranked by {}.",
                                         grouped(a.evaluated),
                                         grouped(a.valid),
                                         ranking_of(a)),
                             Tone::faint});
  return document;
}

}  // namespace

void report_training_search(Answer& answer, TrainingRecommendation search, std::string subject) {
  answer.command = "recommend";
  answer.main_list = "deployments";
  answer.negative = search.deployments.empty();
  const auto shared = std::make_shared<const TrainingRecommendation>(std::move(search));
  answer.result = [shared] { return json_of(*shared); };
  answer.document = [shared, subject = std::move(subject)] {
    return search_document(*shared, subject);
  };
}

Json training_search_schema() { return SchemaOf<TrainingRecommendation>::get(); }

}  // namespace dsplan::report
