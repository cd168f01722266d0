#include "dsplan/catalog/engine.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace dsplan::catalog {
namespace {

constexpr std::array<std::string_view, 2> kSplits{"tensor", "layer"};
constexpr std::array<std::string_view, 3> kWindows{"ignored", "interleaved", "all"};
constexpr std::array<std::string_view, 3> kWindowSteps{"no", "once", "each"};
constexpr std::array<std::string_view, 4> kBudgets{"device", "total", "free", "reserve"};
constexpr std::array<std::string_view, 3> kActivations{"profiled", "compute_graph", "prompt"};

constexpr std::array kFields{
    Field<Engine>{"id", "catalog id", &Engine::id, true},
    Field<Engine>{"name", "as published", &Engine::name, true},
    Field<Engine>{"aliases", "other names that mean this entry", &Engine::aliases},
    Field<Engine>{"engine", "engine that this entry is a version of", &Engine::engine},
    Field<Engine>{"from_version", "first version it holds for", &Engine::from_version},
    Field<Engine>{"measured", "constants compared with measurements", &Engine::measured},
    Field<Engine>{"generic", "constants borrowed from another engine", &Engine::generic},
    Field<Engine>{"vendors", "makers of the accelerators it runs on", &Engine::vendors, true},
    Field<Engine>{
        "min_compute_capability", "least CUDA capability", &Engine::min_compute_capability},
    Field<Engine>{"weight_capabilities",
                  "least CUDA capability of formats of weights or their families",
                  &Engine::weight_capabilities},
    Field<Engine>{"kv_capabilities",
                  "least CUDA capability of formats of the cache",
                  &Engine::kv_capabilities},
    Field<Engine>{"cpu", "runs on plain CPUs too", &Engine::cpu},
    Field<Engine>{"precisions", "families of weight formats it serves", &Engine::precisions},
    Field<Engine>{"kv_precisions", "formats of its KV cache", &Engine::kv_precisions},
    Field<Engine>{"kv_follows_families",
                  "families of weights that come with an fp8 cache",
                  &Engine::kv_follows_families},
    Field<Engine>{"split", "how several GPUs share a model", &Engine::split, true, kSplits},
    Field<Engine>{"expert_parallel", "experts can be spread whole", &Engine::expert_parallel},
    Field<Engine>{"attention_data_parallel",
                  "attention can be replicated over TP ranks",
                  &Engine::attention_data_parallel},
    Field<Engine>{"hands_cache_over",
                  "prompts may run on other GPUs than decoding",
                  &Engine::hands_cache_over},
    Field<Engine>{"vocab_multiple", "the vocabulary is padded to this", &Engine::vocab_multiple},
    Field<Engine>{"expert_width_multiple",
                  "MXFP4 experts are padded to this",
                  &Engine::expert_width_multiple},
    Field<Engine>{"untied_copy", "a tied head is stored again", &Engine::untied_copy},
    Field<Engine>{"embedding_on_host",
                  "the input embedding stays in host memory",
                  &Engine::embedding_on_host},
    Field<Engine>{"loads_vision", "the vision tower is resident", &Engine::loads_vision},
    Field<Engine>{"mla_absorbed_copy",
                  "MLA keeps the absorbed up-projections beside kv_b",
                  &Engine::mla_absorbed_copy},
    Field<Engine>{
        "rope_cache", "a cosine-sine table of all positions is resident", &Engine::rope_cache},
    Field<Engine>{
        "kv_block_tokens", "a sequence's cells are padded to this", &Engine::kv_block_tokens},
    Field<Engine>{
        "sliding_window", "which windows bound the cache", &Engine::sliding_window, true, kWindows},
    Field<Engine>{"window_holds_step",
                  "does a window also hold the tokens of a step",
                  &Engine::window_holds_step,
                  true,
                  kWindowSteps},
    Field<Engine>{
        "mla_stores_value", "the value latent is stored beside the key", &Engine::mla_stores_value},
    Field<Engine>{"kv_layer_groups",
                  "mixed layers share pages in groups of equal size",
                  &Engine::kv_layer_groups},
    Field<Engine>{"hybrid_holds_all",
                  "with linear layers, each sequence gets the cells of all",
                  &Engine::hybrid_holds_all},
    Field<Engine>{"state_bits", "of the recurrent state of linear layers", &Engine::state_bits},
    Field<Engine>{
        "convolution_bits", "of the convolution tail of linear layers", &Engine::convolution_bits},
    Field<Engine>{"budget", "what the memory share is of", &Engine::budget, true, kBudgets},
    Field<Engine>{
        "memory_utilization", "share of the memory it may use", &Engine::memory_utilization},
    Field<Engine>{
        "preallocates", "takes the rest of its budget as the KV pool", &Engine::preallocates},
    Field<Engine>{
        "graphs_in_budget", "captured graphs count against the share", &Engine::graphs_in_budget},
    Field<Engine>{"reserve_mib", "kept from the KV pool: fixed part", &Engine::reserve_mib},
    Field<Engine>{"reserve_mib_per_batched_token",
                  "kept from the KV pool",
                  &Engine::reserve_mib_per_batched_token},
    Field<Engine>{"reserve_mib_per_gpu",
                  "kept from the KV pool, per GPU of a replica",
                  &Engine::reserve_mib_per_gpu},
    Field<Engine>{"reserve_mib_per_graph_seq",
                  "kept from the KV pool, per captured sequence",
                  &Engine::reserve_mib_per_graph_seq},
    Field<Engine>{
        "reserve_large_mib", "least reserve on devices above 60 GiB", &Engine::reserve_large_mib},
    Field<Engine>{"batched_tokens_by_gib",
                  "tokens of one step, by device memory",
                  &Engine::batched_tokens_by_gib},
    Field<Engine>{"seqs_by_gib", "sequences of one step, by device memory", &Engine::seqs_by_gib},
    Field<Engine>{"lowest_tier_gpus", "devices held to the lowest tier", &Engine::lowest_tier_gpus},
    Field<Engine>{
        "activations", "which activation formula", &Engine::activations, true, kActivations},
    Field<Engine>{"activation_mlp_copies",
                  "tensors of the MLP width at the peak",
                  &Engine::activation_mlp_copies},
    Field<Engine>{"activation_hidden_copies",
                  "tensors of the hidden width at the peak",
                  &Engine::activation_hidden_copies},
    Field<Engine>{"logits_bytes",
                  "beside the logits, per vocabulary entry and sequence",
                  &Engine::logits_bytes},
    Field<Engine>{
        "moe_workspace", "routed tokens keep both sides of an expert", &Engine::moe_workspace},
    Field<Engine>{"activation_fixed_mib", "fixed workspace", &Engine::activation_fixed_mib},
    Field<Engine>{"context_mib", "device context and libraries", &Engine::context_mib},
    Field<Engine>{"communication_mib",
                  "buffers of collectives, when GPUs share a layer",
                  &Engine::communication_mib},
    Field<Engine>{"graph_mib", "captured graphs: fixed part", &Engine::graph_mib},
    Field<Engine>{
        "graph_mib_per_layer", "captured graphs, per layer", &Engine::graph_mib_per_layer},
    Field<Engine>{"graph_mib_with_experts",
                  "captured graphs, more with experts",
                  &Engine::graph_mib_with_experts},
    Field<Engine>{"traps", "what people get wrong about it", &Engine::traps},
    Field<Engine>{"sources", "where the figures come from", &Engine::sources, true},
};

}  // namespace

