// Versions of engines, compared by their numbers.
#pragma once

#include <string_view>
#include <vector>

namespace dsplan::catalog {

/// The numbers of a version, most significant first, less the zeros at its end: "0.11.0rc1" is
/// 0, 11, as is "0.11". Throws a usage error for a text without numbers.
[[nodiscard]] std::vector<unsigned> version_numbers(std::string_view version);

/// Does an entry from version `from` on hold for `wanted`? An empty `from` is any version, an empty
/// `wanted` the newest.
[[nodiscard]] bool holds_at(std::string_view from, std::string_view wanted);

/// Is `a` an older first version than `b`? An empty one is the oldest.
[[nodiscard]] bool version_before(std::string_view a, std::string_view b);

}  // namespace dsplan::catalog
