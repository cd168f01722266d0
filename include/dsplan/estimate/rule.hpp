// The sizing guides' arithmetic, kept because people check by it. Each function says what it leaves
// out in `rule_leaves_out`.
//
//   [G-MEMORY]  P bytes + 2.5 P bytes batch + 1.5 P bytes
//   [G-FLOPS]   2 P L B
//   [G-LATENCY] 2 P L B / (rate x 0.8)
//   [G-BATCH]   memory use above 0.9: half the batch, at least 1; below 0.3: double, at most 32
//
// Source: the guides behind the project (docs/formulas.md, "The guides' rule").
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/format.hpp"
#include "dsplan/catalog/gpu.hpp"

namespace dsplan::estimate {

struct RuleMemory {
  Bytes weights;
  Bytes activations;
  Bytes optimizer;
};
[[nodiscard]] constexpr Bytes total(const RuleMemory& m) {
  return m.weights + m.activations + m.optimizer;
}

/// Bytes of a parameter by the format's nominal width: fp32 4, bf16 and fp16 2, int8 1, int4 0.5.
[[nodiscard]] constexpr double rule_bytes_per_parameter(const catalog::Format& format) {
  return format.weight_bits / 8.0;
}

/// [G-MEMORY] For all GPUs together.
[[nodiscard]] RuleMemory rule_memory(double parameters,
                                     const catalog::Format& format,
                                     std::int64_t batch);

/// [G-FLOPS] Of one forward pass over `tokens` tokens of each of `batch` sequences.
[[nodiscard]] Flops rule_flops(double parameters, std::int64_t tokens, std::int64_t batch);

/// [G-LATENCY] Of work at the rate of the data sheet, of which 80 % is reached.
[[nodiscard]] Seconds rule_seconds(Flops work, FlopsPerSecond rate);

/// What a card offers by the rule: its memory as sold, counted in GiB, less the share kept free.
[[nodiscard]] Bytes rule_usable(const catalog::Gpu& gpu, double reserve_fraction);

/// [G-BATCH] The next batch for a memory use between 0 and 1.
[[nodiscard]] std::int64_t rule_next_batch(std::int64_t batch, double utilization);

/// What the rules of memory, FLOPs and latency leave out, one sentence each.
[[nodiscard]] std::span<const std::string_view> rule_memory_leaves_out();
[[nodiscard]] std::span<const std::string_view> rule_flops_leaves_out();
[[nodiscard]] std::span<const std::string_view> rule_latency_leaves_out();

/// The share of each card that the rule keeps free unless told otherwise.
inline constexpr double kRuleReserve = 0.1;

}  // namespace dsplan::estimate
