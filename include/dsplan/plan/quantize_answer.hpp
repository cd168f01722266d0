// The answer to "in which format?": those that an engine serves on a device, side by side.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dsplan/base/note.hpp"
#include "dsplan/base/units.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/plan/deployment.hpp"
#include "dsplan/plan/prediction.hpp"
#include "dsplan/plan/rent_offers.hpp"

namespace dsplan::plan {

/// A published loss against 16 bits.
struct PublishedCost {
  std::string model;
  std::string metric;
  double cost = 0.0;
};

/// The deployment with its weights in one format. Times are absent where it does not fit, and with
/// bytes of a GPU and the number of GPUs where no device is named.
struct FormatChoice {
  std::string format;
  std::string name;
  std::string kv_format;
  double bits_per_weight = 0.0;
  Bytes weights;  ///< of all GPUs
  workload::Layout layout;
  Bytes total_per_gpu;
  std::optional<bool> fits;
  std::optional<double> headroom_fraction;
  std::optional<std::int64_t> gpus_for_memory;  ///< the fewest that hold it
  std::optional<std::int64_t> max_batch;
  std::optional<Predicted> ttft_s;
  std::optional<Predicted> tpot_s;
  std::optional<Predicted> output_tokens_per_s;
  std::optional<Predicted> usd_per_million_output_tokens;  ///< rented, at the cheapest offer
  std::optional<std::string> support;                      ///< native, weight-only or emulated
  std::optional<std::string> multiplies_in;
  std::optional<bool> own_format;  ///< the checkpoint is published in it
  std::vector<PublishedCost> accuracy_costs;
};

/// A format that was left out, and why.
struct FormatRefused {
  std::string format;
  std::string reason;
};

struct QuantizeAnswer {
  std::vector<FormatChoice> formats;  ///< fewest bytes first
  std::vector<FormatRefused> refused;
  std::optional<RentOffer> rent;  ///< of the first format with a price
  std::vector<Warning> warnings;
};

/// `request` with each format of the catalog in place of its precision; each row is what `memory`
/// and `latency` say with --precision.
[[nodiscard]] QuantizeAnswer quantize_answer(const catalog::Catalog& catalog,
                                             const DeploymentRequest& request,
                                             const RentFilter& rent = {});

}  // namespace dsplan::plan
