// The boundary of a monotone predicate over counts.
#pragma once

#include <algorithm>
#include <cstdint>

namespace dsplan::solve {

/// The largest n from 1 to `most` for which `holds` is true, given that it is true up to some n and
/// false beyond; 0 when it is false at 1. Doubles, then halves the gap.
template <typename Predicate>
std::int64_t largest(std::int64_t most, const Predicate& predicate) {
  if (most < 1 || !predicate(1)) return 0;
  std::int64_t good = 1;
  std::int64_t bad = 2;
  while (bad <= most && predicate(bad)) {
    good = bad;
    bad *= 2;
  }
  bad = std::min(bad, most + 1);
  while (bad - good > 1) {
    const std::int64_t middle = good + (bad - good) / 2;
    (predicate(middle) ? good : bad) = middle;
  }
  return good;
}

}  // namespace dsplan::solve
