#include "dsplan/catalog/kernel.hpp"

#include <array>

namespace dsplan::catalog {
namespace {

using K = Kernel;

constexpr std::array<std::string_view, 8> kOperations{"gemm",
                                                      "experts",
                                                      "decode_attention",
                                                      "prefill_attention",
                                                      "all_reduce",
                                                      "all_to_all",
                                                      "all_gather",
                                                      "reduce_scatter"};

constexpr std::array<std::string_view, 4> kRates{"bf16", "fp8", "fp4", "int8"};

constexpr std::array kFields{
    Field<K>{"id", "catalog id", &K::id, true},
    Field<K>{"gpu", "the device measured", &K::gpu},
    Field<K>{"architecture", "or compute capability it stands for", &K::architecture},
    Field<K>{"device_class", "narrows the architecture", &K::device_class},
    Field<K>{"engine", "whose kernels, or a communication library", &K::engine},
    Field<K>{"version", "of the engine as measured", &K::version},
    Field<K>{"operation", "what is computed or sent", &K::operation, true, kOperations},
    Field<K>{"format", "of the weights, or of the KV cache for attention", &K::format},
    Field<K>{"computes_in", "format of the dense rate", &K::computes_in, false, kRates},
    Field<K>{"gpus", "that take part in a collective", &K::gpus},
    Field<K>{"start_us", "of the smallest call", &K::start_us},
    Field<K>{"memory_efficiency", "of the bandwidth", &K::memory_efficiency},
    Field<K>{"compute_efficiency", "of the dense rate", &K::compute_efficiency},
    Field<K>{"sharpness", "p: 1 adds both times, more takes the longer", &K::sharpness},
    Field<K>{"us_per_sequence_head", "decode: per sequence and KV head", &K::us_per_sequence_head},
    Field<K>{"chunk_overhead_tokens",
             "prefill: work of every prompt token, as tokens attended",
             &K::chunk_overhead_tokens},
    Field<K>{"gb_per_s", "bytes of a collective's message over time", &K::gb_per_s},
    Field<K>{"median_error_percent", "of the fit over its timings", &K::median_error_percent},
    Field<K>{"sources", "where the figures come from", &K::sources, true},
};

/// How near a row without a device is to `gpu`: 0 and up, or below 0 where it is of other devices.
int class_nearness(const Kernel& row, const Gpu& gpu) {
  const bool narrowed = !row.device_class.empty();
  if (narrowed && row.device_class != gpu.device_class) return -1;
  if (row.architecture.empty()) return narrowed ? 1 : 0;
  if (row.architecture == gpu.compute_capability) return narrowed ? 5 : 4;
  if (row.architecture == gpu.architecture) return narrowed ? 3 : 2;
  return -1;
}

constexpr int kOwnDevice = 6;
constexpr int kOwnEngineToo = 7;

int nearness(const Kernel& row, const Gpu& gpu, std::string_view engine) {
  const bool fits_engine = row.engine.empty() || row.engine == engine;
  if (row.gpu.empty()) return fits_engine ? class_nearness(row, gpu) : -1;
  if (row.gpu != gpu.id) return -1;
  return fits_engine ? kOwnEngineToo : kOwnDevice;
}

}  // namespace

template <>
std::span<const Field<Kernel>> fields_of<Kernel>() {
  return kFields;
}
template <>
KindName kind_of<Kernel>() {
  return {"kernel", "kernels"};
}

bool is_collective(const Kernel& kernel) {
  return kernel.operation.starts_with("all_") || kernel.operation == "reduce_scatter";
}

const Kernel* find_class_kernel(std::span<const Kernel> rows,
                                const Gpu& gpu,
                                std::string_view engine,
                                std::string_view operation,
                                std::string_view format) {
  Gpu alike = gpu;
  alike.id = {};
  return find_kernel(rows, alike, engine, operation, format);
}

const Kernel* find_kernel(std::span<const Kernel> rows,
                          const Gpu& gpu,
                          std::string_view engine,
                          std::string_view operation,
                          std::string_view format,
                          std::int64_t gpus) {
  const Kernel* best = nullptr;
  int best_nearness = -1;
  for (const Kernel& row : rows) {
    if (row.gpus != gpus || row.operation != operation || row.format != format) continue;
    const int near = nearness(row, gpu, engine);
    if (near > best_nearness) {
      best = &row;
      best_nearness = near;
    }
  }
  return best;
}

}  // namespace dsplan::catalog
