// What an inference deployment occupies on each GPU, and what the engine may use.
//
//   [M-TOTAL]   weights + KV cache + activations + runtime, on the fullest stage's GPUs
//   [M-BUDGET]  what the engine may use of the device, by its own rule:
//               device   all of it
//               total    share x device (vLLM), plus captured graphs where they are outside it
//               free     other terms + share x (device - other terms) (TensorRT-LLM)
//               reserve  device less what is kept from the pool beyond the terms that it covers
//                        (SGLang)
//               where CPU and GPU share one memory, less what the engine keeps on the host
//   [R-CONTEXT] device context and libraries; [R-COMM] buffers of collectives when GPUs share a
//   layer; [R-GRAPH]   captured graphs: fixed + per layer of the stage + more with experts
#pragma once

#include <cstdint>
#include <vector>

#include "dsplan/base/units.hpp"
#include "dsplan/estimate/kv_cache.hpp"
#include "dsplan/estimate/stage.hpp"
#include "dsplan/estimate/weights.hpp"
#include "dsplan/workload/inference.hpp"

namespace dsplan::estimate {

/// Whole bytes; the parts add up to the total.
struct RuntimeBytes {
  Bytes context;
  Bytes communication;
  Bytes graphs;
};
[[nodiscard]] constexpr Bytes total(const RuntimeBytes& r) {
  return r.context + r.communication + r.graphs;
}

/// One GPU of a stage; every figure that the total is made of.
struct GpuMemory {
  Stage stage;
  WeightBytes weights;
  KvCacheBytes kv_cache;
  Bytes activations;
  RuntimeBytes runtime;
};
[[nodiscard]] constexpr Bytes total(const GpuMemory& g) {
  return total(g.weights) + total(g.kv_cache) + g.activations + total(g.runtime);
}

/// The demand of a deployment. `stages` holds one GPU of each kind of stage; `worst` indexes the
/// fullest.
struct InferenceMemory {
  std::vector<GpuMemory> stages;
  std::size_t worst = 0;
  Bytes all_gpus;  ///< over the whole layout

  [[nodiscard]] const GpuMemory& worst_gpu() const { return stages[worst]; }
};

/// [M-TOTAL] `gpu` decides the engine's step limits and may be null. Pure; never fails.
[[nodiscard]] InferenceMemory inference_memory(const workload::Inference& w,
                                               const catalog::Gpu* gpu);

/// What one device offers.
struct Budget {
  Bytes capacity;  ///< as the runtime gets it
  Bytes usable;    ///< [M-BUDGET]
};
[[nodiscard]] Budget budget(const workload::Inference& w,
                            const GpuMemory& demand,
                            const catalog::Gpu& gpu);

/// The KV pool that an engine which preallocates makes of what is left, on the tightest stage; and
/// the tokens of all sequences that it holds there.
struct KvPool {
  Bytes size;
  std::int64_t tokens = 0;
};
[[nodiscard]] KvPool kv_pool(const workload::Inference& w,
                             const InferenceMemory& memory,
                             const catalog::Gpu& gpu);

/// Does every stage fit?
[[nodiscard]] bool fits(const workload::Inference& w,
                        const InferenceMemory& memory,
                        const catalog::Gpu& gpu);

}  // namespace dsplan::estimate
