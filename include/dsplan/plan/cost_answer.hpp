// The answer to "what does it cost, rented or bought?", for inference and for training.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dsplan/base/note.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/estimate/cost.hpp"
#include "dsplan/plan/deployment.hpp"
#include "dsplan/plan/latency_answer.hpp"
#include "dsplan/plan/prediction.hpp"
#include "dsplan/plan/rent_offers.hpp"
#include "dsplan/plan/training_deployment.hpp"
#include "dsplan/plan/training_speed.hpp"

namespace dsplan::plan {

/// What a user may say of prices; an absent value takes the default, which the answer states.
struct CostRequest {
  RentFilter rent;
  std::optional<double> duty;         ///< share of the hours in use
  std::optional<double> load_factor;  ///< share of the throughput asked for meanwhile
  std::optional<double> usd_per_kwh;
  std::optional<double> pue;
  std::optional<Seconds> amortization;
  std::optional<double> rack_usd_per_month;  ///< of all machines
  std::optional<double> staff_usd_per_month;
  std::optional<double> gpu_usd;     ///< of one device, in place of the catalog's
  std::optional<double> server_usd;  ///< of one machine without its devices
};

/// Units of what is bought with the money; absent: the workload has none, or no price is known.
struct UnitCosts {
  std::optional<Predicted> query;
  std::optional<Predicted> million_output;  ///< the whole bill over the tokens generated
  std::optional<Predicted> million_input;   ///< the whole bill over the tokens read
  std::optional<Predicted> million;         ///< the whole bill over both, or over tokens trained on
};

/// [X-SPLIT] Prices of a token read and of one generated that add up to the bill.
struct SplitCosts {
  double prompt_share = 0.0;  ///< of the engine's time
  Predicted million_input;
  Predicted million_output;
};

/// [X-OWN] The parts add up to the total, over `years`.
struct OwnedCosts {
  double years = 0.0;
  std::optional<double> devices;
  std::optional<double> servers;
  std::optional<double> energy;
  double rack = 0.0;
  double staff = 0.0;
  std::optional<double> total;
  std::optional<double> per_year;
  std::optional<double> per_month;
  std::optional<double> per_hour;
  std::optional<double> energy_kwh;
  UnitCosts units;
  std::optional<Predicted> training_run;
};

/// The list price that buying stands on.
struct DevicePrice {
  double usd = 0.0;
  std::string kind;  ///< whose price it is: "list at launch", "said"
  std::optional<std::string> date;
  std::optional<std::int64_t> age_days;
};

/// US dollars. Rented at the cheapest offer.
struct CostAnswer {
  std::optional<double> usd_per_hour;
  std::optional<double> usd_per_month;
  UnitCosts units;
  std::optional<SplitCosts> split;
  std::optional<Predicted> training_run;
  std::optional<double> capex_usd;
  OwnedCosts tco;
  std::optional<Predicted> break_even_s;
  std::optional<DevicePrice> device_price;
  std::optional<double> power_w;  ///< of all machines at the wall
  std::int64_t gpus = 1;
  std::int64_t machines = 1;
  bool fits = true;  ///< in memory
  std::vector<RentOffer> offers;
  Notes notes;
};

/// Rents, purchase and running costs of a deployment at its load. Throws usage errors: no device, a
/// device without rates, an unknown provider.
[[nodiscard]] CostAnswer cost_answer(const catalog::Catalog& catalog,
                                     const Deployment& deployment,
                                     const LatencyAnswer& latency,
                                     const CostRequest& request);
[[nodiscard]] CostAnswer cost_answer(const catalog::Catalog& catalog,
                                     const TrainingDeployment& deployment,
                                     const TrainingSpeedAnswer& speed,
                                     const CostRequest& request);

/// Of devices without a model: no unit has a cost.
[[nodiscard]] CostAnswer cost_answer(const catalog::Catalog& catalog,
                                     const catalog::Gpu& gpu,
                                     std::int64_t gpus,
                                     std::int64_t node_gpus,
                                     const CostRequest& request);

/// What a rate costs a unit: the band of the rate, turned round.
[[nodiscard]] Predicted unit_cost(double usd_per_hour,
                                  const Predicted& units_per_s,
                                  double load_factor,
                                  double units = 1.0);

}  // namespace dsplan::plan
