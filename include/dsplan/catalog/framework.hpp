// A training framework: its usual recipe and what it keeps in memory, as data.
#pragma once

#include "dsplan/catalog/field.hpp"

namespace dsplan::catalog {

/// How a framework uses memory while it trains. Formulas that read these fields stand in
/// docs/formulas.md under the ids given here. `kept_*` counts bytes of one token in one layer per
/// unit of width, in 16-bit training, beside what every framework keeps (see
/// estimate/training_memory.hpp).
struct Framework {
  std::string_view id{};
  std::string_view name{};
  TextList aliases{};
  bool generic = false;  ///< constants borrowed from another framework, with a wider band

  // The usual recipe of full training [T-STATE, T-GRAD, T-OPT].
  double weight_bytes = 2.0;                   ///< of the weights that are kept, per parameter
  double gradient_bytes = 4.0;                 ///< of all gradient buffers, per parameter
  double bf16_gradient_bytes = 0.0;            ///< where bf16 differs from fp16; 0: the same
  double fp8_gradient_bytes = 0.0;             ///< where fp8 recipes differ; 0: the same
  bool master_weights = true;                  ///< an fp32 copy beside 16-bit weights
  std::string_view sharding{};                 ///< none, zero1, zero2, zero3: of full training
  std::int64_t zero_most = 3;                  ///< highest ZeRO stage it has
  std::int64_t zero_most_in_pipeline = 1;      ///< the same with pipeline stages
  std::string_view optimizer{};                ///< catalog id of the usual optimizer
  std::string_view one_gpu_optimizer{};        ///< of the recipe for one GPU; empty: the same
  bool one_gpu_optimizer_in_backward = false;  ///< which updates each gradient as it comes
  bool model_parallel = true;                  ///< its users split layers over GPUs (tp, pp)
  bool sequence_parallel = true;               ///< beside tensor parallelism
  bool flash_attention = true;                 ///< attention scores are not kept

  // Adapters [T-LORA].
  double adapter_bytes = 4.0;  ///< of an adapter's weights, and of its gradients, per parameter
  bool shards_frozen_weights = true;         ///< sharding also spreads the frozen base
  bool recompute_when_sharded = false;       ///< its sharded runs always recompute whole layers
  bool widens_unquantized = false;           ///< 4-bit bases keep embedding and head in fp32
  double quantized_activation_factor = 1.0;  ///< activations over a 4-bit base, of those over 16

  // Activations kept for the backward pass [T-ACT].
  double kept_norm_bytes = 4.0;           ///< by both RMSNorms of a layer, of the hidden width
  double kept_norm_trained_bytes = 0.0;   ///< more when the norms train
  double kept_layer_norm_bytes = 4.0;     ///< by both LayerNorms, where the model has those
  double kept_gate_bytes = 4.0;           ///< by the gated activation function, of the MLP width
  double kept_dropout_bytes = 0.0;        ///< by dropout, of the hidden width
  bool expands_kv_heads = false;          ///< keys and values are repeated for all heads
  bool fp8_inputs = false;                ///< fp8 runs keep the inputs of matrices in 8 bits
  bool recompute_inputs_on_host = false;  ///< full recomputation keeps layer inputs on the host
  std::string_view selective{};           ///< attention, matrices: what selective recomputation is
  std::string_view recompute{};  ///< none, selective, full: what the usual recipe does; empty: none

  // Loss [T-LOGITS], bytes per token and vocabulary entry at the peak.
  double logits_bytes = 12.0;
  double fused_logits_bytes = 6.0;  ///< with a fused or compiled loss
  bool fused_loss = false;          ///< the usual recipe fuses it

  // Weights and gradients gathered for a while [T-GATHER].
  bool gathers_ends = false;             ///< embedding and head stay gathered through the step
  bool pipeline_keeps_gathered = false;  ///< pipeline stages stay gathered, with their gradients

  // Allocator and context [T-RESERVED].
  double workspace_mib = 0.0;        ///< matrix and first-step buffers, allocated
  double reserved_ratio = 1.04;      ///< what the allocator holds, of what is allocated at the peak
  double reserved_p90_ratio = 1.07;  ///< the same, in the worst of ten runs
  double context_mib = 0.0;          ///< device context, libraries, communicators

  // Time of a step. Exposed: time that is not hidden, in times of moving the bytes at the nominal
  // rate; above 1 the rate is not reached.
  double time_factor = 1.05;                ///< [TT-STEP] on all operations of its own
  std::string_view attention_kernels{};     ///< [TT-ATTENTION] vendor, flash, early; empty: flash
  double elementwise_traffic = 0.976;       ///< [TT-ELEMENTWISE] as its recipe compiles
  double eager_elementwise_traffic = 2.31;  ///< the same of a run that is not compiled
  double tp_exposed = 1.9;                  ///< [TT-TENSOR]
  bool async_tensor_parallel = false;       ///< a switch that hides more of it than tp_exposed says
  double cp_exposed = 0.51;                 ///< [TT-CONTEXT]
  double pp_exposed = 0.983;                ///< [TT-PIPELINE]
  double ep_link_exposed = 0.319;           ///< [TT-EXPERT] within the fast link
  double ep_network_exposed = 0.494;        ///< [TT-EXPERT] between nodes
  double fsdp_exposed = 0.535;              ///< [TT-SHARD]
  double dp_exposed = 0.352;                ///< [TT-GRADIENT] at least
  double dp_hidden_by = 0.959;              ///< [TT-GRADIENT] of one micro-batch's time
  double reduced_gradient_bytes = 2.0;      ///< sent per parameter and reduction
  double bucket_parameters = 40e6;          ///< [TT-GRADIENT] whose gradients go in one message
  bool flat_rings = false;                  ///< [TT-SHARD] one port a ring, not all of a node's
  double layer_host_us = 70.5;              ///< [TT-HOST] a layer and micro-batch
  double moe_layer_host_us = 526.0;         ///< the same of a layer with experts
  double layer_launch_us = 0.0;             ///< [TT-HOST] least time of a layer and micro-batch

  // Published runs: which entry a table's word means [TT-BAND].
  std::string_view variant_of{};      ///< entry whose name tables give these runs
  std::string_view variant_format{};  ///< precision that tells them apart, or empty
  double dense_low = 0.83;            ///< 80 % band of measured over predicted speed, dense models
  double dense_high = 1.12;
  double moe_low = 0.68;  ///< the same of models with experts
  double moe_high = 1.33;
  TextList traps{};
  TextList sources{};
};

template <>
std::span<const Field<Framework>> fields_of<Framework>();
template <>
KindName kind_of<Framework>();

}  // namespace dsplan::catalog
