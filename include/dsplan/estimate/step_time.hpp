// The time of one inference step, operation by operation: the one function behind every figure that
// says how long serving takes.
//
//   [S-ROOF]     an operation: start + ((bytes / (e_m BW))^p + (flops / (e_c peak))^p)^(1/p), with
//   the
//                constants of the nearest row of data/kernels.yaml
//   [S-GEMM]     T tokens through a matrix of K x N on one GPU: w_B K N + 2 T N + a_B T K bytes, 2
//   T N K
//                FLOPs; projections, dense MLP, router, shared experts, head (of sequences that
//                sample)
//   [S-EXPERTS]  E / ep experts on a GPU, of which T tokens touch 1 - (1 - k / E)^T: their weights
//   and
//                4 h bytes for each token sent to them; FLOPs of k / ep experts a token
//   [S-ABSORB]   latent attention: the up-projections applied to queries and outputs
//   [S-ELEMENT]  norms, rotary positions, activations: 3 us each and 8 T h (MLP 6 T I) bytes
//   [S-EXCHANGE] all-reduces of tensor parallelism, two a layer; with attention data parallelism
//   the
//                tokens of all ranks to the experts and back [S-COLLECTIVE]
//   [S-DECODE]   reading the cache: per layer start + sequences x c + max(bytes, FLOPs) of the
//   context;
//                windows and indexers bound what a layer reads; linear layers read their state
//   [S-PREFILL]  pairs of tokens attended to, 2 H (d_qk + d_v) FLOPs each, causal
//   [S-OFFLOAD]  layers in host memory: read there by the CPU, or copied to the device for a step
//   of 32
//                tokens and more
//   [S-HOST]     the engine's host time: a step + layers + sequences, more in steps with prompts
//
// Source: roofline with constants fitted on public kernel timings (data/kernels.yaml); accuracy per
// engine, device and model in docs/accuracy.md.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/stack.hpp"
#include "dsplan/estimate/collectives.hpp"
#include "dsplan/workload/inference.hpp"

