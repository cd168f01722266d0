// An engine's software on one maker's devices: what a step costs beside its kernels, as data.
#pragma once

#include <optional>
#include <span>

#include "dsplan/catalog/field.hpp"
#include "dsplan/catalog/gpu.hpp"

namespace dsplan::catalog {

/// How an engine of one era drives the devices of one maker. Formulas that read these fields stand
/// in docs/formulas.md under the ids given here. The software matters as much as the device: the
/// same engine on another maker's devices, or two years older, is another row.
struct Stack {
  std::string_view id{};
  std::string_view name{};
  std::string_view engine{};        ///< whose software it is; empty: any engine's
  std::string_view vendor{};        ///< maker of the devices; empty: any
  TextList architectures{};         ///< of the devices, or compute capabilities; empty: any
  std::string_view device_class{};  ///< empty: any
  std::string_view build{};         ///< a word that the version's text holds; empty: any
  std::string_view from_version{};  ///< first version of the engine it holds for; empty: any
  double from_year = 0.0;           ///< the same for runs whose version is not known; 0: see below
  bool measured = false;            ///< its constants were compared with measurements
  std::string_view kernels{};       ///< engine whose kernel timings stand for its own

  // Host time of a step [S-HOST], microseconds but for the first.
  double step_ms = 0.0;                 ///< scheduling, sampling, launching the graph
  double layer_us = 0.0;                ///< of every layer
  double sequence_us = 0.0;             ///< of every sequence
  double prompt_layer_us = 0.0;         ///< of every layer, in steps that hold prompt tokens
  double prompt_expert_layer_us = 0.0;  ///< the same where the model has experts; 0: the same
  double prompt_linear_layer_us = 0.0;  ///< more, of layers of models with linear attention
  double prompt_rank_ms = 0.0;          ///< more in such steps, for every GPU beyond the first
  double mla_layer_us = 0.0;            ///< more, of layers with latent attention
  double narrow_mla_layer_us = 0.0;     ///< still more, where the weights are in 8-bit floats
  double sparse_layer_us = 0.0;         ///< more, of layers with a sparse-attention indexer
  double linear_layer_us = 0.0;         ///< more, of layers of models with linear attention
  double spread_expert_us = 0.0;        ///< more, of layers whose experts are spread (ep)
  double narrow_expert_us = 0.0;   ///< more, of layers whose experts multiply in 8 bits or fewer
  double looped_expert_us = 0.0;   ///< of each expert of a layer, where a loop visits them
  double parallel_layer_us = 0.0;  ///< more, of layers shared by several GPUs
  bool host_overlaps = false;      ///< launches run ahead of kernels: the longer of both counts

  // Kernels [S-ROOF].
  double start_cap_us = 6.0;  ///< start of a matrix product that is left inside a graph
  double expert_start_cap_us = 80.0;
  double expert_start_factor = 0.85;
  double mx_expert_start_factor = 0.4;  ///< of experts in MXFP4, whose start is not capped
  bool block_experts = false;           ///< experts in fp8 run in the kernels of block-scaled fp8
  bool fuses_norms = false;             ///< all-reduces take in the norms that follow
  double kernel_factor = 1.0;           ///< on all kernels
  double collective_start_factor = 1.0;
  double collective_start_floor_us = 0.0;  ///< of collectives that the host launches one by one
  bool launches_in_layer = false;          ///< layer_us holds the starts of all kernels but experts
  double memory_efficiency = 0.0;          ///< in place of the device's; 0: the device's
  double compute_efficiency = 0.0;         ///< of 16-bit products; 0: the device's
  double quantized_compute_efficiency = 0.0;  ///< of weights below 16 bits; 0: as the above
  double sharpness = 0.0;                     ///< of matrix products; 0: the device's
  double expert_compute_share = 1.0;          ///< of the above, for experts
  double expert_start_us = 0.0;               ///< in place of the device's; 0: the device's
  double weight_only_memory_factor = 1.0;     ///< on products of 4-bit weights with wide inputs
  double attention_efficiency = 0.0;          ///< of decode attention; 0: the device's
  double prompt_attention_efficiency = 0.0;   ///< 0: the device's
  bool copies_kv_heads = false;     ///< attention first repeats keys and values for all heads
  double kv_reread_exponent = 0.0;  ///< decode reads shared heads (query / KV heads)^this times
  bool own_attention_rows = true;   ///< timings of decode attention stand for this version's too
  bool half_accumulation = false;   ///< 16-bit products accumulate in 16 bits where that is faster
  bool integer_products = false;    ///< quantised ones in int8 where 16 bits are slower than 32

  // Scheduling of a step [Q-LOOP].
  std::string_view scheduler{};      ///< mixed: prompts join decodes; prompts_first; one_batch
  std::int64_t max_seqs = 0;         ///< of one step; 0: the engine's own limit
  std::int64_t prompt_tokens = 0;    ///< of one step; 0: the engine's own limit
  double stage_overlap = 1.0;        ///< exponent on how much pipeline stages speed up a prompt
  bool reserves_output = false;      ///< a request is admitted with room for all its output
  double request_ms = 2.0;           ///< of the front end, one request after the other
  double prompt_token_us = 5.0;      ///< of the front end, requests beside one another
  std::int64_t stream_interval = 1;  ///< steps between two chunks that a client sees
  std::int64_t poll_interval = 1;    ///< decode steps between two looks at new requests

  TextList traps{};
  TextList sources{};
};

template <>
std::span<const Field<Stack>> fields_of<Stack>();
template <>
KindName kind_of<Stack>();

/// What is known of the software of a run.
struct SoftwareAge {
  std::string_view build{};      ///< the whole text that names version and build
  std::optional<double> year{};  ///< when it ran, for rows that the version does not decide
};

/// The row for an engine's version ("0.11.0"; empty: not known) on a device. An engine's rows come
/// before those of any engine; then those that name a word of the build; then by how closely they
/// name the device (architecture and class, architecture, class, maker, none). Among the rows of
/// one such group the latest that is not newer: by version; without one by year, where only rows
/// with a year, or with neither, count; with neither known, the newest. Null if no row stands for
/// any engine.
[[nodiscard]] const Stack* find_stack(std::span<const Stack> rows,
                                      std::string_view engine,
                                      std::string_view version,
                                      const Gpu& gpu,
                                      const SoftwareAge& age = {});

}  // namespace dsplan::catalog
