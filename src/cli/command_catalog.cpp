#include <array>

#include "dsplan/base/error.hpp"
#include "dsplan/base/suggest.hpp"
#include "dsplan/report/catalog_report.hpp"

#include "command.hpp"

namespace dsplan::cli {
namespace {

void list_kind(report::Answer& answer, const CommandContext& context) {
  const auto& words = context.positionals;
  if (words.size() < 2) {
    std::string kinds;
    for (const auto kind : report::catalog_kinds())
      kinds += (kinds.empty() ? "" : ", ") + std::string(kind);
    throw Error(ErrorCode::usage, "`catalog list` needs a kind", "one of " + kinds);
  }
  if (words.size() > 2) {
    throw Error(ErrorCode::usage,
                "`catalog list` does not take '" + words[2] + "'",
                "`dsplan catalog show " + words[1] + " " + words[2] + "` shows one entry");
  }
  report::report_catalog_list(answer, context.catalog, words[1]);
}

void show_entry(report::Answer& answer, const CommandContext& context) {
  const auto& words = context.positionals;
  if (words.size() < 2)
    throw Error(
        ErrorCode::usage, "`catalog show` needs an entry", "for example: dsplan catalog show a100");
  const bool with_kind = words.size() > 2;
  report::report_catalog_entry(
      answer, context.catalog, with_kind ? words[1] : "", with_kind ? words[2] : words[1]);
}

}  // namespace

report::Answer run_catalog(const CommandContext& context) {
  constexpr std::array<std::string_view, 2> kActions{"list", "show"};
  const auto& words = context.positionals;
  report::Answer answer;
  for (std::size_t i = 0; i < words.size(); ++i) {
    constexpr std::array kNames{"action", "kind", "id"};
    answer.inputs.push_back({kNames[i], words[i], Origin::flag, ""});
  }
  if (!words.empty() && words[0] == kActions[0]) {
    list_kind(answer, context);
  } else if (!words.empty() && words[0] == kActions[1]) {
    show_entry(answer, context);
  } else {
    const std::string word = words.empty() ? "" : words[0];
    throw Error(
        ErrorCode::usage,
        word.empty() ? "`catalog` needs an action" : "`catalog` does not know '" + word + "'",
        did_you_mean(word, kActions, "list KIND, or show [KIND] ID"));
  }
  return answer;
}

}  // namespace dsplan::cli
