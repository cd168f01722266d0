#include "dsplan/report/document.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace dsplan::report {
namespace {

/// Columns that a UTF-8 text takes: code points, since nothing wide or combining is printed.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string padded(std::string_view text, std::size_t width, bool right) {
  const std::size_t have = columns(text);
  const std::string fill(width > have ? width - have : 0, ' ');
  return right ? fill + std::string(text) : std::string(text) + fill;
}

std::string without_trailing_blanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string toned(std::string_view text, Tone tone, bool color) {
  if (!color || tone == Tone::plain) return std::string(text);
  const char* code = tone == Tone::strong ? "1"
                     : tone == Tone::good ? "32"
                     : tone == Tone::bad  ? "31"
                                          : "2";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

/// Words of `text` in lines of at most `width` columns; a longer word keeps its line.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return {std::string(text)};
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const auto space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
    std::string& line = lines.back();
    if (!line.empty() && columns(line) + 1 + columns(word) > width) {
      lines.emplace_back(word);
    } else {
      line += (line.empty() ? "" : " ") + std::string(word);
    }
  }
  return lines;
}

bool is_right(const Grid& grid, std::size_t column) {
  return column < grid.right.size() && grid.right[column];
}

std::vector<std::size_t> column_widths(const Grid& grid) {
  std::vector<std::size_t> widths;
  const auto measure = [&](const std::vector<std::string>& row) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  };
  measure(grid.header);
  for (const auto& row : grid.rows) measure(row);
  return widths;
}

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowColumn = 24;

std::size_t longest_word(std::string_view text) {
  std::size_t longest = 0;
  for (std::size_t from = 0; from < text.size();) {
    const auto to = std::min(text.find(' ', from), text.size());
    longest = std::max(longest, columns(text.substr(from, to - from)));
    from = to + 1;
  }
  return longest;
}

/// How narrow a column may get: figures stay whole, and so do words unless they are long.
std::size_t least_width(const Grid& grid, std::size_t column, std::size_t width) {
  if (is_right(grid, column)) return width;
  std::size_t longest = column < grid.header.size() ? longest_word(grid.header[column]) : 0;
  for (const auto& row : grid.rows) {
    if (column < row.size()) longest = std::max(longest, longest_word(row[column]));
  }
  return std::min({longest, kNarrowColumn, width});
}

/// The widest columns give way, a step at a time, while the table is wider than the terminal.
void fit_columns(std::vector<std::size_t>& widths, const Grid& grid, std::size_t width) {
  std::vector<std::size_t> least(widths.size());
  for (std::size_t i = 0; i < widths.size(); ++i) least[i] = least_width(grid, i, widths[i]);
  const auto gaps = kGap * (widths.size() - 1);
  while (std::accumulate(widths.begin(), widths.end(), gaps) > width) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const bool wider = widest == widths.size() || widths[i] >= widths[widest];
      if (widths[i] > least[i] && wider) widest = i;
    }
    if (widest == widths.size()) return;
    --widths[widest];
  }
}

std::string grid_row(const Grid& grid,
                     const std::vector<std::string>& row,
                     const std::vector<std::size_t>& widths) {
  std::vector<std::vector<std::string>> cells;
  std::size_t lines = 1;
  for (std::size_t i = 0; i < row.size(); ++i) {
    cells.push_back(wrapped(row[i], std::max<std::size_t>(widths[i], 1)));
    lines = std::max(lines, cells.back().size());
  }
  std::string out;
  for (std::size_t n = 0; n < lines; ++n) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string_view part = n < cells[i].size() ? cells[i][n] : std::string_view{};
      line += (i == 0 ? "" : std::string(kGap, ' ')) + padded(part, widths[i], is_right(grid, i));
    }
    out += without_trailing_blanks(std::move(line)) + "\n";
  }
  return out;
}

std::string terminal_block(const Text& text, const Style& style) {
  std::string out;
  for (const std::string& line :
       wrapped(text.text, static_cast<std::size_t>(std::max(style.width, 20)))) {
    out += toned(line, text.tone, style.color) + "\n";
  }
  return out;
}

std::string terminal_block(const Grid& grid, const Style& style) {
  auto widths = column_widths(grid);
  if (widths.empty()) return {};
  fit_columns(widths, grid, static_cast<std::size_t>(std::max(style.width, 20)));
  std::string out;
  if (!grid.header.empty()) {
    std::string line = grid_row(grid, grid.header, widths);
    line.pop_back();
    out += toned(line, Tone::faint, style.color) + "\n";
  }
  for (const auto& row : grid.rows) out += grid_row(grid, row, widths);
  return out;
}

constexpr const char* kFills[] = {"█", "▓", "▒", "░", "▚", "▞"};
constexpr int kWidestBar = 60;
constexpr int kMarkdownWidth = 80;

double total_of(const Bar& bar) {
  return std::accumulate(bar.parts.begin(), bar.parts.end(), 0.0, [](double sum, const auto& part) {
    return sum + part.size;
  });
}

