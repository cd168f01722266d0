// Tables that the latency answers of inference and of training share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dsplan/plan/prediction.hpp"
#include "dsplan/report/document.hpp"

#include "describe.hpp"

namespace dsplan::report {

template <>
std::span<const ResultField<plan::Predicted>> described<plan::Predicted>();

/// 0.0312 as "31.2 ms"; 7300 as "2.03 h".
[[nodiscard]] std::string short_time(double seconds);

/// 1234.5 as "1,235"; 12.345 as "12.3".
[[nodiscard]] std::string short_rate(double rate);

/// Figures with their bands.
class FigureTable {
 public:
  void time(const char* name, const std::optional<plan::Predicted>& figure);
  void rate(const char* name, const std::optional<plan::Predicted>& figure);
  void percent(const char* name, const plan::Predicted& figure);
  [[nodiscard]] Grid grid() &&;

 private:
  using Words = std::string (*)(double);
  void add(const char* name, const plan::Predicted& figure, Words words);
  Grid grid_{{"", "", "80 % of runs"}, {false, true}, {}};
};

/// A part of a time: a row with its share drawn.
struct TimePart {
  std::string name;
  double seconds = 0.0;
  double share = 0.0;
  std::string note;
};
[[nodiscard]] Grid parts_grid(const std::string& whole,
                              const std::string& noted,
                              const std::vector<TimePart>& parts);

}  // namespace dsplan::report
