// A serving engine at a version: what it reserves, pads, shards and refuses, as data.
#pragma once

#include <optional>
#include <string>

#include "dsplan/catalog/field.hpp"
#include "dsplan/catalog/format.hpp"
#include "dsplan/catalog/gpu.hpp"

namespace dsplan::catalog {

/// How an engine uses memory. Formulas that read these fields stand in docs/formulas.md under the
/// ids given here. An entry with `engine` set describes that engine from `from_version` on.
struct Engine {
  std::string_view id{};
  std::string_view name{};
  TextList aliases{};
  std::string_view engine{};        ///< id of the engine this entry is a version of; empty: itself
  std::string_view from_version{};  ///< first version it holds for; empty: any
  bool measured = true;             ///< its constants were compared with measurements
  bool generic = false;             ///< answered by borrowed constants, with a wider band
  TextList vendors{};               ///< makers of the accelerators it runs on
  double min_compute_capability = 0.0;  ///< of NVIDIA devices
  TextList weight_capabilities{};       ///< the same of formats or families: "bf16:8.0"
  TextList kv_capabilities{};           ///< the same of formats of the cache
  bool cpu = false;                     ///< runs on plain CPUs too
  TextList precisions{};                ///< families of formats it serves; empty: all
  TextList kv_precisions{};             ///< formats of its KV cache; empty: 16 bits only
  TextList kv_follows_families{};       ///< families of weights that come with an fp8 cache

  // Layout.
  std::string_view split{};  ///< tensor: each layer over all GPUs; layer: whole layers
  bool expert_parallel = false;
  bool attention_data_parallel = false;
  bool hands_cache_over = false;           ///< prompts may run on other GPUs than decoding
  std::int64_t vocab_multiple = 1;         ///< the vocabulary is padded to this [W-PAD]
  std::int64_t expert_width_multiple = 1;  ///< MXFP4 experts are padded to this [W-PAD]
  bool untied_copy = false;                ///< a tied head is stored again
  bool embedding_on_host = false;          ///< the input embedding stays in host memory
  bool loads_vision = true;                ///< the vision tower is resident

  bool mla_absorbed_copy = false;  ///< MLA keeps the absorbed up-projections beside kv_b
  bool rope_cache = false;         ///< a cosine-sine table of all positions is resident

  // KV cache [KV-FULL, KV-WINDOW, KV-MLA, KV-STATE].
  std::int64_t kv_block_tokens = 1;      ///< a sequence's cells are padded to this
  std::string_view sliding_window{};     ///< ignored, interleaved (only beside full layers), all
  std::string_view window_holds_step{};  ///< no, once, each: the tokens of a step a window keeps
  bool mla_stores_value = false;         ///< the value latent is stored beside the key
  bool kv_layer_groups = false;          ///< mixed layers share pages in groups of equal size
  bool hybrid_holds_all = false;   ///< with linear layers, each sequence gets the cells of all
  double state_bits = 16.0;        ///< of the recurrent state of linear layers
  double convolution_bits = 16.0;  ///< of the convolution tail of linear layers

  // The budget [M-BUDGET].
  std::string_view budget{};        ///< device, total, free, reserve: what the share is of
  double memory_utilization = 1.0;  ///< the share
  bool preallocates = false;        ///< takes the rest of its budget as the KV pool
  bool graphs_in_budget = true;     ///< captured graphs count against the share
  double reserve_mib = 0.0;         ///< budget "reserve": fixed part
  double reserve_mib_per_batched_token = 0.0;
  double reserve_mib_per_gpu = 0.0;  ///< of one replica
  double reserve_mib_per_graph_seq = 0.0;
  double reserve_large_mib = 0.0;  ///< least reserve on devices above 60 GiB

  // One step: limits by the device's memory in GiB, "0:2048" up to the next tier [A-LIMITS].
  TextList batched_tokens_by_gib{};  ///< empty: the whole batch's prompts
  TextList seqs_by_gib{};            ///< empty: the whole batch
  TextList lowest_tier_gpus{};       ///< devices held to the lowest tier whatever their size

  // Activations [A-STEP, A-GRAPH, A-PROMPT] and runtime [R-CONTEXT, R-COMM, R-GRAPH].
  std::string_view activations{};         ///< profiled, compute_graph, prompt: which formula
  double activation_mlp_copies = 0.0;     ///< tensors of the MLP width alive at the peak
  double activation_hidden_copies = 0.0;  ///< tensors of the hidden width alive at the peak
  double logits_bytes = 0.0;              ///< beside the logits, per vocabulary entry and sequence
  bool moe_workspace = false;             ///< routed tokens keep both sides of an expert
  double activation_fixed_mib = 0.0;
  double context_mib = 0.0;        ///< device context and libraries
  double communication_mib = 0.0;  ///< buffers of collectives, when GPUs share a layer
  double graph_mib = 0.0;          ///< captured graphs: fixed part
  double graph_mib_per_layer = 0.0;
  double graph_mib_with_experts = 0.0;
  TextList traps{};
  TextList sources{};
};

template <>
std::span<const Field<Engine>> fields_of<Engine>();
template <>
KindName kind_of<Engine>();

/// Is the engine known to run on the device?
[[nodiscard]] bool runs_on(const Engine& engine, const Gpu& gpu);

/// Why the engine does not have weights in a format on a device, or its cache, as far as is known:
/// "bf16 asks for compute capability 8.0, and Tesla T4 has 7.5"; empty where it does. Where the
/// catalog has no capability, formats that multiply in 8 bits of floating point or fewer ask for a
/// matrix path of the device in them; nothing is known against others.
[[nodiscard]] std::string weights_obstacle(const Engine& engine,
                                           const Format& format,
                                           const Gpu& gpu);
[[nodiscard]] std::string cache_obstacle(const Engine& engine,
                                         const Format& format,
                                         const Gpu& gpu);

/// Is the list well formed: "FORMAT:CAPABILITY" items, with the id or the family of a format?
[[nodiscard]] bool are_capabilities(TextList list);

/// The value of the highest tier that starts at or below `memory_gib` in a list like
/// {"0:2048", "70:8192"}; 0 for an empty list.
[[nodiscard]] std::int64_t tier_value(TextList tiers, double memory_gib);

/// Is the list well formed: "GIB:COUNT" items with growing GIB?
[[nodiscard]] bool are_tiers(TextList tiers);

}  // namespace dsplan::catalog
