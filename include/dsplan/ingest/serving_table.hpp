// Tables of serving runs: each line's figure, predicted as `latency` would.
#pragma once

#include <memory>
#include <string_view>

#include "dsplan/catalog/catalog.hpp"
#include "dsplan/ingest/csv_table.hpp"
#include "dsplan/plan/validation.hpp"

namespace dsplan::ingest {

/// In the column engine_version: the version that forecasts take. An empty cell is the version of
/// the time of its model.
inline constexpr std::string_view kNewestVersion = "newest";

/// Predicts the figures of one table. Lines of the same deployment share its model of a step.
class ServingTable {
 public:
  /// Both must outlive it.
  ServingTable(const catalog::Catalog& catalog, const CsvTable& table);
  ~ServingTable();
  ServingTable(ServingTable&&) noexcept;
  ServingTable& operator=(ServingTable&&) noexcept;
  ServingTable(const ServingTable&) = delete;
  ServingTable& operator=(const ServingTable&) = delete;

  /// The figure of a line, with its prediction or the reason why there is none.
  [[nodiscard]] plan::Figure figure(std::size_t row);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dsplan::ingest
