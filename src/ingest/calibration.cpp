#include "dsplan/ingest/calibration.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <set>

#include "dsplan/base/error.hpp"
#include "dsplan/ingest/serving_table.hpp"
#include "dsplan/ingest/validation_table.hpp"

namespace dsplan::ingest {
namespace {

using catalog::Catalog;
using catalog::Framework;
using catalog::Stack;

constexpr double kHuber = 0.2;  ///< of log(measured / predicted): beyond it residuals count less
constexpr int kRounds = 8;
constexpr int kHalvings = 5;  ///< of a step that does not help
constexpr double kLeastFactor = 0.2;
constexpr double kMostFactor = 5.0;
constexpr double kMostStepMs = 200.0;
constexpr double kSmallest = 1e-9;

/// A constant that is fitted: how to read and set it, and how far it may go.
struct Knob {
  std::string_view key;
  double step;  ///< for the numerical slope
  double least;
  double most;
};
constexpr std::array kStackKnobs{Knob{"kernel_factor", 0.02, kLeastFactor, kMostFactor},
                                 Knob{"step_ms", 0.1, 0.0, kMostStepMs}};
constexpr std::array kFrameworkKnobs{Knob{"time_factor", 0.02, kLeastFactor, kMostFactor}};

/// One entry with its knobs, whatever its kind.
struct Entry {
  std::string id;
  std::span<const Knob> knobs;
  std::function<double(std::size_t)> get;
  std::function<void(std::size_t, double)> set;
  std::string_view kind;  ///< key of the overlay
};

Entry stack_entry(Catalog& catalog, const std::string& id) {
  static constexpr std::array kMembers{&Stack::kernel_factor, &Stack::step_ms};
  return {id,
          kStackKnobs,
          [&catalog, id](std::size_t k) { return catalog.find<Stack>(id)->*kMembers[k]; },
          [&catalog, id](std::size_t k, double value) {
            Stack changed = *catalog.find<Stack>(id);
            changed.*kMembers[k] = value;
            catalog.put(changed);
          },
          "stacks"};
}

Entry framework_entry(Catalog& catalog, const std::string& id) {
  return {id,
          kFrameworkKnobs,
          [&catalog, id](std::size_t) { return catalog.find<Framework>(id)->time_factor; },
          [&catalog, id](std::size_t, double value) {
            Framework changed = *catalog.find<Framework>(id);
            changed.time_factor = value;
            catalog.put(changed);
          },
          "frameworks"};
}

struct Residuals {
  std::vector<double> logs;  ///< log(measured / predicted) of the entry's figures
};

class Fit {
 public:
  Fit(Catalog& catalog, const CsvTable& table, const std::string& file)
      : catalog_(catalog), table_(table), file_(file) {}

  [[nodiscard]] plan::Validation validated() const {
    return validate_table(table_, catalog_, file_, {});
  }

  [[nodiscard]] Residuals residuals(const std::string& entry) const {
    Residuals r;
    for (const plan::Figure& f : validated().rows) {
      if (f.entry != entry || !f.predicted || *f.predicted <= 0.0 || f.measured <= 0.0) continue;
      r.logs.push_back(std::log(f.measured / *f.predicted));
    }
    return r;
  }

  void fit(Entry& entry) const {
    for (int round = 0; round < kRounds; ++round) {
      if (!improve(entry)) return;
    }
  }

 private:
  static double cost(const Residuals& r) {
    double sum = 0.0;
    for (const double x : r.logs) {
      const double a = std::abs(x);
      sum += a <= kHuber ? 0.5 * a * a : kHuber * (a - 0.5 * kHuber);
    }
    return sum;
  }

  /// Change of the residuals for a unit of knob k.
  [[nodiscard]] std::vector<double> slope(Entry& entry, std::size_t k, const Residuals& at) const {
    const double value = entry.get(k);
    const double step = entry.knobs[k].step;
    entry.set(k, value + step);
    std::vector<double> d = residuals(entry.id).logs;
    entry.set(k, value);
    for (std::size_t i = 0; i < d.size(); ++i) d[i] = (d[i] - at.logs[i]) / step;
    return d;
  }

  /// One Gauss-Newton step, halved until it helps. False once nothing more is gained.
  bool improve(Entry& entry) const {
    const Residuals at = residuals(entry.id);
    std::vector<std::vector<double>> slopes;
    for (std::size_t k = 0; k < entry.knobs.size(); ++k) slopes.push_back(slope(entry, k, at));
    const std::array<double, 2> change = solved(at, slopes);
    std::array<double, 2> start{};
    for (std::size_t k = 0; k < entry.knobs.size(); ++k) start[k] = entry.get(k);
    for (int halved = 0; halved < kHalvings; ++halved) {
      const double share = std::ldexp(1.0, -halved);
      for (std::size_t k = 0; k < entry.knobs.size(); ++k) {
        const Knob& knob = entry.knobs[k];
        entry.set(k, std::clamp(start[k] + share * change[k], knob.least, knob.most));
      }
      if (cost(residuals(entry.id)) < cost(at) - kSmallest) return true;
    }
    for (std::size_t k = 0; k < entry.knobs.size(); ++k) entry.set(k, start[k]);
    return false;
  }

