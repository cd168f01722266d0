// Documents on a terminal and as Markdown.
#include "dsplan/report/document.hpp"

#include <sstream>
#include <string>
#include <vector>

#include "dsplan/report/answer.hpp"

#include "../support/built_in.hpp"
#include "../support/program.hpp"

namespace dsplan::report {
namespace {

std::size_t columns(const std::string& text) {
  std::size_t count = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++count;
  }
  return count;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST_CASE("a text wraps at the width, a longer word keeps its line", "[report]") {
  const Document d{Text{"one two three four five averyveryverylongwordindeed six", Tone::plain}};
  CHECK(render_terminal(d, {.width = 20}) ==
        "one two three four\nfive\naveryveryverylongwordindeed\nsix\n");
}

TEST_CASE("columns align, numbers flush right, without blanks at the end", "[report]") {
  const Document d{Grid{{"name", "size"}, {false, true}, {{"a", "1"}, {"bbbbbb", "1000"}}}};
  CHECK(render_terminal(d, {.width = 80}) ==
        "name    size\n"
        "a          1\n"
        "bbbbbb  1000\n");
}

TEST_CASE("no colour unless asked for", "[report]") {
  const Document d{Text{"good", Tone::good}, Text{"bad", Tone::bad}, Text{"plain", Tone::plain}};
  CHECK(render_terminal(d, {.width = 80}).find('\x1b') == std::string::npos);
  const std::string colored = render_terminal(d, {.width = 80, .color = true});
  CHECK(colored.find("\x1b[32mgood\x1b[0m") != std::string::npos);
  CHECK(colored.find("\x1b[31mbad\x1b[0m") != std::string::npos);
}

TEST_CASE("Markdown escapes bars and aligns numbers", "[report]") {
  const Document d{Text{"Title", Tone::strong},
                   Grid{{"a|b", "n"}, {false, true}, {{"x|y", "1"}, {"short"}}}};
  CHECK(render_markdown(d) ==
        "### Title\n\n"
        "| a\\|b | n |\n"
        "| --- | ---: |\n"
        "| x\\|y | 1 |\n"
        "| short |  |\n");
}

TEST_CASE("a bar shows its parts, what is free and what is beyond", "[report]") {
  const Bar bar{{{"weights", 30.0}, {"cache", 10.0}, {"nothing", 0.0}}, 60.0, "usable"};
  const std::string drawn = render_terminal({bar}, {.width = 64});
  CHECK(columns(lines_of(drawn).front()) == 60);
  CHECK(drawn.find("weights") != std::string::npos);
  CHECK(drawn.find("nothing") == std::string::npos);
  CHECK(drawn.find("free") != std::string::npos);
  const Bar over{{{"weights", 90.0}}, 60.0, "usable"};
  CHECK(render_terminal({over}, {.width = 64}).find("beyond the mark at usable") !=
        std::string::npos);
  CHECK(render_terminal({over}, {.width = 64}).find("^") != std::string::npos);
}

TEST_CASE("empty documents and grids print nothing odd", "[report]") {
  CHECK(render_terminal({}, {}).empty());
  CHECK(render_markdown({}).empty());
  CHECK_NOTHROW(render_terminal({Grid{}}, {}));
  CHECK_NOTHROW(render_terminal({Grid{{}, {}, {{}, {"a"}}}}, {}));
  CHECK_NOTHROW(render_terminal({Bar{{}, 0.0, ""}}, {}));
  CHECK_NOTHROW(render_terminal({Text{"", Tone::plain}}, {.width = 0}));
}

bool breakable(const std::string& line, std::size_t width) {
  // A line that a word, or figures that stay whole, make longer cannot be helped.
  std::istringstream words(line);
  std::size_t longest = 0;
  for (std::string word; words >> word;) longest = std::max(longest, columns(word));
  return longest + 2 < width / 2;
}

TEST_CASE("no line of an answer is wider than the terminal, but for unbreakable words",
          "[report]") {
  for (const char* line : {"memory --model llama-3.1-8b --gpu h100-sxm",
                           "memory --model llama-3.1-70b --gpu h100-sxm",
                           "memory --params 13B",
                           "flops --model deepseek-v3",
                           "catalog show gpus h100-sxm",
                           "catalog show models deepseek-v3"}) {
    for (const int width : {80, 100, 140}) {
      const test::Run run = test::run(test::words(line), width, true);
      for (const std::string& text : lines_of(run.out)) {
        const std::string plain = text.substr(0, text.find('\x1b'));
        const auto limit = static_cast<std::size_t>(width);
        INFO(line << " at " << width << ": " << text);
        CHECK((columns(plain) <= limit || !breakable(plain, limit)));
      }
    }
  }
}

TEST_CASE("an answer has the same figures in every form", "[report]") {
  const std::string line = "memory --model llama-3.1-8b --gpu h100-sxm --batch 4 -o ";
  for (const char* form : {"table", "json", "csv", "markdown", "yaml"}) {
    const test::Run run = test::run(test::words(line + form));
    INFO(form);
    CHECK(run.code == 0);
    CHECK_FALSE(run.out.empty());
    CHECK(run.out.back() == '\n');
    CHECK(run.out.find('\x1b') == std::string::npos);
  }
  CHECK(test::run(test::words(line + "yaml")).out.find("kv_bytes_per_token: 131072") !=
        std::string::npos);
}

TEST_CASE("a chart draws its rows to the scale of the largest, within the width", "[report]") {
  const Document d{Chart{"tokens/s", {{"1", 10.0, "10"}, {"16", 40.0, "40"}, {"256", 0.0, "0"}}}};
  CHECK(render_terminal(d, {.width = 25}) ==
        "tokens/s\n"
        "  1  ████  10\n"
        " 16  ████████████████  40\n"
        "256    0\n");
  for (const std::string& line : lines_of(render_terminal(d, {.width = 40})))
    CHECK(columns(line) <= 40);
  CHECK(render_markdown(d).starts_with("```\ntokens/s\n"));
}

TEST_CASE("a logarithmic chart has equal steps for equal ratios", "[report]") {
  const Document d{Chart{"s", {{"a", 1.0, "1"}, {"b", 2.0, "2"}, {"c", 8.0, "8"}}, true}};
  CHECK(render_terminal(d, {.width = 22}) ==
        "s\n"
        "a  ████  1\n"
        "b  ████████  2\n"
        "c  ████████████████  8\n");
}

TEST_CASE("a chart of nothing is its title", "[report]") {
  CHECK(render_terminal({Chart{"nothing", {}}}, {.width = 40}) == "nothing\n");
  CHECK(render_terminal({Chart{"zero", {{"1", 0.0, "0"}}}}, {.width = 40}) == "zero\n1    0\n");
}

}  // namespace
}  // namespace dsplan::report
