#include "dsplan/catalog/stack.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "version.hpp"

namespace dsplan::catalog {
namespace {

using S = Stack;

constexpr std::array<std::string_view, 3> kSchedulers{"mixed", "prompts_first", "one_batch"};

constexpr std::array kFields{
    Field<S>{"id", "catalog id", &S::id, true},
    Field<S>{"name", "in words", &S::name, true},
    Field<S>{"engine", "whose software; empty: any engine's", &S::engine},
    Field<S>{"vendor", "maker of the devices; empty: any", &S::vendor},
    Field<S>{"architectures", "of the devices, or compute capabilities", &S::architectures},
    Field<S>{"device_class", "of the devices", &S::device_class},
    Field<S>{"build", "a word that the version's text holds", &S::build},
    Field<S>{"from_version", "first version of the engine it holds for", &S::from_version},
    Field<S>{"from_year", "the same where no version is known", &S::from_year},
    Field<S>{"measured", "constants compared with measurements", &S::measured},
    Field<S>{"kernels", "engine whose kernel timings stand for its own", &S::kernels},
    Field<S>{"step_ms", "host time of a step", &S::step_ms},
    Field<S>{"layer_us", "host time of a layer", &S::layer_us},
    Field<S>{"sequence_us", "host time of a sequence", &S::sequence_us},
    Field<S>{"prompt_layer_us",
             "host time of a layer in steps that hold prompt tokens",
             &S::prompt_layer_us},
    Field<S>{"prompt_expert_layer_us",
             "the same where the model has experts; 0: the same",
             &S::prompt_expert_layer_us},
    Field<S>{"prompt_linear_layer_us",
             "more, of layers of models with linear attention",
             &S::prompt_linear_layer_us},
    Field<S>{
        "prompt_rank_ms", "more in such steps, for every GPU beyond the first", &S::prompt_rank_ms},
    Field<S>{"mla_layer_us", "more, of layers with latent attention", &S::mla_layer_us},
    Field<S>{"narrow_mla_layer_us",
             "still more, where the weights are in 8-bit floats",
             &S::narrow_mla_layer_us},
    Field<S>{"sparse_layer_us", "more, of layers with an indexer", &S::sparse_layer_us},
    Field<S>{
        "linear_layer_us", "more, of layers of models with linear attention", &S::linear_layer_us},
    Field<S>{"spread_expert_us", "more, of layers whose experts are spread", &S::spread_expert_us},
    Field<S>{"narrow_expert_us",
             "more, of layers whose experts multiply in 8 bits or fewer",
             &S::narrow_expert_us},
    Field<S>{"looped_expert_us", "of each expert that a loop visits", &S::looped_expert_us},
    Field<S>{"parallel_layer_us", "more, of layers shared by GPUs", &S::parallel_layer_us},
    Field<S>{"host_overlaps", "the longer of host and kernels counts", &S::host_overlaps},
    Field<S>{"start_cap_us", "start of a matrix product left inside a graph", &S::start_cap_us},
    Field<S>{"expert_start_cap_us", "the same of experts", &S::expert_start_cap_us},
    Field<S>{"expert_start_factor", "share of the start of experts", &S::expert_start_factor},
    Field<S>{"mx_expert_start_factor",
             "share of the start of experts in MXFP4",
             &S::mx_expert_start_factor},
    Field<S>{
        "block_experts", "experts in fp8 run in kernels of block-scaled fp8", &S::block_experts},
    Field<S>{"fuses_norms", "all-reduces take in the norms that follow", &S::fuses_norms},
    Field<S>{"kernel_factor", "on all kernels", &S::kernel_factor},
    Field<S>{"collective_start_factor", "on the start of collectives", &S::collective_start_factor},
    Field<S>{"collective_start_floor_us",
             "of collectives that the host launches one by one",
             &S::collective_start_floor_us},
    Field<S>{"launches_in_layer",
             "layer_us holds the starts of all kernels but experts",
             &S::launches_in_layer},
    Field<S>{
        "memory_efficiency", "in place of the device's; 0: the device's", &S::memory_efficiency},
    Field<S>{"compute_efficiency", "of 16-bit products; 0: the device's", &S::compute_efficiency},
    Field<S>{"quantized_compute_efficiency",
             "of products of narrower weights; 0: as of 16 bits",
             &S::quantized_compute_efficiency},
    Field<S>{"sharpness", "of matrix products; 0: the device's", &S::sharpness},
    Field<S>{"expert_compute_share",
             "share of compute_efficiency that experts reach",
             &S::expert_compute_share},
    Field<S>{"expert_start_us", "in place of the device's; 0: the device's", &S::expert_start_us},
    Field<S>{"weight_only_memory_factor",
             "on products of 4-bit weights with wide inputs",
             &S::weight_only_memory_factor},
    Field<S>{
        "attention_efficiency", "of decode attention; 0: the device's", &S::attention_efficiency},
    Field<S>{"prompt_attention_efficiency",
             "of prefill attention; 0: the device's",
             &S::prompt_attention_efficiency},
    Field<S>{"copies_kv_heads",
             "attention first repeats keys and values for all heads",
             &S::copies_kv_heads},
    Field<S>{"kv_reread_exponent",
             "decode reads shared heads (query / KV heads)^this times",
             &S::kv_reread_exponent},
    Field<S>{"own_attention_rows",
             "timings of decode attention stand for this version's too",
             &S::own_attention_rows},
    Field<S>{"half_accumulation",
             "16-bit products accumulate in 16 bits where that is faster",
             &S::half_accumulation},
    Field<S>{"integer_products",
             "quantised products in int8 where 16 bits are slower than 32",
             &S::integer_products},
    Field<S>{"scheduler", "how prompts and decodes share steps", &S::scheduler, true, kSchedulers},
    Field<S>{"max_seqs", "of one step; 0: the engine's limit", &S::max_seqs},
    Field<S>{"prompt_tokens", "of one step; 0: the engine's limit", &S::prompt_tokens},
    Field<S>{"stage_overlap",
             "exponent on how much pipeline stages speed up a prompt",
             &S::stage_overlap},
    Field<S>{"reserves_output",
             "a request is admitted with room for all its output",
             &S::reserves_output},
    Field<S>{"request_ms", "front end, one request after the other", &S::request_ms},
    Field<S>{"prompt_token_us", "front end, requests beside one another", &S::prompt_token_us},
    Field<S>{"stream_interval", "steps between two chunks that a client sees", &S::stream_interval},
    Field<S>{"poll_interval", "decode steps between two looks at new requests", &S::poll_interval},
    Field<S>{"traps", "what people get wrong about it", &S::traps},
    Field<S>{"sources", "where the figures come from", &S::sources, true},
};

/// Does `text` hold `word`, in whatever case?
bool holds_word(std::string_view text, std::string_view word) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  const auto same = [&](char a, char b) { return lower(a) == lower(b); };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

/// How closely a row names a device: 0 and up, or below 0 where it is for others.
int device_nearness(const Stack& row, const Gpu& gpu) {
  if (!row.vendor.empty() && row.vendor != gpu.vendor) return -1;
  if (!row.device_class.empty() && row.device_class != gpu.device_class) return -1;
  int near = (row.vendor.empty() ? 0 : 1) + (row.device_class.empty() ? 0 : 2);
  if (row.architectures.empty()) return near;
  for (const std::string_view named : row.architectures) {
    if (named == gpu.architecture || named == gpu.compute_capability) return near + 4;
  }
  return -1;
}

/// How well a row stands for an engine on a device, or below 0 where it does not.
int nearness(const Stack& row, std::string_view engine, const Gpu& gpu, std::string_view build) {
  if (!row.engine.empty() && row.engine != engine) return -1;
  if (!row.build.empty() && !holds_word(build, row.build)) return -1;
  const int device = device_nearness(row, gpu);
  if (device < 0) return device;
  return device + (row.build.empty() ? 0 : 8) + (row.engine.empty() ? 0 : 16);
}

bool holds_then(const Stack& row, std::string_view version, const SoftwareAge& age) {
  if (!version.empty() && !row.from_version.empty()) return holds_at(row.from_version, version);
  if (!age.year) return true;
  if (row.from_year == 0.0) return row.from_version.empty();
  return row.from_year <= *age.year;
}

bool older(const Stack& a, const Stack& b) {
  if (a.from_version != b.from_version) return version_before(a.from_version, b.from_version);
  return a.from_year < b.from_year;
}

}  // namespace

template <>
std::span<const Field<Stack>> fields_of<Stack>() {
  return kFields;
}
template <>
KindName kind_of<Stack>() {
  return {"stack", "stacks"};
}

const Stack* find_stack(std::span<const Stack> rows,
                        std::string_view engine,
                        std::string_view version,
                        const Gpu& gpu,
                        const SoftwareAge& age) {
  const Stack* best = nullptr;
  int best_nearness = -1;
  for (const Stack& row : rows) {
    const int near = nearness(row, engine, gpu, age.build);
    if (near < best_nearness || near < 0 || !holds_then(row, version, age)) continue;
    if (best != nullptr && near == best_nearness && older(row, *best)) continue;
    best = &row;
    best_nearness = near;
  }
  return best;
}

}  // namespace dsplan::catalog