template <>
std::span<const Field<Engine>> fields_of<Engine>() {
  return kFields;
}
template <>
KindName kind_of<Engine>() {
  return {"engine", "engines"};
}

namespace {

/// "bf16:8.0" taken apart.
struct Capability {
  std::string_view format;
  double least = 0.0;
};

std::optional<Capability> parse_capability(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  Capability c{text.substr(0, colon)};
  const char* end = text.data() + text.size();
  const auto [last, bad] = std::from_chars(text.data() + colon + 1, end, c.least);
  if (bad != std::errc{} || last != end || c.least <= 0.0) return std::nullopt;
  return c;
}

/// Of the format itself before that of its family.
std::optional<double> least_capability(TextList list, const Format& format) {
  std::optional<double> of_family;
  for (const std::string_view text : list) {
    const auto c = parse_capability(text);
    if (c && c->format == format.id) return c->least;
    if (c && c->format == format.family) of_family = c->least;
  }
  return of_family;
}

bool has_narrow_path(const Format& format, const Gpu& gpu) {
  const bool narrow = format.computes_in == "fp8" || format.computes_in == "fp4";
  const auto& native = gpu.native_formats;
  return !narrow || native.empty() ||
         std::find(native.begin(), native.end(), format.computes_in) != native.end();
}

std::string obstacle(TextList list, const Format& format, const Gpu& gpu) {
  const std::string id(format.id);
  const std::string device(gpu.name);
  if (const auto least = least_capability(list, format); least && gpu.vendor == "nvidia") {
    if (cuda_capability(gpu).value_or(*least) >= *least) return {};
    const std::string digits = std::to_string(*least);
    return id + " asks for compute capability " + digits.substr(0, digits.find('.') + 2) +
           ", and " + device + " has " + std::string(gpu.compute_capability);
  }
  if (has_narrow_path(format, gpu)) return {};
  return device + " does not multiply in " + std::string(format.computes_in);
}

struct Tier {
  std::int64_t from_gib = 0;
  std::int64_t value = 0;
};

/// Plain digits only: this runs for every device of a search.
std::optional<Tier> parse_tier(std::string_view text) {
  Tier tier;
  const char* end = text.data() + text.size();
  const auto [colon, bad_gib] = std::from_chars(text.data(), end, tier.from_gib);
  if (bad_gib != std::errc{} || colon == end || *colon != ':') return std::nullopt;
  const auto [last, bad_value] = std::from_chars(colon + 1, end, tier.value);
  if (bad_value != std::errc{} || last != end || tier.from_gib < 0 || tier.value < 1)
    return std::nullopt;
  return tier;
}

}  // namespace

