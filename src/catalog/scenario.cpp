#include "dsplan/catalog/scenario.hpp"

#include <algorithm>
#include <array>

namespace dsplan::catalog {
namespace {

using S = Scenario;

constexpr std::array<std::string_view, 3> kWorkloads{"inference", "training", "lora"};
constexpr std::array<std::string_view, 4> kObjectives{"cost", "latency", "throughput", "energy"};
constexpr std::array<std::string_view, 4> kStatistics{"mean", "p50", "p90", "p99"};

constexpr std::array kFields{
    Field<S>{"id", "catalog id", &S::id, true},
    Field<S>{"name", "in words", &S::name, true},
    Field<S>{"aliases", "other names", &S::aliases},
    Field<S>{"workload", "inference, training or lora", &S::workload, true, kWorkloads},
    Field<S>{"objective", "what deployments are ranked by", &S::objective, true, kObjectives},
    Field<S>{"gpus", "devices allowed; empty: any", &S::gpus},
    Field<S>{"device_classes", "classes of devices allowed; empty: any", &S::device_classes},
    Field<S>{"vendors", "makers allowed; empty: any", &S::vendors},
    Field<S>{"unified_memory",
             "machines of unified memory count, whatever their class",
             &S::unified_memory},
    Field<S>{"engines", "engines tried", &S::engines},
    Field<S>{
        "precisions", "formats of the weights tried beside the checkpoint's own", &S::precisions},
    Field<S>{"kv_precisions",
             "formats of the KV cache tried beside the engine's usual one",
             &S::kv_precisions},
    Field<S>{"quantized", "weights of 16 bits and more are left out", &S::quantized},
    Field<S>{"mig", "slices of devices count too", &S::mig},
    Field<S>{"most_gpus", "devices of one deployment, most; 0: the default", &S::most_gpus},
    Field<S>{"fewest_gpus", "devices of one deployment, fewest", &S::fewest_gpus},
    Field<S>{"concurrency", "requests at a time; 0: as many as the limits allow", &S::concurrency},
    Field<S>{"input_tokens", "prompt of a request", &S::input_tokens, true},
    Field<S>{"output_tokens", "answer of a request", &S::output_tokens, true},
    Field<S>{"spare_copies",
             "copies of the model that may fail while the limits hold (N+1: 1)",
             &S::spare_copies},
    Field<S>{"models", "training: listed by device where no model is named", &S::models},
    Field<S>{"global_batch", "training: sequences of a step", &S::global_batch},
    Field<S>{"training_tokens", "training: tokens of a run", &S::training_tokens},
    Field<S>{"ttft_s", "time to the first token, most", &S::ttft_s},
    Field<S>{"tpot_s", "time of each further token, most", &S::tpot_s},
    Field<S>{"latency_s", "time of a whole request, most", &S::latency_s},
    Field<S>{
        "limits_at", "what of the requests the limits bound", &S::limits_at, true, kStatistics},
    Field<S>{"device_power_w", "power of one device, most", &S::device_power_w},
    Field<S>{"device_usd", "price of one device, most", &S::device_usd},
    Field<S>{"usd_per_month", "rent, most", &S::usd_per_month},
    Field<S>{"capex_usd", "purchase, most", &S::capex_usd},
    Field<S>{"traps", "what people get wrong about it", &S::traps},
    Field<S>{"sources", "where the thresholds come from", &S::sources, true},
};

bool holds(TextList list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool within(const std::optional<double>& most, const std::optional<double>& value) {
  return !most || (value && *value <= *most);
}

}  // namespace

template <>
std::span<const Field<Scenario>> fields_of<Scenario>() {
  return kFields;
}
template <>
KindName kind_of<Scenario>() {
  return {"scenario", "scenarios"};
}

bool allows(const Scenario& s, const Gpu& gpu) {
  const bool by_class = s.device_classes.empty() || holds(s.device_classes, gpu.device_class) ||
                        (s.unified_memory && gpu.unified_memory);
  const bool by_name = s.gpus.empty() || holds(s.gpus, gpu.id);
  const bool by_vendor = s.vendors.empty() || holds(s.vendors, gpu.vendor);
  return by_class && by_name && by_vendor && within(s.device_power_w, gpu.power_w) &&
         within(s.device_usd, gpu.price_usd);
}

}  // namespace dsplan::catalog
