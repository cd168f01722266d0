// How cells of tables of serving runs are read: numbers in words, versions, dates.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "dsplan/base/parse.hpp"
#include "dsplan/catalog/engine.hpp"
#include "dsplan/catalog/gpu.hpp"
#include "dsplan/catalog/model.hpp"

namespace dsplan::ingest {

/// The first number in a cell: "~9", "default prompts (~10 tokens)".
[[nodiscard]] inline std::optional<double> first_number(std::string_view text) {
  const auto start = text.find_first_of("0123456789");
  if (start == std::string_view::npos) return std::nullopt;
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data() + start, text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

/// A piece of a cell that starts with a digit, and the word before it.
struct NumberInText {
  std::string_view word;    ///< letters before it: "TensorRT" of "TensorRT 10.2"; "" at the start
  std::string_view number;  ///< digits and dots
};

/// Calls `take(NumberInText)` for each number of the text until it returns true.
template <typename Take>
void numbers_in(std::string_view text, Take take) {
  std::size_t at = 0;
  while ((at = text.find_first_of("0123456789", at)) != std::string_view::npos) {
    const auto end = std::min(text.find_first_not_of("0123456789.", at), text.size());
    std::string_view before = text.substr(0, at);
    const auto last = before.find_last_not_of(" -v(b");
    before = last == std::string_view::npos ? std::string_view{} : before.substr(0, last + 1);
    const auto start = before.find_last_of(" ,/;(+");
    const auto word = start == std::string_view::npos ? before : before.substr(start + 1);
    if (take({word, text.substr(at, end - at)})) return;
    at = end;
  }
}

/// A year, or a day such as 20260402, in plain digits.
[[nodiscard]] inline bool is_date(std::string_view number) {
  return (number.size() == 4 || number.size() == 8) && number.starts_with("20") &&
         number.find('.') == std::string_view::npos;
}

[[nodiscard]] inline bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

[[nodiscard]] inline bool is_name_of(const catalog::Engine& engine, std::string_view word) {
  return same_letters(word, engine.id) || same_letters(word, engine.name) ||
         std::any_of(engine.aliases.begin(), engine.aliases.end(), [&](std::string_view alias) {
           return same_letters(word, alias);
         });
}

/// The engine's version in a cell such as "vLLM 0.6.5.dev964+mlperf50, ROCm 6.3", if there is one:
/// a number that stands first or after the engine's name, and is no date.
[[nodiscard]] inline std::optional<std::string> version_in(std::string_view text,
                                                           const catalog::Engine& engine) {
  std::optional<std::string> version;
  numbers_in(text, [&](const NumberInText& n) {
    const bool own =
        n.word.empty() ? n.number.data() <= text.data() + 1 : is_name_of(engine, n.word);
    if (!own || is_date(n.number)) return false;
    const auto at = static_cast<std::size_t>(n.number.data() - text.data());
    const bool build = at > 0 && text[at - 1] == 'b';
    version = (build ? "b" : "") + std::string(n.number);
    return true;
  });
  return version;
}

/// When a cell such as "2023-11", "README (2023-09)" or "nightly-20260402" says, in years.
[[nodiscard]] inline std::optional<double> year_in(std::string_view text) {
  constexpr double kMonths = 12.0;
  std::optional<double> year;
  numbers_in(text, [&](const NumberInText& n) {
    if (!is_date(n.number)) return false;
    year = first_number(n.number.substr(0, 4));
    const auto after = static_cast<std::size_t>(n.number.data() - text.data()) + n.number.size();
    std::string_view month = n.number.substr(4, 2);
    if (month.empty() && after + 2 < text.size() && text[after] == '-')
      month = text.substr(after + 1, 2);
    if (const auto said = parse_number(month)) *year += (*said - 1.0) / kMonths;
    return true;
  });
  return year;
}

/// When a run was likely made, where nothing says: half a year after both model and device were
/// there.
[[nodiscard]] inline std::optional<double> usual_year(const catalog::Model& model,
                                                      const catalog::Gpu& gpu) {
  constexpr double kLater = 0.5;
  const double device = gpu.year > 0 ? static_cast<double>(gpu.year) : 0.0;
  const double both = std::max(year_in(model.release_date).value_or(0.0), device);
  if (both <= 0.0) return std::nullopt;
  return both + kLater;
}

}  // namespace dsplan::ingest
