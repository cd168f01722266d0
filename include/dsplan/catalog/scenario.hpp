// A named set of constraints that `recommend` starts from; flags override each of them.
#pragma once

#include "dsplan/catalog/field.hpp"
#include "dsplan/catalog/gpu.hpp"

namespace dsplan::catalog {

/// What a kind of use asks for. An absent limit does not limit; an empty list allows all.
struct Scenario {
  std::string_view id{};
  std::string_view name{};
  TextList aliases{};
  std::string_view workload{};   ///< inference, training or lora
  std::string_view objective{};  ///< cost, latency, throughput or energy

  // Devices and software.
  TextList gpus{};
  TextList device_classes{};
  TextList vendors{};
  bool unified_memory = false;  ///< machines of unified memory count, whatever their class
  TextList engines{};
  TextList precisions{};       ///< tried beside the checkpoint's own
  TextList kv_precisions{};    ///< tried beside the engine's usual one
  bool quantized = false;      ///< weights of 16 bits and more are left out
  bool mig = false;            ///< slices of devices count too
  std::int64_t most_gpus = 0;  ///< 0: the default
  std::int64_t fewest_gpus = 0;

  // Load.
  std::int64_t concurrency = 0;  ///< 0: as much as the limits allow
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t spare_copies = 0;  ///< copies that may fail while the limits still hold

  // Training.
  TextList models{};              ///< listed by device where no model is named
  std::int64_t global_batch = 0;  ///< sequences of a step; 0: as many as GPUs
  double training_tokens = 0.0;   ///< of a run; 0: not known

  // Limits.
  std::optional<double> ttft_s{};
  std::optional<double> tpot_s{};
  std::optional<double> latency_s{};
  std::string_view limits_at{};  ///< mean, p50, p90, p99: of which the limits are
  std::optional<double> device_power_w{};
  std::optional<double> device_usd{};
  std::optional<double> usd_per_month{};
  std::optional<double> capex_usd{};

  TextList traps{};
  TextList sources{};
};

template <>
std::span<const Field<Scenario>> fields_of<Scenario>();
template <>
KindName kind_of<Scenario>();

/// Does the scenario allow the device?
[[nodiscard]] bool allows(const Scenario& scenario, const Gpu& gpu);

}  // namespace dsplan::catalog
