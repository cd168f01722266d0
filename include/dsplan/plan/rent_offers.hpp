// Who rents out what a plan needs, and at what price.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dsplan/base/note.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/estimate/cost.hpp"

namespace dsplan::plan {

enum class RentTerm { on_demand, spot, reserved_1y, reserved_3y };

[[nodiscard]] std::string_view name_of(RentTerm term);
[[nodiscard]] std::optional<RentTerm> rent_term(std::string_view word);

/// Days after which the price of a list may have changed.
inline constexpr std::int64_t kStaleDays = 90;

struct RentFilter {
  std::vector<std::string> providers;  ///< empty: any
  std::vector<std::string> regions;    ///< parts of names; empty: any
  RentTerm term = RentTerm::on_demand;
  std::optional<std::int64_t> as_of;  ///< days since 1970
};

/// [X-INSTANCES, X-RENT] One price of one instance type, for as many of it as the plan needs.
struct RentOffer {
  std::string provider;
  std::string instance;
  std::string term;
  std::string region;
  std::optional<std::string> date;  ///< of the price list; absent: not published
  std::optional<std::int64_t> age_days;
  std::int64_t gpus = 1;  ///< of an instance
  std::int64_t instances = 1;
  double usd_per_gpu_hour = 0.0;  ///< of an instance's GPUs, used or not
  double usd_per_hour = 0.0;      ///< of all instances
  const catalog::Price* price = nullptr;
};

/// Cheapest first. Empty: nobody in the catalog rents it out so. Throws a usage error for a
/// provider or region that the catalog does not have.
[[nodiscard]] std::vector<RentOffer> rent_offers(const catalog::Catalog& catalog,
                                                 const catalog::Gpu& gpu,
                                                 const estimate::RentNeed& need,
                                                 const RentFilter& filter);

/// Days from a published date to `as_of`; nothing without either.
[[nodiscard]] std::optional<std::int64_t> age_days(std::string_view date,
                                                   std::optional<std::int64_t> as_of);

/// "verda 8H100.80S.176V in FIN-01, undated".
[[nodiscard]] std::string place_of(const RentOffer& offer);

/// Warns of a price that is old, later or undated at the day asked for; of none without a day.
void warn_of_age(Notes& notes,
                 const RentFilter& filter,
                 const std::string& what,
                 const std::optional<std::string>& date,
                 const std::optional<std::int64_t>& age_days);

}  // namespace dsplan::plan
