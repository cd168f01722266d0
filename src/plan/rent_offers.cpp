#include "dsplan/plan/rent_offers.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <tuple>

#include "dsplan/base/date.hpp"
#include "dsplan/base/suggest.hpp"

#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using catalog::Price;

struct TermName {
  RentTerm term;
  std::string_view name;
};
constexpr std::array kTerms{TermName{RentTerm::on_demand, "on-demand"},
                            TermName{RentTerm::spot, "spot"},
                            TermName{RentTerm::reserved_1y, "reserved-1y"},
                            TermName{RentTerm::reserved_3y, "reserved-3y"}};

/// Where a row has its prices; a price without a region has that of the on-demand one.
struct Column {
  RentTerm term;
  std::optional<double> Price::*usd_per_hour;
  std::string_view Price::*region;
};
constexpr std::array kColumns{
    Column{RentTerm::on_demand, &Price::on_demand_usd_per_hour, &Price::on_demand_region},
    Column{RentTerm::on_demand, &Price::us_east_usd_per_hour, &Price::us_east_region},
    Column{RentTerm::spot, &Price::spot_usd_per_hour, &Price::spot_region},
    Column{RentTerm::spot, &Price::spot_other_usd_per_hour, &Price::spot_other_region},
    Column{RentTerm::reserved_1y, &Price::reserved_1y_usd_per_hour, &Price::reserved_region},
    Column{RentTerm::reserved_3y, &Price::reserved_3y_usd_per_hour, &Price::reserved_region}};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return result;
}

bool is_everywhere(std::string_view region) {
  return region == "all" || region == "any" || region == "default";
}

bool in_region(std::string_view region, const std::vector<std::string>& wanted) {
  if (wanted.empty() || is_everywhere(region)) return true;
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& part) {
    return lower(region).find(lower(part)) != std::string::npos;
  });
}

void check_providers(const catalog::Catalog& catalog, const std::vector<std::string>& wanted) {
  std::vector<std::string_view> known;
  for (const Price& p : catalog.all<Price>()) known.push_back(p.provider);
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  for (const std::string& name : wanted) {
    if (std::find(known.begin(), known.end(), lower(name)) != known.end()) continue;
    std::string list;
    for (const auto provider : known) list += (list.empty() ? "" : ", ") + std::string(provider);
    refuse("no prices of the provider '" + name + "' are known",
           did_you_mean(name, known, "known are " + list + "; add others with --catalog"));
  }
}

/// A region that no price names is a slip, though prices for all regions would answer it.
void check_regions(const catalog::Catalog& catalog, const std::vector<std::string>& wanted) {
  std::vector<std::string_view> known;
  for (const Price& p : catalog.all<Price>()) {
    for (const Column& column : kColumns) {
      if (const auto region = p.*column.region; !region.empty()) known.push_back(region);
    }
  }
  for (const std::string& name : wanted) {
    const auto named = [&](std::string_view region) {
      return lower(region).find(lower(name)) != std::string::npos;
    };
    if (std::any_of(known.begin(), known.end(), named)) continue;
    refuse("no prices of the region '" + name + "' are known",
           did_you_mean(
               name, known, "a part of a name such as us-east or eu; add others with --catalog"));
  }
}

bool by_provider(const Price& price, const std::vector<std::string>& wanted) {
  return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), [&](const std::string& name) {
           return lower(name) == price.provider;
         });
}

RentOffer offer(const Price& price,
                const Column& column,
                std::int64_t instances,
                const RentFilter& filter) {
  const double hour = *(price.*column.usd_per_hour);
  RentOffer o;
  o.provider = std::string(price.provider);
  o.instance = std::string(price.instance);
  o.term = std::string(name_of(column.term));
  o.region = std::string(price.*column.region);
  const bool own_date = column.term == RentTerm::spot && !price.spot_date.empty();
  const std::string_view date = own_date ? price.spot_date : price.date;
  if (!date.empty()) o.date = std::string(date);
  o.age_days = age_days(date, filter.as_of);
  o.gpus = price.gpus;
  o.instances = instances;
  o.usd_per_gpu_hour = hour / static_cast<double>(price.gpus);
  o.usd_per_hour = hour * static_cast<double>(instances);
  o.price = &price;
  return o;
}

bool cheaper(const RentOffer& a, const RentOffer& b) {
  return std::tie(a.usd_per_hour, a.provider, a.instance, a.region) <
         std::tie(b.usd_per_hour, b.provider, b.instance, b.region);
}

}  // namespace

std::string_view name_of(RentTerm term) {
  const auto found =
      std::find_if(kTerms.begin(), kTerms.end(), [&](const TermName& t) { return t.term == term; });
  return found->name;
}

std::optional<RentTerm> rent_term(std::string_view word) {
  for (const TermName& t : kTerms) {
    if (t.name == word) return t.term;
  }
  return std::nullopt;
}

std::optional<std::int64_t> age_days(std::string_view date, std::optional<std::int64_t> as_of) {
  const auto published = parse_date(date);
  if (!published || !as_of) return std::nullopt;
  return *as_of - *published;
}

std::vector<RentOffer> rent_offers(const catalog::Catalog& catalog,
                                   const catalog::Gpu& gpu,
                                   const estimate::RentNeed& need,
                                   const RentFilter& filter) {
  check_providers(catalog, filter.providers);
  check_regions(catalog, filter.regions);
  std::vector<RentOffer> offers;
  for (const Price& price : catalog.all<Price>()) {
    if (price.gpu != gpu.id || !by_provider(price, filter.providers)) continue;
    const std::int64_t instances = estimate::instances(need, price.gpus);
    if (instances == 0) continue;
    const std::size_t before = offers.size();
    for (const Column& column : kColumns) {
      if (column.term != filter.term || !(price.*column.usd_per_hour)) continue;
      if (!in_region(price.*column.region, filter.regions)) continue;
      const RentOffer found = offer(price, column, instances, filter);
      // One price in two regions is one offer.
      const bool known = offers.size() > before && offers.back().usd_per_hour == found.usd_per_hour;
      if (!known) offers.push_back(found);
    }
  }
  std::sort(offers.begin(), offers.end(), &cheaper);
  return offers;
}

void warn_of_age(Notes& notes,
                 const RentFilter& filter,
                 const std::string& what,
                 const std::optional<std::string>& date,
                 const std::optional<std::int64_t>& age) {
  if (!filter.as_of) return;
  constexpr std::size_t kWholeDate = 10;  // a year or a month counts from its first day
  const bool is_whole = date && date->size() == kWholeDate;
  if (!date) {
    warn(notes, "price-undated", what + " has no date: it may be of any age");
  } else if (age.value_or(0) > kStaleDays) {
    warn(notes,
         "price-old",
         what + " is of " + *date + (is_whole ? ", " : ", up to ") + text(*age) +
             " days before --as-of: more than " + text(kStaleDays));
  } else if (age && *age < 0) {
    warn(notes, "price-later", what + " is of " + *date + ": later than --as-of");
  }
}

std::string place_of(const RentOffer& o) {
  return o.provider + " " + o.instance + " in " + o.region +
         (o.date ? " on " + *o.date : ", undated");
}

}  // namespace dsplan::plan
