#include "dsplan/plan/validation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace dsplan::plan {
namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Linear interpolation between the nearest ranks, as statistics packages do by default.
double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double at = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return values[a] < values[b];
  });
  std::vector<double> rank(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    const double shared = static_cast<double>(i + end - 1) / 2.0;
    for (; i < end; ++i) rank[order[i]] = shared;
  }
  return rank;
}

std::optional<double> correlation(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() < 2) return std::nullopt;
  const double mean_a = mean(a);
  const double mean_b = mean(b);
  double ab = 0.0;
  double aa = 0.0;
  double bb = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  if (aa == 0.0 || bb == 0.0) return std::nullopt;
  return ab / std::sqrt(aa * bb);
}

}  // namespace

void set_error(Figure& figure) {
  if (figure.predicted && figure.measured != 0.0) {
    figure.error = (*figure.predicted - figure.measured) / figure.measured;
  }
}

Accuracy accuracy_of(std::string group, std::span<const Figure> figures) {
  Accuracy a;
  a.group = std::move(group);
  a.rows = static_cast<std::int64_t>(figures.size());
  std::vector<double> signed_errors;
  std::vector<double> absolute;
  std::vector<double> measured;
  std::vector<double> predicted;
  for (const Figure& f : figures) {
    if (f.skipped) ++a.skipped;
    if (!f.error) continue;
    signed_errors.push_back(*f.error);
    absolute.push_back(std::abs(*f.error));
    measured.push_back(f.measured);
    predicted.push_back(*f.predicted);
  }
  if (absolute.empty()) return a;
  a.mape = mean(absolute);
  a.median_ape = quantile(absolute, 0.5);
  a.p90_ape = quantile(absolute, 0.9);
  a.bias = mean(signed_errors);
  a.rank_correlation = correlation(ranks(measured), ranks(predicted));
  return a;
}

Validation summarised(std::string table, std::vector<Figure> figures) {
  Validation v;
  v.table = std::move(table);
  v.summary = accuracy_of("all", figures);
  std::vector<std::string> names;
  for (const Figure& f : figures) {
    if (std::find(names.begin(), names.end(), f.group) == names.end()) names.push_back(f.group);
  }
  for (const std::string& name : names) {
    std::vector<Figure> members;
    std::copy_if(figures.begin(), figures.end(), std::back_inserter(members), [&](const Figure& f) {
      return f.group == name;
    });
    v.groups.push_back(accuracy_of(name, members));
  }
  for (const Figure& f : figures) {
    const bool is_new = std::find(v.notes.begin(), v.notes.end(), f.note) == v.notes.end();
    if (!f.note.empty() && is_new) v.notes.push_back(f.note);
  }
  v.rows = std::move(figures);
  return v;
}

}  // namespace dsplan::plan
