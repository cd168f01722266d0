// A report as a value: blocks of text and tables, printed for a terminal or as Markdown.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dsplan::report {

enum class Tone { plain, strong, good, bad, faint };

struct Text {
  std::string text;
  Tone tone = Tone::plain;
};

/// Columns named in `right` are set flush right. A row may be shorter than the header.
struct Grid {
  std::vector<std::string> header;  ///< empty: no header line
  std::vector<bool> right;
  std::vector<std::vector<std::string>> rows;
};

/// Shares of a whole, drawn as one line with its legend; `whole` may be less than the parts' sum.
struct Bar {
  struct Part {
    std::string name;
    double size = 0.0;
  };
  std::vector<Part> parts;
  double whole = 0.0;
  std::string whole_name;
};

/// Values above 0 as horizontal bars, a row each, to the scale of the largest.
struct Chart {
  struct Row {
    std::string label;
    double value = 0.0;
    std::string text;  ///< the value in words
  };
  std::string title;
  std::vector<Row> rows;
  bool logarithmic = false;  ///< a bar for each doubling, so that small values stay visible
};

/// Text for other programs, printed as it is.
struct Verbatim {
  std::string text;
};

using Block = std::variant<Text, Grid, Bar, Chart, Verbatim>;
using Document = std::vector<Block>;

/// How the terminal takes it.
struct Style {
  int width = 80;  ///< columns; longer text cells wrap within the last column
  bool color = false;
};

[[nodiscard]] std::string render_terminal(const Document& document, const Style& style);
[[nodiscard]] std::string render_markdown(const Document& document);

}  // namespace dsplan::report
