// Which band a deployment's figures have.
#pragma once

#include <string>
#include <string_view>

#include "dsplan/catalog/catalog.hpp"
#include "dsplan/plan/prediction.hpp"
#include "dsplan/plan/serving_times.hpp"

namespace dsplan::plan {

/// What of a deployment has constants of its own.
struct Evidence {
  bool engine_measured = false;  ///< on devices of this maker
  bool device_measured = false;  ///< kernel timings
};
[[nodiscard]] Evidence evidence(const catalog::Catalog& catalog,
                                const Serving& serving,
                                const catalog::Gpu& gpu);

/// [U-BAND] The nearest row for a figure ("ttft", "tpot", "prefill", "decode", "throughput"); null
/// if the catalog has none.
[[nodiscard]] const catalog::Band* band_of(const catalog::Catalog& catalog,
                                           std::string_view figure,
                                           Arrival arrival,
                                           const Evidence& evidence);

/// Why the bands are wider than where both were measured, as one sentence; empty where they are.
[[nodiscard]] std::string why_wider(const Evidence& evidence, const Deployment& deployment);

}  // namespace dsplan::plan
