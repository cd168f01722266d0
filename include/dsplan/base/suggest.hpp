// "Did you mean": the nearest known word to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dsplan {

/// The candidate with the fewest edits (insert, delete, replace, swap of neighbours; case and
/// punctuation count less) from `word`, or empty when none is within a third of its length. A
/// word that begins a candidate is one edit from it.
/// The first of equals wins.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> candidates);

/// "did you mean 'x'?" for the nearest candidate, else `otherwise`.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> candidates,
                                       std::string_view otherwise = {});

}  // namespace dsplan
