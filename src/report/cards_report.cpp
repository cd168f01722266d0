#include "dsplan/report/cards_report.hpp"

#include <array>
#include <memory>

#include <fmt/format.h>

#include "describe.hpp"
#include "figures.hpp"
#include "time_tables.hpp"

namespace dsplan::report {

using plan::CardsAnswer;
using plan::CardsCandidate;
using plan::CardsNeed;
using plan::LargestModel;
using workload::Layout;

template <>
std::span<const ResultField<Layout>> described<Layout>();  // of the memory report

template <>
std::span<const ResultField<CardsNeed>> described<CardsNeed>() {
  static constexpr std::array kFields{
      field<&CardsNeed::by>("by", "memory, latency, throughput or given"),
      field<&CardsNeed::demand>("demand", "what must hold"),
      field<&CardsNeed::gpus>("gpus", "fewest; null: no number that was tried is enough"),
      field<&CardsNeed::nodes>("nodes", "that they fill"),
      field<&CardsNeed::layout>("layout", "in which they are enough"),
      field<&CardsNeed::concurrency>("concurrency", "sequences at a time, over all copies"),
      field<&CardsNeed::total_per_gpu>("total_bytes_per_gpu", "of the fullest GPU"),
      field<&CardsNeed::headroom_fraction>("headroom_fraction", "of what is usable there"),
      field<&CardsNeed::ttft_s>("ttft_s", "time to the first token, mean"),
      field<&CardsNeed::tpot_s>("tpot_s", "time of each further token, mean"),
      field<&CardsNeed::output_tokens_per_s>("output_tokens_per_s", "of all GPUs"),
      field<&CardsNeed::reason>("reason", "why no fewer do, or what was the best reached"),
      field<&CardsNeed::formula>("formula", "id in docs/formulas.md"),
      field<&CardsNeed::reckoning>("reckoning", "the formula with its values"),
  };
  return kFields;
}

template <>
std::span<const ResultField<CardsCandidate>> described<CardsCandidate>() {
  static constexpr std::array kFields{
      field<&CardsCandidate::gpu>("gpu", "catalog id"),
      field<&CardsCandidate::gpus>("gpus", "fewest that hold all that was asked"),
      field<&CardsCandidate::gpus_for_memory>("gpus_for_memory", "fewest that it fits on"),
      field<&CardsCandidate::gpus_for_latency>("gpus_for_latency", "fewest within the times"),
      field<&CardsCandidate::gpus_for_throughput>("gpus_for_throughput", "fewest by throughput"),
      field<&CardsCandidate::layout>("layout", "of them"),
      field<&CardsCandidate::concurrency>("concurrency", "sequences at a time"),
      field<&CardsCandidate::ttft_s>("ttft_s", "time to the first token, mean"),
      field<&CardsCandidate::tpot_s>("tpot_s", "time of each further token, mean"),
      field<&CardsCandidate::output_tokens_per_s>("output_tokens_per_s", "of all GPUs"),
  };
  return kFields;
}

template <>
std::span<const ResultField<LargestModel>> described<LargestModel>() {
  static constexpr std::array kFields{
      field<&LargestModel::model>("model", "catalog id"),
      field<&LargestModel::parameters>("parameters", "count"),
      field<&LargestModel::precision>("precision", "format of its weights"),
      field<&LargestModel::layout>("layout", "in which it fits"),
      field<&LargestModel::headroom_fraction>("headroom_fraction", "of what is usable"),
  };
  return kFields;
}

template <>
std::span<const ResultField<CardsAnswer>> described<CardsAnswer>() {
  static constexpr std::array kFields{
      field<&CardsAnswer::gpus_for_memory>("gpus_for_memory", "fewest that it fits on"),
      field<&CardsAnswer::gpus_for_latency>("gpus_for_latency",
                                            "fewest within the times; null: not asked or none"),
      field<&CardsAnswer::gpus_for_throughput>(
          "gpus_for_throughput", "fewest with the throughput; null: not asked or none"),
      field<&CardsAnswer::gpus>("gpus", "the largest of these, or the number given"),
      field<&CardsAnswer::nodes>("nodes", "that they fill"),
      field<&CardsAnswer::layout>("layout", "of `gpus`"),
      field<&CardsAnswer::needs>("needs", "each demand with its layout, times and reason"),
      field<&CardsAnswer::max_batch>("max_batch", "most sequences that fit on `gpus`"),
      field<&CardsAnswer::max_context_tokens>("max_context_tokens", "longest that fits there"),
      field<&CardsAnswer::max_concurrency>("max_concurrency",
                                           "most sequences that run there within the times asked"),
      field<&CardsAnswer::largest_models>("largest_models",
                                          "with --gpus: of the catalog, that fit"),
      field<&CardsAnswer::candidates>("candidates", "without --gpu: the fewest of each kind"),
      field<&CardsAnswer::reasons>("reasons", "what decides, in words"),
  };
  return kFields;
}

namespace {

std::string count_of(const std::optional<std::int64_t>& n) { return n ? grouped(*n) : "-"; }
std::string time_of(const std::optional<plan::Predicted>& t) {
  return t ? short_time(t->value) : "-";
}
std::string rate_of(const std::optional<plan::Predicted>& r) {
  return r ? short_rate(r->value) : "-";
}

Grid needs_grid(const CardsAnswer& a) {
  Grid grid{{"by", "GPUs", "layout", "at a time", "TTFT", "TPOT", "tokens/s", "GiB/GPU"},
            {false, true, false, true, true, true, true, true},
            {}};
  for (const CardsNeed& n : a.needs) {
    const std::string memory =
        n.total_per_gpu ? fmt::format("{:.1f}", in_gib(*n.total_per_gpu)) : "-";
    grid.rows.push_back({n.by,
                         count_of(n.gpus),
                         n.layout ? workload::describe(*n.layout) : "-",
                         count_of(n.concurrency),
                         time_of(n.ttft_s),
                         time_of(n.tpot_s),
                         rate_of(n.output_tokens_per_s),
                         memory});
  }
  return grid;
}

Grid demands_grid(const CardsAnswer& a) {
  Grid grid{{}, {}, {}};
  for (const CardsNeed& n : a.needs) {
    if (!n.gpus) continue;
    grid.rows.push_back({n.by, n.demand + ": " + n.reason});
  }
  return grid;
}

std::string limits_line(const CardsAnswer& a) {
  std::string line;
  if (a.max_batch) line += fmt::format("Largest batch on them: {}. ", grouped(*a.max_batch));
  if (a.max_context_tokens)
    line += fmt::format("Longest context: {} tokens. ", grouped(*a.max_context_tokens));
  if (a.max_concurrency)
    line += fmt::format("Most sequences that run at a time: {}.", grouped(*a.max_concurrency));
  return line;
}

Grid candidates_grid(const std::vector<CardsCandidate>& candidates) {
  Grid grid{{"device", "GPUs", "memory", "time", "rate", "TTFT", "TPOT", "tokens/s", "layout"},
            {false, true, true, true, true, true, true, true},
            {}};
  for (const CardsCandidate& c : candidates) {
    grid.rows.push_back({c.gpu,
                         grouped(c.gpus),
                         grouped(c.gpus_for_memory),
                         count_of(c.gpus_for_latency),
                         count_of(c.gpus_for_throughput),
                         time_of(c.ttft_s),
                         time_of(c.tpot_s),
                         rate_of(c.output_tokens_per_s),
                         workload::describe(c.layout)});
  }
  return grid;
}

Grid models_grid(const std::vector<LargestModel>& models) {
  Grid grid{{"largest models that fit", "size", "format", "to spare", "layout"},
            {false, true, false, true},
            {}};
  for (const LargestModel& m : models) {
    grid.rows.push_back({m.model,
                         short_count(static_cast<double>(m.parameters)),
                         m.precision,
                         fmt::format("{:.0f} %", 100.0 * m.headroom_fraction),
                         workload::describe(m.layout)});
  }
  return grid;
}

Text verdict(const CardsAnswer& a) {
  const bool too_few = a.gpus && !a.met;
  if (too_few) return {"Not enough.", Tone::bad};
  if (!a.met) return {"No number of GPUs that was tried is enough.", Tone::bad};
  if (!a.gpus) return {"The fewest of each kind of device, least memory in all first."};
  return {
      fmt::format("{} GPU{}{}",
                  grouped(*a.gpus),
                  *a.gpus == 1 ? "" : "s",
                  a.layout && *a.gpus > 1 ? ": " + workload::describe(*a.layout) : std::string()),
      Tone::good};
}

Document cards_document(const CardsAnswer& a, const std::string& subject) {
  Document document{Text{subject, Tone::strong}};
  const bool models_only = a.needs.empty() && a.candidates.empty() && a.met;
  if (!models_only) document.emplace_back(verdict(a));
  if (!a.needs.empty()) {
    document.emplace_back(needs_grid(a));
    if (Grid demands = demands_grid(a); !demands.rows.empty())
      document.emplace_back(std::move(demands));
  }
  for (const std::string& reason : a.reasons) document.emplace_back(Text{reason});
  if (const std::string line = limits_line(a); !line.empty()) document.emplace_back(Text{line});
  if (!a.candidates.empty()) document.emplace_back(candidates_grid(a.candidates));
  if (!a.largest_models.empty()) document.emplace_back(models_grid(a.largest_models));
  return document;
}

Document cards_explanation(const CardsAnswer& a) {
  Grid grid{{"by", "GPUs", "formula", "reckoning"}, {false, true}, {}};
  for (const CardsNeed& n : a.needs)
    grid.rows.push_back({n.by, count_of(n.gpus), n.formula, n.reckoning});
  return {Text{"How the GPUs are counted (formulas: docs/formulas.md)", Tone::strong}, grid};
}

}  // namespace

void report_cards(Answer& answer, CardsAnswer cards, std::string subject) {
  answer.command = "cards";
  answer.main_list = cards.candidates.empty() ? "needs" : "candidates";
  if (cards.needs.empty() && !cards.largest_models.empty()) answer.main_list = "largest_models";
  answer.negative = !cards.met;
  const auto shared = std::make_shared<const CardsAnswer>(std::move(cards));
  answer.result = [shared] { return json_of(*shared); };
  answer.document = [shared, subject = std::move(subject)] {
    return cards_document(*shared, subject);
  };
  if (!shared->needs.empty()) answer.explanation = [shared] { return cards_explanation(*shared); };
}

Json cards_schema() { return SchemaOf<CardsAnswer>::get(); }

}  // namespace dsplan::report
