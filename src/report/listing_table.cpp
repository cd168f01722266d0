#include "listing_table.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "figures.hpp"
#include "time_tables.hpp"

namespace dsplan::report {
namespace {

using plan::ListedDevice;
using plan::RecommendAnswer;
using plan::Recommended;

constexpr std::size_t kFewDevices = 8;  ///< that are all shown, with several models each
constexpr std::int64_t kModelsOfFew = 4;
constexpr std::int64_t kModelsOfMany = 2;
constexpr std::size_t kMostDevices = 24;

/// A device with where its deployments begin.
struct Row {
  const ListedDevice* device = nullptr;
  std::size_t first = 0;
};

std::vector<Row> rows_of(const RecommendAnswer& a) {
  std::vector<Row> rows;
  std::size_t first = 0;
  for (const ListedDevice& d : a.devices) {
    rows.push_back({&d, first});
    first += static_cast<std::size_t>(d.models);
  }
  const auto price = [](const Row& r) { return r.device->usd_per_hour.value_or(1e12); };
  std::stable_sort(
      rows.begin(), rows.end(), [&](const Row& x, const Row& y) { return price(x) < price(y); });
  return rows;
}

/// One of each kind and size, the cheapest.
void keep_kinds(std::vector<Row>& rows) {
  std::set<std::tuple<std::string_view, double, std::optional<std::string>>> known;
  std::erase_if(rows, [&](const Row& r) {
    return !known.insert({r.device->kind, r.device->memory_gb, r.device->mig}).second;
  });
  if (rows.size() > kMostDevices) rows.resize(kMostDevices);
}

struct Columns {
  bool several = false;  ///< some need more than one GPU
  bool priced = false;
};

std::vector<std::string> cells(const Columns& columns, const Row& row, const Recommended& d) {
  const ListedDevice& device = *row.device;
  const bool first = d.rank == 1;
  const std::string name = device.mig ? *device.mig + " of " + device.gpu : device.gpu;
  std::vector<std::string> line{
      first ? name : "",
      first ? fmt::format("{}{}", device.models, device.more ? "+" : "") : "",
      d.model,
      d.precision};
  if (columns.several) line.push_back(fmt::format("{}", d.gpus));
  const auto& p = d.performance;
  line.push_back(short_time(p.ttft_s.value));
  line.push_back(p.tpot_s ? short_rate(1.0 / p.tpot_s->value) : "-");
  if (columns.priced)
    line.push_back(d.cost.usd_per_hour ? fmt::format("${:.2f}", *d.cost.usd_per_hour) : "unknown");
  return line;
}

Grid empty_grid(const Columns& columns) {
  Grid grid{{"device", "models", "largest that run", "format"}, {false, true, false, false}, {}};
  const auto column = [&](const char* name) {
    grid.header.emplace_back(name);
    grid.right.push_back(true);
  };
  if (columns.several) column("GPUs");
  column("TTFT");
  column("tokens/s");
  if (columns.priced) column("$/h");
  return grid;
}

}  // namespace

void add_listing(Document& document, const RecommendAnswer& a) {
  std::vector<Row> rows = rows_of(a);
  const std::size_t all = rows.size();
  const bool few = all <= kFewDevices;
  if (!few) keep_kinds(rows);
  const Columns columns{
      std::any_of(
          a.deployments.begin(), a.deployments.end(), [](const auto& d) { return d.gpus > 1; }),
      std::any_of(a.deployments.begin(), a.deployments.end(), [](const auto& d) {
        return d.cost.usd_per_hour.has_value();
      })};
  Grid grid = empty_grid(columns);
  for (const Row& row : rows) {
    const std::int64_t shown = std::min(row.device->models, few ? kModelsOfFew : kModelsOfMany);
    for (std::int64_t i = 0; i < shown; ++i)
      grid.rows.push_back(
          cells(columns, row, a.deployments[row.first + static_cast<std::size_t>(i)]));
  }
  document.emplace_back(std::move(grid));
  if (rows.size() < all)
    document.emplace_back(Text{
        fmt::format("{} of {} kinds of devices: one of each make and size, the cheapest first. "
                    "--gpu NAME shows one with more models, -o json has all.",
                    rows.size(),
                    all),
        Tone::faint});
}

}  // namespace dsplan::report
