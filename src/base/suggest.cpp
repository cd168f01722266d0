#include "dsplan/base/suggest.hpp"

#include <algorithm>
#include <cctype>
#include <limits>
#include <vector>

namespace dsplan {
namespace {

constexpr std::size_t kLeastPrefix = 4;  // letters that make an abbreviation

std::string folded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) result.push_back(static_cast<char>(std::tolower(byte)));
  }
  return result;
}

/// Optimal string alignment distance (Damerau-Levenshtein without repeated edits of one place).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string wanted = folded(word);
  const std::size_t allowed = std::max<std::size_t>(1, wanted.size() / 3);
  std::string_view best;
  std::size_t best_distance = std::numeric_limits<std::size_t>::max();
  for (const std::string_view candidate : candidates) {
    const std::string known = folded(candidate);
    const bool begins = wanted.size() >= kLeastPrefix && known.starts_with(wanted);
    const std::size_t edits = distance(wanted, known);
    const std::size_t d = begins ? std::min<std::size_t>(1, edits) : edits;
    if (d <= allowed && d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word,
                         std::span<const std::string_view> candidates,
                         std::string_view otherwise) {
  const std::string_view best = nearest(word, candidates);
  if (best.empty()) return std::string(otherwise);
  return "did you mean '" + std::string(best) + "'?";
}

}  // namespace dsplan