  /// Weighted least squares of -residual = slopes x change. Where two constants do the same to all
  /// runs, the first takes it all.
  static std::array<double, 2> solved(const Residuals& at,
                                      const std::vector<std::vector<double>>& slopes) {
    double aa = 0.0;
    double ab = 0.0;
    double bb = 0.0;
    double ar = 0.0;
    double br = 0.0;
    for (std::size_t i = 0; i < at.logs.size(); ++i) {
      const double r = at.logs[i];
      const double weight = std::min(1.0, kHuber / std::max(std::abs(r), kSmallest));
      const double a = slopes[0][i];
      const double b = slopes.size() > 1 ? slopes[1][i] : 0.0;
      aa += weight * a * a;
      ab += weight * a * b;
      bb += weight * b * b;
      ar -= weight * a * r;
      br -= weight * b * r;
    }
    const double determinant = aa * bb - ab * ab;
    constexpr double kDistinct = 1e-3;  // of aa x bb: below it the runs do not tell them apart
    if (determinant > kDistinct * aa * bb && at.logs.size() > 2)
      return {(ar * bb - br * ab) / determinant, (br * aa - ar * ab) / determinant};
    return {aa > 0.0 ? ar / aa : 0.0, 0.0};
  }

  Catalog& catalog_;
  const CsvTable& table_;
  const std::string& file_;
};

std::string rounded(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

std::string percent(std::optional<double> share) {
  return share ? rounded(100.0 * *share) + " %" : "unknown";
}

std::vector<Entry> entries_of(Catalog& catalog, const plan::Validation& validation) {
  std::vector<Entry> entries;
  std::set<std::string> seen;
  for (const plan::Figure& f : validation.rows) {
    if (!f.predicted || f.entry.empty() || !seen.insert(f.entry).second) continue;
    entries.push_back(validation.table == "training-speed" ? framework_entry(catalog, f.entry)
                                                           : stack_entry(catalog, f.entry));
  }
  return entries;
}

/// A table that says nothing of versions is of today's, as forecasts are.
CsvTable of_today(CsvTable table) {
  constexpr std::string_view kColumn = "engine_version";
  if (table.column("engine") < 0 || table.column(kColumn) >= 0) return table;
  table.columns.emplace_back(kColumn);
  for (auto& row : table.rows) row.emplace_back(kNewestVersion);
  return table;
}

void add_overlay(Calibration& c, const Entry& entry, const std::vector<double>& after) {
  if (c.overlay.empty()) c.overlay = std::string(entry.kind) + ":\n";
  c.overlay += "  - id: " + entry.id + "\n";
  for (std::size_t k = 0; k < entry.knobs.size(); ++k)
    c.overlay += "    " + std::string(entry.knobs[k].key) + ": " + rounded(after[k]) + "\n";
}

/// The rows that the entry times; these tables have one figure a row.
CsvTable rows_of(const CsvTable& table, const plan::Validation& validation, const std::string& id) {
  CsvTable own{table.columns, {}};
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (validation.rows.at(i).entry == id) own.rows.push_back(table.rows[i]);
  }
  return own;
}

void fit_entry(Calibration& c, const Fit& fit, Entry& entry) {
  const auto runs = static_cast<std::int64_t>(fit.residuals(entry.id).logs.size());
  std::vector<double> before;
  for (std::size_t k = 0; k < entry.knobs.size(); ++k) before.push_back(entry.get(k));
  fit.fit(entry);
  std::vector<double> after;
  for (std::size_t k = 0; k < entry.knobs.size(); ++k) {
    after.push_back(entry.get(k));
    c.constants.push_back({entry.id, std::string(entry.knobs[k].key), before[k], after[k], runs});
  }
  add_overlay(c, entry, after);
}

}  // namespace

Calibration calibrate(Catalog& catalog, const CsvTable& runs, const std::string& file) {
  const CsvTable table = of_today(runs);
  const Fit fit(catalog, table, file);
  const plan::Validation before = fit.validated();
  Calibration c;
  c.table = before.table;
  c.figures = before.summary.rows;
  c.skipped = before.summary.skipped;
  c.error_before = before.summary.median_ape;
  std::vector<Entry> entries = entries_of(catalog, before);
  if (entries.empty()) {
    throw Error(ErrorCode::input,
                file + ": no run whose speed can be predicted and fitted",
                "see `dsplan validate` for the reasons; tables of serving runs and of training "
                "speed can be fitted");
  }
  for (Entry& entry : entries) {
    const CsvTable own = rows_of(table, before, entry.id);
    fit_entry(c, Fit(catalog, own, file), entry);
  }
  c.error_after = fit.validated().summary.median_ape;
  c.overlay = "# Fitted to " + std::to_string(c.figures - c.skipped) + " figures of " + file +
              ": median error " + percent(c.error_before) + " before, " + percent(c.error_after) +
              " after.\n# Use it with --catalog, or DSPLAN_CATALOG.\n" + c.overlay;
  return c;
}

}  // namespace dsplan::ingest
