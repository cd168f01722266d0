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

using Block = std::variant<Text, Grid, Bar>;
using Document = std::vector<Block>;

/// How the terminal takes it.
struct Style {
  int width = 80;  ///< columns; longer text cells wrap within the last column
  bool color = false;
};

[[nodiscard]] std::string render_terminal(const Document& document, const Style& style);
[[nodiscard]] std::string render_markdown(const Document& document);

}  // namespace dsplan::report
