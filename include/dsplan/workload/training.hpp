// A training or fine-tuning run: what trains, by which framework and optimizer, on which layout.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dsplan/catalog/format.hpp"
#include "dsplan/catalog/framework.hpp"
#include "dsplan/catalog/model.hpp"
#include "dsplan/catalog/optimizer.hpp"
#include "dsplan/workload/layout.hpp"

namespace dsplan::workload {

enum class Method { full, lora, qlora };

/// The width that matrix products run in. fp8 keeps 16-bit weights; fp32 keeps everything in 32.
enum class Compute { fp32, bf16, fp16, fp8 };

/// Recipe of products below 16 bits, for Compute::fp8: one scale a tensor, a row or a block of 32
/// numbers; or 4-bit numbers.
enum class NarrowRecipe { tensor, row, block, fp4 };

/// What the backward pass computes again: nothing, what is cheap to, or whole layers.
enum class Recompute { none, selective, full };

/// What is spread over the data-parallel ranks (each rank then holds 1 / (dp x cp) of it).
struct Sharding {
  bool weights = false;
  bool gradients = false;
  bool optimizer = false;

  friend bool operator==(const Sharding&, const Sharding&) = default;
};

/// ZeRO: stage 1 spreads the optimizer, 2 also gradients, 3 also weights (FSDP).
[[nodiscard]] constexpr Sharding zero_stage(std::int64_t stage) {
  return {stage >= 3, stage >= 2, stage >= 1};
}

/// Matrices of a layer that adapters stand beside. Experts have none.
struct LoraTargets {
  bool query = true;
  bool key = true;
  bool value = true;
  bool output = true;
  bool gate = true;
  bool up = true;
  bool down = true;

  friend bool operator==(const LoraTargets&, const LoraTargets&) = default;
};

struct Lora {
  std::int64_t rank = 16;
  LoraTargets targets;
  std::optional<std::int64_t> trainable_parameters;  ///< where known, in place of the count
  bool train_embeddings = false;                     ///< embedding and head train as copies
};

/// Kept in host memory.
struct Offload {
  bool optimizer = false;   ///< states and master weights
  bool parameters = false;  ///< weights, fetched layer by layer
};

/// Pointers are never null and outlive the value, but for `base_format`. Counts are at least 1.
/// Nothing, where optional, means the framework's usual recipe.
struct Training {
  const catalog::Model* model = nullptr;
  double parameter_scale = 1.0;  ///< parameters asked for over those of the shape
  Method method = Method::full;
  const catalog::Framework* framework = nullptr;
  const catalog::Optimizer* optimizer = nullptr;
  Compute compute = Compute::bf16;
  NarrowRecipe narrow = NarrowRecipe::tensor;
  std::optional<double> gradient_bytes;  ///< of all gradient buffers, per parameter
  std::optional<bool> master_weights;    ///< an fp32 copy beside 16-bit weights
  std::optional<Sharding> sharding;
  Layout layout;         ///< dp: data-parallel size; ep divides tp x cp x dp
  std::int64_t vpp = 1;  ///< model chunks a pipeline stage holds in turn
  std::optional<bool> sequence_parallel;
  std::int64_t micro_batch = 1;   ///< sequences that pass at once
  std::int64_t global_batch = 1;  ///< sequences of a step, over all ranks
  std::int64_t seq_len = 1;
  Recompute recompute = Recompute::none;
  std::optional<bool> flash_attention;  ///< without it, attention scores are kept
  std::optional<bool> fused_loss;       ///< cross entropy without PyTorch's intermediate copies
  std::optional<bool> optimizer_in_backward;  ///< gradients are used and dropped as they come
  Lora lora;
  const catalog::Format* base_format = nullptr;  ///< of QLoRA's base; null: NF4, 4.5 bits
  Offload offload;

  // Read by the estimate of time alone.
  std::int64_t mtp_layers = 0;         ///< multi-token-prediction layers that train along
  bool compiled = true;                ///< false: operations run one by one where a recipe fuses
  bool async_tensor_parallel = false;  ///< traffic overlaps the products that need it
  bool expert_capacity = false;        ///< experts take a fixed number of tokens, padded
};

/// Micro-batches that a data-parallel rank passes in a step, at least 1.
[[nodiscard]] constexpr std::int64_t micro_batches(const Training& t) {
  const std::int64_t at_once = t.micro_batch * t.layout.dp;
  return t.global_batch < at_once ? 1 : t.global_batch / at_once;
}

/// GPUs of the run. Experts take no GPUs of their own.
[[nodiscard]] constexpr std::int64_t gpu_count(const Training& t) {
  return t.layout.tp * t.layout.pp * t.layout.cp * t.layout.dp;
}

// What the run does: its own setting, else the framework's recipe for the method and GPUs at hand.
[[nodiscard]] Sharding sharding(const Training& t);
[[nodiscard]] Recompute recompute(const Training& t);
[[nodiscard]] bool sequence_parallel(const Training& t);
[[nodiscard]] bool flash_attention(const Training& t);
[[nodiscard]] bool fused_loss(const Training& t);
[[nodiscard]] bool optimizer_in_backward(const Training& t);

/// The highest ZeRO stage that the framework has for the layout.
[[nodiscard]] std::int64_t most_zero(const Training& t);

/// What the framework's recipe recomputes.
[[nodiscard]] Recompute usual_recompute(const catalog::Framework& framework);

/// Catalog id of the optimizer that the framework's recipe for so many GPUs takes.
[[nodiscard]] std::string_view usual_optimizer(const catalog::Framework& framework,
                                               Method method,
                                               std::int64_t gpus);

/// Why the run is impossible, in words, or empty when it is not: the global batch must divide into
/// micro-batches of all ranks, layers over stages and their chunks, heads over tp, experts over ep,
/// the sequence over cp and sequence-parallel ranks.
[[nodiscard]] std::string obstacle(const Training& t);

/// The part of `obstacle` that no framework gets around: heads over tp, experts over ep, more
/// stages than layers. Uneven stages and padded sequences pass.
[[nodiscard]] std::string hard_obstacle(const Training& t);

}  // namespace dsplan::workload
