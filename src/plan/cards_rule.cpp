#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "dsplan/estimate/rule.hpp"
#include "dsplan/plan/cards_answer.hpp"
#include "dsplan/workload/layout.hpp"

#include "duration.hpp"
#include "resolution.hpp"

namespace dsplan::plan {
namespace {

/// 1.2345 as "1.23".
std::string short_number(double n, int digits = 3) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), n, std::chars_format::general, digits);
  return std::string(text.data(), end.ptr);
}

std::string gb(Bytes size) { return short_number(size.value / kGiga, 4) + " GB"; }

std::int64_t cards_of(double share) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(share)));
}

/// "165 GB / 42.95 GB = 3.842, so 4".
std::string division(Bytes total, Bytes card) {
  return gb(total) + " / " + gb(card) + " = " + short_number(total / card, 4) + ", so " +
         text(cards_of(total / card));
}

CardsNeed memory_need(const RuleCardsQuestion& q, CardsAnswer& a) {
  const Bytes total = estimate::total(estimate::rule_memory(q.parameters, *q.format, q.batch));
  const Bytes whole = estimate::rule_usable(*q.gpu, 0.0);
  const Bytes usable = estimate::rule_usable(*q.gpu, q.reserve_fraction);
  CardsNeed need;
  need.by = "memory";
  need.demand = "the rule's " + gb(total) + " for batch " + text(q.batch);
  need.gpus = cards_of(total / usable);
  need.concurrency = q.batch;
  need.total_per_gpu = bytes(std::ceil(total.value / static_cast<double>(*need.gpus)));
  need.headroom_fraction = (usable - *need.total_per_gpu) / usable;
  need.reason = division(total, usable);
  need.formula = "G-CARDS";
  need.reckoning = need.reason;
  const std::string size = short_number(q.gpu->memory_gb);
  a.reasons.push_back("counted as " + size +
                      "e9 bytes a card: " + division(total, bytes(q.gpu->memory_gb * kGiga)));
  a.reasons.push_back("as the " + size + " GiB that a card is: " + division(total, whole) +
                      ", with nothing kept free for the runtime (--reserve 0)");
  if (q.reserve_fraction > 0.0)
    a.reasons.push_back("with " + short_number(100.0 * q.reserve_fraction) +
                        " % kept free: " + division(total, usable));
  return need;
}

CardsNeed latency_need(const RuleCardsQuestion& q) {
  const Flops work = estimate::rule_flops(q.parameters, q.tokens, q.batch);
  const Seconds one = estimate::rule_seconds(work, q.rate);
  CardsNeed need;
  need.by = "latency";
  need.demand =
      "prompts of " + text(q.batch) + " x " + text(q.tokens) + " tokens in " + duration(*q.latency);
  need.gpus = cards_of(one / *q.latency);
  need.concurrency = q.batch;
  need.ttft_s = predicted(one.value / static_cast<double>(*need.gpus), nullptr);
  need.reason = short_number(work.value, 5) + " FLOPs / (0.8 x " +
                short_number(q.rate.value / kTera) + " " + q.peak + " TFLOP/s) = " + duration(one) +
                " on one, / " + duration(*q.latency) + " = " + short_number(one / *q.latency, 4) +
                ", so " + text(*need.gpus);
  need.formula = "G-CARDS";
  need.reckoning = need.reason;
  return need;
}

/// What the idea of so many cards in tensor parallel runs into.
std::string split_of(const RuleCardsQuestion& q, std::int64_t gpus, const Deployment& d) {
  const auto& w = d.workload;
  const workload::Layout layout{.tp = gpus};
  const std::string why = workload::obstacle(layout, *w.model, *w.engine);
  const std::string idea = text(gpus) + " cards on one prompt";
  if (!why.empty()) return idea + ": " + why + " of " + std::string(w.model->name);
  if (gpus > d.node_gpus)
    return idea + " reach beyond the " + text(d.node_gpus) + " that share a fast link of " +
           std::string(q.gpu->name);
  return idea + " can share it, at less than 0.8 of their rate";
}

std::string detailed_view(const catalog::Catalog& catalog,
                          const RuleCardsQuestion& q,
                          const Deployment& d) {
  CardsRequest request;
  request.max_ttft = TimeLimit{q.latency->value, Statistic::mean};
  request.batch_given = true;
  const CardsAnswer a = cards_answer(catalog, d, request);
  if (!a.met) return "the detailed estimate says: " + a.reasons.front();
  const CardsNeed& need = a.needs.back();
  return "the detailed estimate needs " + text(*need.gpus) + " (" +
         workload::describe(*need.layout) + "): " + duration(seconds(need.ttft_s->value)) +
         " to the first token in the mean";
}

void ask_latency(const catalog::Catalog& catalog,
                 const RuleCardsQuestion& q,
                 const Deployment& detailed,
                 CardsAnswer& a) {
  a.needs.push_back(latency_need(q));
  a.gpus_for_latency = a.needs.back().gpus;
  a.gpus = std::max(*a.gpus_for_memory, *a.gpus_for_latency);
  a.reasons.emplace_back(
      "this is the work of reading the prompts; a generated token waits for memory, not for FLOPs");
  a.reasons.push_back(split_of(q, *a.gpus_for_latency, detailed));
  a.reasons.push_back(detailed_view(catalog, q, detailed));
}

}  // namespace

CardsAnswer rule_cards_answer(const catalog::Catalog& catalog,
                              const RuleCardsQuestion& q,
                              const Deployment& detailed) {
  CardsAnswer a;
  a.needs.push_back(memory_need(q, a));
  a.gpus_for_memory = a.needs.back().gpus;
  a.gpus = a.gpus_for_memory;
  const CardsAnswer held = cards_answer(catalog, detailed, {});
  a.reasons.push_back(held.met ? "the detailed estimate of serving these prompts needs " +
                                     text(*held.gpus) + " by memory"
                               : "the detailed estimate says: " + held.reasons.front());
  if (q.latency) ask_latency(catalog, q, detailed, a);
  if (q.given_gpus && *q.given_gpus < *a.gpus) {
    a.met = false;
    a.reasons.insert(a.reasons.begin(),
                     text(*q.given_gpus) + " are fewer than the rule's " + text(*a.gpus) +
                         ": give --gpus " + text(*a.gpus));
  }
  return a;
}

}  // namespace dsplan::plan
