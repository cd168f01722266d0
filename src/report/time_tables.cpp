#include "time_tables.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "figures.hpp"

namespace dsplan::report {

using plan::Predicted;

template <>
std::span<const ResultField<Predicted>> described<Predicted>() {
  static constexpr std::array kFields{
      field<&Predicted::value>("value", "the estimate"),
      field<&Predicted::low>("low", "end of the 80 % band; null where none is known"),
      field<&Predicted::high>("high", "end of the 80 % band; null where none is known"),
  };
  return kFields;
}

std::string short_time(double seconds) {
  struct Unit {
    double seconds;
    const char* name;
  };
  constexpr std::array kUnits{Unit{86400.0, "d"},
                              Unit{3600.0, "h"},
                              Unit{60.0, "min"},
                              Unit{1.0, "s"},
                              Unit{1e-3, "ms"},
                              Unit{1e-6, "us"}};
  for (const auto& [size, name] : kUnits) {
    if (seconds < size) continue;
    const double amount = seconds / size;
    if (amount < 9.995) return fmt::format("{:.2f} {}", amount, name);
    if (amount < 999.95) return fmt::format("{:.1f} {}", amount, name);
    return fmt::format("{} {}", grouped(std::llround(amount)), name);
  }
  return seconds > 0.0 ? fmt::format("{:.2g} s", seconds) : "0 s";
}

std::string short_rate(double rate) {
  if (rate < 0.995) return fmt::format("{:.3g}", rate);
  if (rate < 9.995) return fmt::format("{:.2f}", rate);
  return rate < 99.95 ? fmt::format("{:.1f}", rate) : grouped(std::llround(rate));
}

void FigureTable::add(const char* name, const Predicted& figure, Words words) {
  std::string band;
  if (figure.low && figure.high) band = words(*figure.low) + " to " + words(*figure.high);
  grid_.rows.push_back({name, words(figure.value), std::move(band)});
}

void FigureTable::time(const char* name, const std::optional<Predicted>& figure) {
  if (figure) add(name, *figure, &short_time);
}

void FigureTable::rate(const char* name, const std::optional<Predicted>& figure) {
  if (figure) add(name, *figure, &short_rate);
}

void FigureTable::percent(const char* name, const Predicted& figure) {
  add(name, figure, [](double share) { return fmt::format("{:.1f} %", 100.0 * share); });
}

Grid FigureTable::grid() && {
  const bool banded = std::any_of(
      grid_.rows.begin(), grid_.rows.end(), [](const auto& row) { return !row.back().empty(); });
  if (!banded) grid_.header.clear();
  return std::move(grid_);
}

namespace {

std::string drawn(double share) {
  constexpr double kCells = 20.0;
  const auto halves = static_cast<int>(std::lround(2.0 * kCells * share));
  std::string bar;
  for (int i = 0; i < halves / 2; ++i) bar += "█";
  return halves % 2 == 1 ? bar + "▌" : bar;
}

}  // namespace

Grid parts_grid(const std::string& whole,
                const std::string& noted,
                const std::vector<TimePart>& parts) {
  Grid grid{{whole, "time", "share", noted, ""}, {false, true, true}, {}};
  for (const TimePart& part : parts) {
    grid.rows.push_back({part.name,
                         short_time(part.seconds),
                         fmt::format("{:.1f} %", 100.0 * part.share),
                         part.note,
                         drawn(part.share)});
  }
  return grid;
}

}  // namespace dsplan::report