bool runs_on(const Engine& engine, const Gpu& gpu) {
  if (gpu.device_class == "cpu") return engine.cpu;
  // Unknown: a device newer than the catalog's sources.
  if (cuda_capability(gpu).value_or(engine.min_compute_capability) < engine.min_compute_capability)
    return false;
  return std::find(engine.vendors.begin(), engine.vendors.end(), gpu.vendor) !=
         engine.vendors.end();
}

std::string weights_obstacle(const Engine& engine, const Format& format, const Gpu& gpu) {
  return obstacle(engine.weight_capabilities, format, gpu);
}

std::string cache_obstacle(const Engine& engine, const Format& format, const Gpu& gpu) {
  return obstacle(engine.kv_capabilities, format, gpu);
}

bool are_capabilities(TextList list) {
  return std::all_of(list.begin(), list.end(), [](std::string_view text) {
    return parse_capability(text).has_value();
  });
}

std::int64_t tier_value(TextList tiers, double memory_gib) {
  std::int64_t value = 0;
  for (const std::string_view text : tiers) {
    const auto tier = parse_tier(text);
    if (tier && static_cast<double>(tier->from_gib) <= memory_gib) value = tier->value;
  }
  return value;
}

bool are_tiers(TextList tiers) {
  std::int64_t last_gib = -1;
  for (const std::string_view text : tiers) {
    const auto tier = parse_tier(text);
    if (!tier || tier->from_gib <= last_gib) return false;
    last_gib = tier->from_gib;
  }
  return true;
}

}  // namespace dsplan::catalog
