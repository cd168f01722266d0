// A few constants fitted to a user's own runs, and the catalog overlay that holds them.
//
//   [C-FIT] of each entry that times the runs, kernel_factor and step_ms (one stream: time = c +
//           bytes / (efficiency x bandwidth)), of a training framework time_factor: least squares
//           of log(measured / predicted), each residual beyond 20 % weighted down (Huber),
//           Gauss-Newton steps with numerical slopes. Runs that all look alike fix one constant,
//           not two.
//
// Source: docs/formulas.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dsplan/catalog/catalog.hpp"
#include "dsplan/ingest/csv_table.hpp"

namespace dsplan::ingest {

struct FittedConstant {
  std::string entry;  ///< id of the stack or framework
  std::string key;    ///< its field
  double before = 0.0;
  double after = 0.0;
  std::int64_t runs = 0;  ///< figures behind it
};

struct Calibration {
  std::string table;  ///< which kind was recognised
  std::vector<FittedConstant> constants;
  std::int64_t figures = 0;
  std::int64_t skipped = 0;
  std::optional<double> error_before;  ///< median absolute error over measured
  std::optional<double> error_after;
  std::string overlay;  ///< YAML for --catalog
};

/// [C-FIT] A table without a column engine_version is of the newest; an empty cell is what
/// `validate` takes it for. Leaves `catalog` with the fitted constants. Throws an input error for a
/// table that is neither of serving nor of training speed, or without a figure that can be
/// predicted.
[[nodiscard]] Calibration calibrate(catalog::Catalog& catalog,
                                    const CsvTable& runs,
                                    const std::string& file);

}  // namespace dsplan::ingest