namespace dsplan::estimate {

/// What limits an operation.
enum class Resource { compute, memory, communication, host };

[[nodiscard]] std::string_view name_of(Resource resource);

/// Which count of a step an operation grows with.
enum class Per { token, routed_token, sampled_sequence };

/// [S-ROOF] `count` operations, each start + ((fixed + memory T)^p + (compute T)^p)^(1/p) seconds.
struct StepTerm {
  std::string_view operation;
  std::string_view formula;
  Resource resource = Resource::memory;  ///< of the part that grows with T, where p does not decide
  Per per = Per::token;
  bool touched = false;  ///< the fixed part counts the experts that the tokens touch
  double count = 0.0;
  double start_s = 0.0;
  double fixed_s = 0.0;
  double memory_s = 0.0;
  double small_memory_s = 0.0;  ///< in place of memory_s where longer, up to kOneShotTokens
  double compute_s = 0.0;
  double sharpness = 1.0;
};

/// All-reduces of so few tokens go at once from every GPU to every other.
inline constexpr double kOneShotTokens = 256.0;

/// [S-DECODE] One kind of attention layer: count x (start + n x sequence + max(memory, compute) x
/// tokens attended to), where each sequence attends to its context or to `window` tokens of it.
struct DecodeTerm {
  double count = 0.0;
  double start_s = 0.0;
  double sequence_s = 0.0;
  double memory_s = 0.0;   ///< per token of context
  double compute_s = 0.0;  ///< per token of context
  double window = 0.0;     ///< 0: all
};

/// [S-PREFILL] One kind of attention layer: count x (start + pairs x pair + tokens x token).
struct PrefillTerm {
  double count = 0.0;
  double start_s = 0.0;
  double pair_s = 0.0;
  double token_s = 0.0;
  double window = 0.0;  ///< 0: all
};

/// [S-HOST]
struct HostTime {
  double step_s = 0.0;
  double sequence_s = 0.0;
  double prompt_s = 0.0;
  bool overlaps = false;  ///< the longer of host and kernels counts, not their sum
};

struct LinearPoint {
  double tokens = 0.0;
  double time_s = 0.0;
};

/// [S-OFFLOAD] Layers left in host memory: a share of the work, which the CPU does in small steps
/// at its own memory's rate; larger steps copy the weights to the device and work there.
struct OffloadedLayers {
  double share = 0.0;     ///< of the weights
  double slowdown = 1.0;  ///< time on the host over time on the device, both bound by memory
  double copy_s = 0.0;    ///< all their weights over the bus
};
inline constexpr double kCopyTokens = 32.0;  ///< of a step that is worth copying weights for

/// Everything that the time of a step depends on but its load.
struct StepModel {
  std::vector<StepTerm> terms;
  std::vector<DecodeTerm> decode;
  std::vector<PrefillTerm> prefill;
  HostTime host;
  OffloadedLayers offloaded;
  double touch_share = 0.0;       ///< k / E
  double routed_per_token = 1.0;  ///< attention replicas whose tokens meet at the experts
  double stages = 1.0;            ///< pipeline stages, each with its own part of the sequences
  double send_start_s = 0.0;      ///< from one stage to the next
  double send_token_s = 0.0;
  double kernel_factor = 1.0;
  double draft_tokens = 0.0;                    ///< proposed for each sequence and step
  double draft_share = 0.0;                     ///< their work beside the model's layers
  std::vector<const catalog::Kernel*> kernels;  ///< rows that the constants come from
  std::vector<LinearPoint> linear_table;        ///< of `linear_seconds`, once tabulated
};

/// A piece of a prompt: `tokens` after `done` that are in the cache already; `count` alike.
struct Chunk {
  double done = 0.0;
  double tokens = 0.0;
  double count = 1.0;
};

/// Seconds by what they are spent on: `time` of `count` operations, of which starting takes
/// `start`, and bytes and FLOPs would take `memory` and `compute` if each were alone.
struct StepShare {
  std::string_view operation;
  std::string_view formula;
  Resource resource = Resource::host;
  double count = 0.0;
  Seconds time;
  Seconds start;
  Seconds memory;
  Seconds compute;
};

/// One attention replica of `w`; `w`, `platform` and `stack` are only read while it is made.
[[nodiscard]] StepModel step_model(const workload::Inference& w,
                                   const Platform& platform,
                                   const catalog::Stack& stack);

/// Replaces `linear_seconds` by linear interpolation between 26 numbers of tokens from 1 to 32,768,
/// for callers that ask for many steps.
void tabulate(StepModel& m);

/// Kernels and collectives of all layers for so many tokens, without attention to the cache.
[[nodiscard]] double linear_seconds(const StepModel& m, double tokens);

/// The head, for so many sequences.
[[nodiscard]] double head_seconds(const StepModel& m, double sequences);

/// [S-DECODE] of `sequences` that hold `context_tokens` together.
[[nodiscard]] double decode_attention_seconds(const StepModel& m,
                                              double sequences,
                                              double context_tokens);

/// [S-PREFILL] of a share of the chunks, starts counted once.
[[nodiscard]] double prefill_attention_seconds(const StepModel& m,
                                               std::span<const Chunk> chunks,
                                               double share = 1.0);

/// [S-HOST]
[[nodiscard]] double host_seconds(const StepModel& m, double sequences, bool has_prompt);

/// A whole step. Without prompts it decodes one token (or the accepted ones) for each sequence.
[[nodiscard]] Seconds decode_step(const StepModel& m, double sequences, double context_tokens);

/// The part of a decode step that its context does not change, for steps of as many sequences; and
/// the step with that part known.
[[nodiscard]] double decode_products(const StepModel& m, double sequences);
[[nodiscard]] Seconds decode_step(const StepModel& m,
                                  double sequences,
                                  double context_tokens,
                                  double products_s);
[[nodiscard]] Seconds mixed_step(const StepModel& m,
                                 double sequences,
                                 double context_tokens,
                                 std::span<const Chunk> chunks);

/// Joins a part to the one of the same operation and resource, or adds it.
void add_share(std::vector<StepShare>& shares, const StepShare& part);

/// The terms of a step, which add up to its time.
[[nodiscard]] std::vector<StepShare> step_shares(const StepModel& m,
                                                 double sequences,
                                                 double context_tokens,
                                                 const std::vector<Chunk>& chunks);

/// The resource with the largest part of the time.
[[nodiscard]] Resource bound(const std::vector<StepShare>& shares);

}  // namespace dsplan::estimate
