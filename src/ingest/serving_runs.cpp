#include "serving_runs.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "dsplan/base/parse.hpp"

#include "serving_cells.hpp"

namespace dsplan::ingest {
namespace {

using plan::Figure;
using plan::MeasuredRun;

constexpr std::array<std::string_view, 3> kGroup{"model", "gpu", "engine"};
/// What rates over different values of cannot be compared, and what another engine would be.
constexpr std::array<std::string_view, 9> kWorkload{"precision",
                                                    "kv_precision",
                                                    "engine_version",
                                                    "arrival",
                                                    "prompts_per_client",
                                                    "isl",
                                                    "osl",
                                                    "lengths",
                                                    "source"};
constexpr std::array<std::string_view, 6> kChoice{
    "n_gpus", "tp", "pp", "ep", "attention_dp", "concurrency"};

/// What a run's time per output token and rate are taken from.
constexpr std::array<std::string_view, 6> kMetrics{"tpot_ms",
                                                   "tpot_p50_ms",
                                                   "ttft_ms",
                                                   "ttft_p50_ms",
                                                   "output_tokens_per_s",
                                                   "output_tokens_per_s_per_gpu"};

/// Lines of one run.
struct Lines {
  std::size_t first = 0;
  std::map<std::string_view, const Figure*> by_metric;

  [[nodiscard]] const Figure* of(std::initializer_list<std::string_view> metrics) const {
    for (const std::string_view metric : metrics) {
      if (const auto at = by_metric.find(metric); at != by_metric.end()) return at->second;
    }
    return nullptr;
  }
};

class Reader {
 public:
  Reader(const CsvTable& table, std::span<const Figure> figures)
      : table_(table), figures_(figures) {
    for (const auto& names : {std::span<const std::string_view>(kGroup),
                              std::span<const std::string_view>(kWorkload),
                              std::span<const std::string_view>(kChoice)}) {
      for (const std::string_view name : names) {
        const auto at = table.column(name);
        if (at >= 0) how_.push_back(static_cast<std::size_t>(at));
      }
    }
  }

  [[nodiscard]] std::vector<Lines> lines() const {
    std::vector<Lines> all;
    std::unordered_map<std::string, std::size_t> open;
    for (std::size_t row = 0; row < figures_.size(); ++row) {
      const Figure& figure = figures_[row];
      if (std::find(kMetrics.begin(), kMetrics.end(), figure.metric) == kMetrics.end()) continue;
      const auto [at, is_new] = open.try_emplace(how_made(row), all.size());
      if (!is_new && all[at->second].by_metric.contains(figure.metric)) at->second = all.size();
      if (at->second == all.size()) all.push_back({row, {}});
      all[at->second].by_metric[figure.metric] = &figure;
    }
    return all;
  }

  [[nodiscard]] std::optional<MeasuredRun> run(const Lines& lines) const {
    const Figure* tpot = lines.of({"tpot_ms", "tpot_p50_ms"});
    if (tpot == nullptr) return std::nullopt;
    const auto measured = speed(lines, *tpot, [](const Figure& f) {
      return f.measured > 0.0 ? std::optional(f.measured) : std::nullopt;
    });
    if (!measured) return std::nullopt;
    MeasuredRun run;
    run.id = tpot->id;
    run.kind = {cell(lines, "model"), cell(lines, "gpu"), cell(lines, "engine"), workload(lines)};
    run.measured = *measured;
    run.predicted = speed(lines, *tpot, [](const Figure& f) { return f.predicted; });
    return run;
  }

 private:
  [[nodiscard]] std::string how_made(std::size_t row) const {
    std::string text;
    for (const std::size_t column : how_) {
      text += table_.rows[row][column];
      text += '\x1f';
    }
    return text;
  }

  /// "precision fp8, isl 1024, osl 1024"
  [[nodiscard]] std::string workload(const Lines& lines) const {
    std::string text;
    for (const std::string_view column : kWorkload) {
      const std::string said = cell(lines, column);
      if (said.empty()) continue;
      text += (text.empty() ? "" : ", ") + std::string(column) + " " + said;
    }
    return text;
  }

  [[nodiscard]] std::string cell(const Lines& lines, std::string_view column) const {
    return std::string(table_.cell(lines.first, column));
  }

  [[nodiscard]] std::optional<double> number(const Lines& lines, std::string_view column) const {
    const auto value = first_number(table_.cell(lines.first, column));
    return value && *value > 0.0 ? value : std::nullopt;
  }

  /// `of` takes from a figure what was measured, or what was predicted.
  template <typename Of>
  [[nodiscard]] std::optional<plan::RunSpeed> speed(const Lines& lines,
                                                    const Figure& tpot,
                                                    Of of) const {
    const auto tpot_ms = of(tpot);
    if (!tpot_ms) return std::nullopt;
    const double gpus = number(lines, "n_gpus").value_or(0.0);
    std::optional<double> per_gpu;
    if (const Figure* rate = lines.of({"output_tokens_per_s_per_gpu"})) {
      per_gpu = of(*rate);
    } else if (gpus > 0.0) {
      per_gpu = rate_of_all(lines, *tpot_ms, of);
      if (per_gpu) *per_gpu /= gpus;
    }
    if (!per_gpu) return std::nullopt;
    return plan::RunSpeed{seconds(*tpot_ms / 1e3), *per_gpu};
  }

  template <typename Of>
  [[nodiscard]] std::optional<double> rate_of_all(const Lines& lines, double tpot_ms, Of of) const {
    if (const Figure* rate = lines.of({"output_tokens_per_s"})) return of(*rate);
    const Figure* first = lines.of({"ttft_ms", "ttft_p50_ms"});
    const auto ttft_ms = first == nullptr ? std::nullopt : of(*first);
    const auto clients = number(lines, "concurrency");
    const auto tokens = number(lines, "osl");
    if (!ttft_ms || !clients || !tokens) return std::nullopt;
    return *clients * *tokens * 1e3 / (*ttft_ms + tpot_ms * (*tokens - 1.0));
  }

  const CsvTable& table_;
  std::span<const Figure> figures_;
  std::vector<std::size_t> how_;  ///< columns that tell how a run was made
};

}  // namespace

std::vector<MeasuredRun> serving_runs(const CsvTable& table, std::span<const Figure> figures) {
  const Reader reader(table, figures);
  std::vector<MeasuredRun> runs;
  for (const Lines& lines : reader.lines()) {
    if (auto run = reader.run(lines)) runs.push_back(std::move(*run));
  }
  return runs;
}

}  // namespace dsplan::ingest
