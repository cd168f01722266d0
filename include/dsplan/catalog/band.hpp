// How far measured figures of a kind lie from predicted ones, as data.
#pragma once

#include <span>

#include "dsplan/catalog/field.hpp"

namespace dsplan::catalog {

/// [U-BAND] The 10 % and 90 % points of measured over predicted, on public rows of one kind that no
/// constant was fitted to. Ratios are of the figure as it is named: of seconds for times, of tokens
/// a second for rates.
struct Band {
  std::string_view id{};
  std::string_view figure{};     ///< ttft, tpot, prefill, e2e (seconds), decode, throughput (rates)
  std::string_view arrival{};    ///< how requests arrive; empty: any way
  bool engine_measured = false;  ///< the engine has constants of its own on these devices
  bool device_measured = false;  ///< the device has kernel timings of its own
  double low = 0.0;
  double high = 0.0;
  std::int64_t figures = 0;  ///< measured ones behind it; 0: an estimate
  TextList sources{};
};

template <>
std::span<const Field<Band>> fields_of<Band>();
template <>
KindName kind_of<Band>();

/// What a band is looked up by.
struct BandKind {
  std::string_view figure{};
  std::string_view arrival{};
  bool engine_measured = false;
  bool device_measured = false;
};

/// The row nearest to the kind: its figure before any, then its arrival before any, then as much of
/// it measured. A row of measured engines or devices never stands for others. Null if none serves.
[[nodiscard]] const Band* find_band(std::span<const Band> rows, const BandKind& kind);

}  // namespace dsplan::catalog