std::string bar_line(const Bar& bar, int cells) {
  const double sum = total_of(bar);
  const double scale = static_cast<double>(cells) / std::max(sum, bar.whole);
  std::string line;
  double drawn = 0.0;
  int used = 0;
  for (std::size_t i = 0; i < bar.parts.size(); ++i) {
    drawn += bar.parts[i].size * scale;
    const int until = static_cast<int>(std::lround(drawn));
    for (; used < until; ++used) line += kFills[i % std::size(kFills)];
  }
  const int whole = static_cast<int>(std::lround(bar.whole * scale));
  for (; used < whole; ++used) line += "·";
  if (bar.whole > 0.0 && sum > bar.whole) return line + "  beyond the mark at " + bar.whole_name;
  return line;
}

/// For a demand above what there is: a pointer under the end of the usable part.
std::string bar_mark(const Bar& bar, int cells) {
  const double sum = total_of(bar);
  if (bar.whole <= 0.0 || sum <= bar.whole) return {};
  const auto at = static_cast<std::size_t>(std::lround(bar.whole / sum * cells));
  return std::string(at, ' ') + "^\n";
}

std::string bar_legend(const Bar& bar) {
  std::string legend;
  for (std::size_t i = 0; i < bar.parts.size(); ++i) {
    if (bar.parts[i].size <= 0.0) continue;
    legend += (legend.empty() ? "" : "   ") + std::string(kFills[i % std::size(kFills)]) + " " +
              bar.parts[i].name;
  }
  return bar.whole > total_of(bar) ? legend + "   · free" : legend;
}

std::string terminal_block(const Bar& bar, const Style& style) {
  const int cells = std::clamp(style.width - 4, 10, kWidestBar);
  return bar_line(bar, cells) + "\n" + bar_mark(bar, cells) + bar_legend(bar) + "\n";
}

/// The part of the longest bar that a value has.
double bar_share(const Chart& chart, double value, double least, double most) {
  if (value <= 0.0) return 0.0;
  if (!chart.logarithmic) return value / most;
  return (1.0 + std::log2(value / least)) / (1.0 + std::log2(most / least));
}

std::string chart_lines(const Chart& chart, int width) {
  std::size_t label = 0;
  std::size_t text = 0;
  double most = 0.0;
  double least = 0.0;
  for (const Chart::Row& row : chart.rows) {
    label = std::max(label, columns(row.label));
    text = std::max(text, columns(row.text));
    most = std::max(most, row.value);
    if (row.value > 0.0 && (least == 0.0 || row.value < least)) least = row.value;
  }
  const int taken = static_cast<int>(label + text + 2 * kGap);
  const int cells = std::clamp(width - taken, 10, kWidestBar);
  std::string out = chart.title + "\n";
  for (const Chart::Row& row : chart.rows) {
    const double share = bar_share(chart, row.value, least, most);
    out += padded(row.label, label, true) + std::string(kGap, ' ');
    for (auto n = std::lround(share * cells); n > 0; --n) out += "█";
    out += std::string(kGap, ' ') + row.text + "\n";
  }
  return out;
}

std::string terminal_block(const Chart& chart, const Style& style) {
  return chart_lines(chart, std::max(style.width, 20));
}

std::string terminal_block(const Verbatim& verbatim, const Style&) { return verbatim.text; }

// ---- Markdown ----

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

std::string markdown_row(const std::vector<std::string>& row, std::size_t count) {
  std::string line = "|";
  for (std::size_t i = 0; i < count; ++i)
    line += " " + (i < row.size() ? escaped(row[i]) : "") + " |";
  return line + "\n";
}

std::string markdown_block(const Text& text) {
  if (text.tone == Tone::strong) return "### " + text.text + "\n";
  return text.text + "\n";
}

std::string markdown_block(const Grid& grid) {
  const std::size_t count = column_widths(grid).size();
  std::string out = markdown_row(grid.header, count) + "|";
  for (std::size_t i = 0; i < count; ++i) out += is_right(grid, i) ? " ---: |" : " --- |";
  out += "\n";
  for (const auto& row : grid.rows) out += markdown_row(row, count);
  return out;
}

std::string markdown_block(const Bar& bar) {
  return "```\n" + bar_line(bar, kWidestBar) + "\n" + bar_mark(bar, kWidestBar) + bar_legend(bar) +
         "\n```\n";
}

std::string markdown_block(const Chart& chart) {
  return "```\n" + chart_lines(chart, kMarkdownWidth) + "```\n";
}

std::string markdown_block(const Verbatim& verbatim) { return "```\n" + verbatim.text + "```\n"; }

template <typename Printer>
std::string joined(const Document& document, const Printer& print) {
  std::string out;
  for (const Block& block : document) out += (out.empty() ? "" : "\n") + std::visit(print, block);
  return out;
}

}  // namespace

std::string render_terminal(const Document& document, const Style& style) {
  return joined(document, [&](const auto& block) { return terminal_block(block, style); });
}

std::string render_markdown(const Document& document) {
  return joined(document, [](const auto& block) { return markdown_block(block); });
}

}  // namespace dsplan::report
