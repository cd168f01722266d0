#include "dsplan/catalog/band.hpp"

#include <array>

namespace dsplan::catalog {
namespace {

using B = Band;

constexpr std::array<std::string_view, 6> kFigures{
    "ttft", "tpot", "prefill", "e2e", "decode", "throughput"};
constexpr std::array<std::string_view, 5> kArrivals{
    "single", "static", "all_at_once", "steady", "closed"};

constexpr std::array kFields{
    Field<B>{"id", "catalog id", &B::id, true},
    Field<B>{"figure", "what was compared; empty: any figure", &B::figure, false, kFigures},
    Field<B>{"arrival", "how requests arrived; empty: any way", &B::arrival, false, kArrivals},
    Field<B>{"engine_measured", "of engines with constants of their own", &B::engine_measured},
    Field<B>{"device_measured", "of devices with kernel timings of their own", &B::device_measured},
    Field<B>{"low", "10 % point of measured over predicted", &B::low, true},
    Field<B>{"high", "90 % point of measured over predicted", &B::high, true},
    Field<B>{"figures", "measured figures behind it; 0: an estimate", &B::figures},
    Field<B>{"sources", "where the figures come from", &B::sources, true},
};

/// How near a row is to a kind; negative: it does not serve.
int nearness(const Band& row, const BandKind& kind) {
  if (!row.figure.empty() && row.figure != kind.figure) return -1;
  if (!row.arrival.empty() && row.arrival != kind.arrival) return -1;
  if (row.engine_measured && !kind.engine_measured) return -1;
  if (row.device_measured && !kind.device_measured) return -1;
  return (row.figure.empty() ? 0 : 8) + (row.arrival.empty() ? 0 : 4) +
         (row.engine_measured ? 2 : 0) + (row.device_measured ? 1 : 0);
}

}  // namespace

template <>
std::span<const Field<Band>> fields_of<Band>() {
  return kFields;
}
template <>
KindName kind_of<Band>() {
  return {"band", "bands"};
}

const Band* find_band(std::span<const Band> rows, const BandKind& kind) {
  const Band* best = nullptr;
  int nearest = -1;
  for (const Band& row : rows) {
    const int near = nearness(row, kind);
    if (near <= nearest) continue;
    nearest = near;
    best = &row;
  }
  return best;
}

}  // namespace dsplan::catalog
