// An inference deployment: what is served, in which formats, by which engine, on which layout.
#pragma once

#include <cstdint>
#include <optional>

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/engine.hpp"
#include "dsplan/catalog/format.hpp"
#include "dsplan/catalog/gpu.hpp"
#include "dsplan/catalog/model.hpp"
#include "dsplan/workload/layout.hpp"

namespace dsplan::workload {

/// The formats of the weights (dense layers and routed experts may differ) and of the KV cache.
struct Precision {
  const catalog::Format* dense = nullptr;
  const catalog::Format* experts = nullptr;
  const catalog::Format* kv = nullptr;
};

/// Stored sizes of a checkpoint's parts, where its files were read.
struct StoredWeights {
  Bytes embedding;
  Bytes head;
  Bytes experts;
  Bytes layers;
  Bytes vision;
  Bytes other;
};

/// What a user may set; nothing means the engine's own default on the device at hand.
struct EngineSettings {
  std::optional<std::int64_t> max_batched_tokens;
  std::optional<std::int64_t> max_seqs;
  std::optional<double> memory_utilization;
  std::optional<double> reserve_fraction;  ///< of the device, kept free
  std::optional<std::int64_t> gpu_layers;  ///< layers on the GPU, the rest on the host
  bool flash_attention = true;
  std::optional<std::int64_t> stream_interval;  ///< steps between two chunks that a client sees
  std::optional<std::int64_t> poll_interval;    ///< decode steps between two looks at new requests
  std::optional<std::int64_t> draft_tokens;     ///< proposed for each sequence and step
  std::optional<double> accepted_tokens;        ///< of them, in the mean
  double prefix_hit = 0.0;                      ///< share of each prompt that is in the cache
};

/// Pointers are never null and outlive the value. Counts are at least 1, output may be 0.
struct Inference {
  const catalog::Model* model = nullptr;
  double parameter_scale =
      1.0;  ///< parameters asked for over those of the shape that stands for them
  std::optional<StoredWeights> stored;
  Precision precision;
  const catalog::Engine* engine = nullptr;
  EngineSettings settings;
  Layout layout;
  std::int64_t batch = 1;         ///< concurrent sequences over all replicas
  std::int64_t input_tokens = 1;  ///< prompt of each sequence
  std::int64_t output_tokens = 0;
};

/// Tokens that a sequence holds when it ends.
[[nodiscard]] constexpr std::int64_t context_tokens(const Inference& w) {
  return w.input_tokens + w.output_tokens;
}

/// Sequences on one GPU that attends: batch / (dp x attention_dp), rounded up.
[[nodiscard]] constexpr std::int64_t sequences_per_gpu(const Inference& w) {
  const std::int64_t groups = w.layout.dp * w.layout.attention_dp;
  return (w.batch + groups - 1) / groups;
}

/// The limits that the engine applies on a device: the user's, else the engine's own by the size of
/// the device's memory.
struct StepLimits {
  std::int64_t batched_tokens = 0;  ///< tokens of one step
  std::int64_t seqs = 0;            ///< sequences of one step
};
[[nodiscard]] StepLimits step_limits(const Inference& w, const catalog::Gpu* gpu);

}  // namespace dsplan::workload
