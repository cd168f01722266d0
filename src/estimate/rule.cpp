#include "dsplan/estimate/rule.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "arithmetic.hpp"

namespace dsplan::estimate {
namespace {

constexpr double kActivationsPerWeight = 2.5;
constexpr double kOptimizerPerWeight = 1.5;
constexpr double kEfficiency = 0.8;
constexpr double kHighUse = 0.9;
constexpr double kLowUse = 0.3;
constexpr std::int64_t kLargestRuleBatch = 32;

constexpr std::array<std::string_view, 4> kMemoryLeavesOut{
    "the KV cache, and with it the context length",
    "that activations depend on tokens and layers, not on the parameters times the batch",
    "that inference has no optimizer state, and that training in 16 bits has 12 bytes of it a "
    "parameter",
    "the runtime, the engine's buffers and how the model is split over cards"};
constexpr std::array<std::string_view, 3> kFlopsLeavesOut{
    "attention, which grows with the square of the length",
    "that a token uses only some experts of a mixture",
    "that this is the work of a whole prompt, not of one generated token"};
constexpr std::array<std::string_view, 4> kLatencyLeavesOut{
    "that a generated token is bound by reading the weights and the cache, not by FLOPs: this is "
    "the "
    "time of the prefill, not of a token",
    "attention, and that short or few prompts reach a smaller share of the rate than 0.8",
    "what the engine, the exchanges between cards and the wait for others take",
    "a band of its error"};

}  // namespace

RuleMemory rule_memory(double parameters, const catalog::Format& format, std::int64_t batch) {
  const double weights = parameters * rule_bytes_per_parameter(format);
  return {whole(weights),
          whole(kActivationsPerWeight * weights * static_cast<double>(batch)),
          whole(kOptimizerPerWeight * weights)};
}

Flops rule_flops(double parameters, std::int64_t tokens, std::int64_t batch) {
  return flops(2.0 * parameters * static_cast<double>(tokens) * static_cast<double>(batch));
}

Seconds rule_seconds(Flops work, FlopsPerSecond rate) { return work / rate / kEfficiency; }

Bytes rule_usable(const catalog::Gpu& gpu, double reserve_fraction) {
  return bytes(std::floor(gpu.memory_gb * kGibi * (1.0 - reserve_fraction)));
}

std::int64_t rule_next_batch(std::int64_t batch, double utilization) {
  if (utilization > kHighUse) return std::max<std::int64_t>(1, batch / 2);
  if (utilization < kLowUse) return std::min(kLargestRuleBatch, batch * 2);
  return batch;
}

std::span<const std::string_view> rule_memory_leaves_out() { return kMemoryLeavesOut; }
std::span<const std::string_view> rule_flops_leaves_out() { return kFlopsLeavesOut; }
std::span<const std::string_view> rule_latency_leaves_out() { return kLatencyLeavesOut; }

}  // namespace dsplan::estimate
