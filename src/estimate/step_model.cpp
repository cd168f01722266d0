// Builds the terms of a step from the model, the layout and the nearest kernel constants.
#include <algorithm>
#include <array>
#include <cmath>

#include "dsplan/estimate/device_rates.hpp"
#include "dsplan/estimate/parameters.hpp"
#include "dsplan/estimate/step_time.hpp"
#include "dsplan/estimate/weights.hpp"

#include "arithmetic.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Format;
using catalog::Kernel;
using catalog::Model;
using catalog::Stack;
using workload::Inference;

constexpr double kMicro = 1e-6;
constexpr double kElementStart = 3e-6;
constexpr double kElementEfficiency = 0.8;
// The absorbed up-projections of latent attention run as batched products of small matrices.
constexpr double kAbsorbStart = 8e-6;
constexpr double kAbsorbMemory = 0.7;
constexpr double kAbsorbCompute = 0.5;
constexpr double kLatentMemory = 0.75;
constexpr double kLatentCompute = 0.45;
constexpr double kStateMemory = 0.6;
constexpr double kScanPasses = 40.0;   ///< reads and writes of a token's values in a linear layer
constexpr double kLinearStarts = 1.5;  ///< kernels of a linear layer, in starts of attention
constexpr double kFullestRank = 1.5;   ///< tokens on the fullest rank of spread experts, where the
                                       ///< kernel row does not hold the skew
// Mixtral has 8 experts of full width, Grok and Phi 8 to 16; kernels are timed with 128 to 256.
constexpr std::int64_t kCoarseExperts = 16;
constexpr double kHalf = 2.0;  ///< bytes of a 16-bit value

/// Constants of one operation in one format, with what the device offers.
struct Rates {
  const Kernel* row = nullptr;
  double memory = 0.0;   ///< bytes a second reached
  double compute = 0.0;  ///< FLOPs a second reached
  double start_s = 0.0;
  double sharpness = 1.0;
  bool narrow_inputs = false;  ///< activations enter in 8 bits or fewer
};

/// The formats whose kernels may stand for those of `format`, nearest first.
std::vector<std::string_view> stand_ins(const Format& format, bool narrow_device) {
  if (format.family == "mx" && narrow_device) return {"mxfp4_mxfp8", "mxfp4", "nvfp4", "bf16"};
  if (format.family == "mx") return {"mxfp4", "int4", "bf16"};
  if (format.computes_in == "fp4") return {format.id, "nvfp4", "fp8", "fp8_block", "bf16"};
  if (format.computes_in == "fp8" || format.computes_in == "int8")
    return {format.id, "fp8", "fp8_block", "bf16"};
  if (format.weight_bits <= 4.0) return {format.id, "int4", "bf16"};
  if (format.weight_bits <= 8.0) return {format.id, "int8", "bf16"};
  return {"bf16"};
}

class Builder {
 public:
  Builder(const Inference& w, const Platform& platform, const Stack& stack)
      : w_(w),
        m_(*w.model),
        p_(platform),
        stack_(stack),
        parts_(parameters(*w.model)),
        bandwidth_(bandwidth(*platform.gpu).value),
        tp_(real(w.layout.tp)),
        group_(real(workload::group_size(w.layout))),
        ep_(real(w.layout.ep)),
        wide_(*w.precision.dense) {}

  StepModel build() {
    choose_rates();
    out_.stages = real(w_.layout.pp);
    out_.routed_per_token = real(w_.layout.attention_dp);
    out_.kernel_factor = stack_.kernel_factor;
    if (catalog::is_moe(m_)) out_.touch_share = real(m_.experts_per_token) / real(m_.experts);
    add_attention();
    add_linear_attention();
    add_elementwise();
    add_dense_mlp();
    add_experts();
    add_exchanges();
    add_head();
    add_decode();
    add_prefill();
    add_host();
    add_draft();
    add_offloaded();
    note_kernels();
    return std::move(out_);
  }

 private:
  void note_kernels() {
    const auto note = [this](const Kernel* row) {
      if (row == nullptr) return;
      const bool known =
          std::find(out_.kernels.begin(), out_.kernels.end(), row) != out_.kernels.end();
      if (!known) out_.kernels.push_back(row);
    };
    for (const Rates* rates : {&gemm_, &gemm16_, &experts_}) note(rates->row);
    if (!out_.decode.empty()) note(&attention_row("decode_attention"));
    if (!out_.prefill.empty()) note(row_for("prefill_attention", {"bf16"}));
  }

  // ---- constants ----

  [[nodiscard]] const Kernel* row_for(std::string_view operation,
                                      const std::vector<std::string_view>& formats) const {
    // Timings of the device itself, in a neighbouring format, come before those of other devices.
    for (const bool own : {true, false}) {
      for (const std::string_view format : formats) {
        const Kernel* row = catalog::find_kernel(p_.kernels, *p_.gpu, engine(), operation, format);
        if (row != nullptr && (!own || !row->gpu.empty())) return row;
      }
    }
    return nullptr;
  }

  /// What the device's class reaches, whatever is known of the device itself.
  [[nodiscard]] const Kernel* class_row(std::string_view operation,
                                        const std::vector<std::string_view>& formats) const {
    for (const std::string_view format : formats) {
      const Kernel* row =
          catalog::find_class_kernel(p_.kernels, *p_.gpu, engine(), operation, format);
      if (row != nullptr) return row;
    }
    return nullptr;
  }

  [[nodiscard]] std::string_view engine() const {
    return stack_.kernels.empty() ? stack_.engine : stack_.kernels;
  }

  [[nodiscard]] double peak(std::string_view format) const {
    return peak_rate(*p_.gpu, format).value;
  }

  [[nodiscard]] bool narrow_device() const { return multiplies_in(*p_.gpu, "fp4"); }

  [[nodiscard]] Rates rates(std::string_view operation, const Format& format) const {
    const auto formats = formats_for(operation, format);
    const Kernel* row = row_for(operation, formats);
    const bool experts = operation == "experts";
    Rates r;
    r.start_s = start_us(*row, experts) * kMicro;
    // Timings of experts are of a hundred and more small ones.
    if (experts && m_.experts <= kCoarseExperts) row = class_row(operation, formats);
    r.row = row;
    r.memory = row->memory_efficiency * bandwidth_;
    const std::string_view products = products_of(*row, format);
    r.compute = row->compute_efficiency * peak(products);
    r.sharpness = row->sharpness;
    r.narrow_inputs = products == "fp8" || products == "fp4" || products == "int8";
    apply_stack(r, format, experts);
    return r;
  }

  /// Where no kernel with 8-bit products was timed, integer ones reach as much of their rate as
  /// those of 16 bits do of theirs.
  [[nodiscard]] std::string_view products_of(const Kernel& row, const Format& format) const {
    const bool wider = row.computes_in == "bf16" || row.computes_in == "fp16";
    const bool integers = format.computes_in == "int8" && multiplies_in(*p_.gpu, "int8");
    return wider && integers ? std::string_view("int8") : row.computes_in;
  }

  /// A captured graph hides most of what a kernel needs to start.
  [[nodiscard]] double start_us(const Kernel& row, bool experts) const {
    if (!experts) return launched(std::min(row.start_us, stack_.start_cap_us));
    if (stack_.expert_start_us > 0.0) return stack_.expert_start_us;
    if (row.format.starts_with("mxfp4")) return row.start_us * stack_.mx_expert_start_factor;
    return std::min(row.start_us, stack_.expert_start_cap_us) * stack_.expert_start_factor;
  }

  /// Zero where the host time of a layer holds the starts of its kernels.
  [[nodiscard]] double launched(double start) const {
    return stack_.launches_in_layer ? 0.0 : start;
  }

  /// Block-scaled checkpoints are labelled fp8 like others.
  [[nodiscard]] std::vector<std::string_view> formats_for(std::string_view operation,
                                                          const Format& format) const {
    const bool blocks = m_.fp8_blocks || (operation == "experts" && stack_.block_experts);
    if (format.id == "fp8" && blocks) return {"fp8_block", "fp8", "bf16"};
    return stand_ins(format, narrow_device());
  }

  /// An engine with kernels of its own reaches its own share of the device.
  void apply_stack(Rates& r, const Format& format, bool experts) const {
    if (stack_.memory_efficiency > 0.0) r.memory = stack_.memory_efficiency * bandwidth_;
    const bool narrow = format.weight_bits < 16.0;
    if (!experts && format.weight_bits <= 4.0 && !r.narrow_inputs)
      r.memory *= stack_.weight_only_memory_factor;
    if (stack_.sharpness > 0.0) r.sharpness = stack_.sharpness;
    const double share = narrow && stack_.quantized_compute_efficiency > 0.0
                             ? stack_.quantized_compute_efficiency
                             : stack_.compute_efficiency;
    if (share <= 0.0) return;
    r.compute = share * products_peak(narrow) * (experts ? stack_.expert_compute_share : 1.0);
    r.narrow_inputs = false;
  }

  /// The rate that the engine's own products run at.
  [[nodiscard]] double products_peak(bool quantised) const {
    const double half = half_peak();
    const double single = peak("fp32");
    const bool slow = p_.gpu->dense_fp16_tflops.value_or(0.0) * kTera < single;
    if (stack_.integer_products && quantised && slow) return std::max(half, peak("int8"));
    return half;
  }

  /// The 16-bit rate of the engine's kernels.
  [[nodiscard]] double half_peak() const {
    const double wide = peak("bf16");
    return stack_.half_accumulation ? std::max(wide, half_accumulation_rate(*p_.gpu).value) : wide;
  }

  void choose_rates() {
    gemm_ = rates("gemm", wide_);
    gemm16_ = rates("gemm", *bf16());
    if (catalog::is_moe(m_)) experts_ = rates("experts", *w_.precision.experts);
  }

  /// The 16-bit format that parts outside a checkpoint's quantization keep.
  [[nodiscard]] const Format* bf16() const {
    static constexpr Format kSixteen{.id = "bf16",
                                     .family = "float",
                                     .weight_bits = 16.0,
                                     .bits_per_weight = 16.0,
                                     .computes_in = "bf16"};
    return &kSixteen;
  }

  [[nodiscard]] bool leaves(std::string_view part) const {
    return wide_.leaves_parts &&
           std::find(m_.wide_parts.begin(), m_.wide_parts.end(), part) != m_.wide_parts.end();
  }

  // ---- matrix products ----

  struct Product {
    double n = 0.0;
    double k = 0.0;
  };

  void add_gemm(std::string_view name,
                double count,
                Product shape,
                bool sixteen_bits = false,
                Per per = Per::token) {
    if (count <= 0.0 || shape.n <= 0.0 || shape.k <= 0.0) return;
    const Rates& r = sixteen_bits ? gemm16_ : gemm_;
    const double weight_bytes = sixteen_bits ? kHalf : wide_.bits_per_weight / 8.0;
    const double input_bytes = r.narrow_inputs ? 1.0 : kHalf;
    StepTerm t{.operation = name, .formula = "S-GEMM", .per = per, .count = count};
    t.start_s = r.start_s;
    t.fixed_s = weight_bytes * shape.n * shape.k * w_.parameter_scale / r.memory;
    t.memory_s = (kHalf * shape.n + input_bytes * shape.k) / r.memory;
    t.compute_s = 2.0 * shape.n * shape.k * w_.parameter_scale / r.compute;
    t.sharpness = r.sharpness;
    out_.terms.push_back(t);
  }

  [[nodiscard]] double heads() const { return real(m_.attention_heads) / tp_; }
  [[nodiscard]] double kv_heads() const { return std::max(1.0, real(m_.kv_heads) / tp_); }

  void add_attention() {
    const double layers = real(parts_.layers.softmax);
    const bool wide = leaves("attention_inputs");
    const double h = real(m_.hidden_size);
    if (catalog::is_mla(m_)) {
      add_latent_attention(layers, wide);
      return;
    }
    const double queries = (m_.attention_output_gate ? 2.0 : 1.0) * heads() * real(m_.head_dim);
    const double values = kv_heads() * real(m_.head_dim + catalog::value_head_dim(m_));
    add_gemm("attention projections", layers, {queries + values, h}, wide);
    add_gemm("attention projections",
             layers,
             {h, heads() * real(catalog::value_head_dim(m_))},
             leaves("attention_output"));
  }

  void add_latent_attention(double layers, bool wide) {
    const double h = real(m_.hidden_size);
    const double latent = real(m_.kv_lora_rank);
    const double nope = real(m_.qk_nope_head_dim);
    const double rope = real(m_.qk_rope_head_dim);
    const double value = real(catalog::value_head_dim(m_));
    const double down = real(m_.q_lora_rank) + latent + rope;
    add_gemm("attention projections", layers, {down, h}, wide);
    const double up_from = m_.q_lora_rank > 0 ? real(m_.q_lora_rank) : h;
    add_gemm("attention projections", layers, {heads() * (nope + rope), up_from}, wide);
    add_gemm("attention projections", layers, {h, heads() * value}, leaves("attention_output"));
    add_absorbed(layers, heads() * (nope + value) * latent);
    if (m_.indexer_heads > 0) {
      const double width = real(m_.indexer_heads * m_.indexer_head_dim);
      add_gemm("indexer", layers, {width, up_from}, wide);
      add_gemm("indexer", layers, {real(m_.indexer_head_dim + m_.indexer_heads), h}, true);
    }
  }

  void add_absorbed(double layers, double weights) {
    StepTerm t{.operation = "absorbed projections", .formula = "S-ABSORB", .count = layers};
    t.start_s = launched(kAbsorbStart);
    t.fixed_s = weights * kHalf / (kAbsorbMemory * bandwidth_);
    t.compute_s = 2.0 * weights / (kAbsorbCompute * peak("bf16"));
    out_.terms.push_back(t);
  }

  void add_linear_attention() {
    const double layers = real(parts_.layers.linear);
    if (layers <= 0.0) return;
    const double h = real(m_.hidden_size);
    const double outputs = real(m_.linear_value_heads * m_.linear_value_head_dim) / tp_;
    const double all = real(parts_.linear.sharded) / tp_ + real(parts_.linear.key_value) / tp_;
    add_gemm("attention projections", layers, {all / h - outputs, h}, leaves("attention_inputs"));
    add_gemm("attention projections", layers, {h, outputs}, leaves("attention_output"));
  }

  void add_element(double count, double starts, double token_bytes) {
    if (count <= 0.0) return;
    StepTerm t{.operation = "norms and activations", .formula = "S-ELEMENT", .count = count};
    t.start_s = launched(starts * kElementStart);
    t.memory_s = token_bytes / (kElementEfficiency * bandwidth_);
    out_.terms.push_back(t);
  }

  void add_elementwise() {
    const bool fused = stack_.fuses_norms && w_.layout.tp > 1;
    if (!fused) add_element(real(m_.layers), 2.0, 2.0 * 8.0 * real(m_.hidden_size));
    add_element(real(parts_.layers.dense), 1.0, 6.0 * real(m_.intermediate_size) / tp_);
  }

  void add_mlp(std::string_view name, double layers, double width, bool wide) {
    const double h = real(m_.hidden_size);
    add_gemm(name, layers, {(m_.gated_mlp ? 2.0 : 1.0) * width, h}, wide);
    add_gemm(name, layers, {h, width}, wide);
  }

  void add_dense_mlp() {
    add_mlp("MLP", real(parts_.layers.dense), real(m_.intermediate_size) / tp_, leaves("mlp"));
  }

  // ---- experts ----

  void add_experts() {
    const double layers = real(parts_.layers.moe);
    if (layers <= 0.0) return;
    const double h = real(m_.hidden_size);
    const double split = std::max(1.0, group_ / ep_);
    const double one = (m_.gated_mlp ? 3.0 : 2.0) * h * real(m_.moe_intermediate_size) / split;
    const Format& f = *w_.precision.experts;
    const double bits =
        f.expert_bits_per_weight > 0.0 ? f.expert_bits_per_weight : f.bits_per_weight;
    const double chosen = real(m_.experts_per_token) / ep_;
    const bool skewed = !experts_.row->gpu.empty();
    const double fullest = skewed || ep_ <= 1.0 ? 1.0 : kFullestRank;
    StepTerm t{.operation = "experts",
               .formula = "S-EXPERTS",
               .per = Per::routed_token,
               .touched = true,
               .count = layers};
    t.start_s = experts_.start_s;
    t.fixed_s =
        fullest * real(m_.experts) / ep_ * one * bits / 8.0 * w_.parameter_scale / experts_.memory;
    t.memory_s = fullest * chosen * 4.0 * h / experts_.memory;
    t.compute_s = fullest * chosen * 2.0 * one / experts_.compute;
    t.sharpness = experts_.sharpness;
    out_.terms.push_back(t);
    add_gemm("router", layers, {real(m_.experts), h}, true);
    constexpr double kNarrowest = 64.0;  // a kernel's tile
    const double shared = real(m_.shared_intermediate_size) / tp_;
    if (shared > 0.0)
      add_mlp("shared experts", layers, std::max(kNarrowest, shared), leaves("shared_experts"));
  }

  // ---- exchanges ----

  void add_exchange(double count, const Collective& c, double token_bytes, Per per) {
    StepTerm t{.operation = "exchange between GPUs",
               .formula = "S-EXCHANGE",
               .resource = Resource::communication,
               .per = per,
               .count = count};
    t.start_s = std::max(c.start.value * stack_.collective_start_factor,
                         stack_.collective_start_floor_us * kMicro);
    t.memory_s = token_bytes * c.seconds_per_byte;
    t.small_memory_s = token_bytes * c.one_shot_seconds_per_byte;
    out_.terms.push_back(t);
  }

  void add_exchanges() {
    const double h = real(m_.hidden_size);
    const double layers = real(m_.layers);
    const bool replicated = w_.layout.attention_dp > 1;
    if (w_.layout.tp > 1) {
      const Collective reduce = collective(p_, engine(), Exchange::all_reduce, w_.layout.tp);
      const double each = replicated || m_.parallel_mlp ? 1.0 : 2.0;
      add_exchange(each * layers, reduce, kHalf * h, Per::token);
      // A norm over all heads needs its sum of squares from every rank.
      if (m_.qk_norm == "full") add_exchange(layers, reduce, 0.0, Per::token);
    }
    if (replicated) {
      const auto group = workload::group_size(w_.layout);
      const Collective gather = collective(p_, engine(), Exchange::all_reduce, group);
      add_exchange(2.0 * layers, gather, 1.5 * h, Per::routed_token);
    }
    add_context_exchange(layers);
    if (w_.layout.pp > 1) add_stages();
  }

  /// Keys and values of the other ranks' tokens pass by.
  void add_context_exchange(double layers) {
    if (w_.layout.cp <= 1) return;
    const Collective gather = collective(p_, {}, Exchange::all_gather, w_.layout.cp);
    const double width = catalog::is_mla(m_) ? real(m_.kv_lora_rank + m_.qk_rope_head_dim)
                                             : 2.0 * kv_heads() * real(m_.head_dim);
    add_exchange(layers, gather, kHalf * width, Per::token);
  }

  void add_stages() {
    const bool across = workload::replica_gpus(w_.layout) > p_.interconnect.node_gpus;
    const Collective send = point_to_point(p_, across);
    const double sends = real(w_.layout.pp - 1);
    out_.send_start_s = sends * send.start.value;
    out_.send_token_s = sends * kHalf * real(m_.hidden_size) * send.seconds_per_byte;
  }

  void add_head() {
    const double width = real(m_.vocab_size) / std::max(tp_, real(w_.layout.attention_dp));
    if (m_.encoder) return;
    const double bits = wide_.head_bits;
    const bool wide = bits >= 16.0;
    add_gemm("head", 1.0, {width, real(m_.hidden_size)}, wide, Per::sampled_sequence);
  }

  // ---- attention to the cache ----

  [[nodiscard]] const Kernel& attention_row(std::string_view operation) const {
    const Format& kv = *w_.precision.kv;
    const std::vector<std::string_view> formats{kv.weight_bits < 16.0 ? "fp8" : "bf16", "bf16"};
    return *(stack_.own_attention_rows ? row_for(operation, formats)
                                       : class_row(operation, formats));
  }

  [[nodiscard]] double share_of_context() const { return 1.0 / real(w_.layout.cp); }

  void add_decode() {
    const Kernel& row = attention_row("decode_attention");
    const double reached =
        stack_.attention_efficiency > 0.0 ? stack_.attention_efficiency : row.memory_efficiency;
    const double kv_bytes = w_.precision.kv->bits_per_weight / 8.0;
    const double start = launched(row.start_us * kMicro);
    if (catalog::is_mla(m_)) {
      add_latent_decode(start, kv_bytes);
      return;
    }
    const double width = real(m_.head_dim + catalog::value_head_dim(m_));
    DecodeTerm t;
    t.start_s = start;
    t.sequence_s = kHalf * heads() * width / (reached * bandwidth_) +
                   launched(row.us_per_sequence_head * kMicro * kv_heads());
    const double read = kv_heads() * width * kv_bytes * rereads();
    t.memory_s = read / (reached * bandwidth_) * share_of_context();
    t.compute_s = 2.0 * heads() * width / peak("bf16") * share_of_context();
    add_decode_layers(t);
  }

  /// How often decode moves the cache: kernels that take query heads one by one read a shared head
  /// again for each, partly out of the last-level cache.
  [[nodiscard]] double rereads() const {
    const double shared = real(m_.attention_heads) / real(std::max<std::int64_t>(1, m_.kv_heads));
    if (stack_.copies_kv_heads) return 2.0 + 2.0 * shared;
    return std::pow(shared, stack_.kv_reread_exponent);
  }

  void add_decode_layers(DecodeTerm t) {
    t.count = real(catalog::full_attention_layers(m_));
    if (t.count > 0.0) out_.decode.push_back(t);
    t.count = real(m_.sliding_layers);
    t.window = real(m_.sliding_window_tokens);
    if (t.count > 0.0) out_.decode.push_back(t);
    if (m_.linear_layers == 0) return;
    DecodeTerm state;
    state.count = real(m_.linear_layers);
    state.start_s = kLinearStarts * t.start_s;
    const double values = real(m_.linear_value_heads * m_.linear_value_head_dim);
    // Read and written in 32 bits.
    state.sequence_s =
        values / tp_ * real(m_.linear_key_head_dim) * 8.0 / (kStateMemory * bandwidth_);
    out_.decode.push_back(state);
  }

  void add_latent_decode(double start, double kv_bytes) {
    const double latent = real(m_.kv_lora_rank);
    const double rope = real(m_.qk_rope_head_dim);
    const std::string_view format = w_.precision.kv->weight_bits < 16.0 ? "fp8" : "bf16";
    DecodeTerm t;
    t.count = real(catalog::full_attention_layers(m_));
    t.start_s = start;
    t.memory_s = (latent + rope) * kv_bytes / (kLatentMemory * bandwidth_) * share_of_context();
    t.compute_s = 2.0 * heads() * (2.0 * latent + rope) / (kLatentCompute * peak(format)) *
                  share_of_context();
    t.window = real(m_.indexer_top_k);
    out_.decode.push_back(t);
    if (m_.indexer_heads > 0) {
      DecodeTerm keys;
      keys.count = t.count;
      keys.start_s = start;
      keys.memory_s = real(m_.indexer_head_dim + 4) / (kLatentMemory * bandwidth_);
      keys.compute_s =
          2.0 * real(m_.indexer_heads * m_.indexer_head_dim) / (kLatentCompute * peak("fp8"));
      out_.decode.push_back(keys);
    }
  }

  void add_prefill() {
    const Kernel& row = *row_for("prefill_attention", {"bf16"});
    const double efficiency = stack_.prompt_attention_efficiency > 0.0
                                  ? stack_.prompt_attention_efficiency
                                  : row.compute_efficiency;
    const double reached = efficiency * half_peak();
    const double width = real(m_.head_dim + catalog::value_head_dim(m_));
    PrefillTerm t;
    t.start_s = launched(row.start_us * kMicro);
    t.pair_s = 2.0 * heads() * width / reached / real(w_.layout.cp);
    if (!catalog::is_mla(m_)) t.token_s = t.pair_s / 2.0 * row.chunk_overhead_tokens;
    t.count = real(catalog::full_attention_layers(m_));
    t.window = real(m_.indexer_top_k);
    if (t.count > 0.0) out_.prefill.push_back(t);
    t.count = real(m_.sliding_layers);
    t.window = real(m_.sliding_window_tokens);
    if (t.count > 0.0) out_.prefill.push_back(t);
    if (m_.linear_layers > 0) add_linear_prefill(t.start_s);
  }

  /// A scan over chunks of the prompt, bound by its intermediate values.
  void add_linear_prefill(double start_s) {
    const double values = real(m_.linear_value_heads * m_.linear_value_head_dim) / tp_;
    PrefillTerm t;
    t.count = real(m_.linear_layers);
    t.start_s = start_s;
    t.token_s = kScanPasses * values * 8.0 / bandwidth_;
    out_.prefill.push_back(t);
  }

  // ---- host and drafts ----

  static bool multiplies_narrow(const Format& f) {
    return f.computes_in == "fp8" || f.computes_in == "fp4";
  }

  void add_host() {
    const double layers = real(m_.layers);
    double layer_us = stack_.layer_us;
    if (catalog::is_mla(m_)) layer_us += stack_.mla_layer_us;
    if (catalog::is_mla(m_) && wide_.family == "fp8") layer_us += stack_.narrow_mla_layer_us;
    if (m_.indexer_heads > 0) layer_us += stack_.sparse_layer_us;
    if (m_.linear_layers > 0) layer_us += stack_.linear_layer_us;
    if (w_.layout.ep > 1) layer_us += stack_.spread_expert_us;
    if (workload::group_size(w_.layout) > 1) layer_us += stack_.parallel_layer_us;
    if (catalog::is_moe(m_) && multiplies_narrow(*w_.precision.experts))
      layer_us += stack_.narrow_expert_us;
    const double experts_us = stack_.looped_expert_us * real(m_.experts) * real(parts_.layers.moe);
    out_.host.step_s = stack_.step_ms * 1e-3 + (layers * layer_us + experts_us) * kMicro;
    out_.host.sequence_s = stack_.sequence_us * kMicro;
    double prompt_us = stack_.prompt_layer_us;
    if (catalog::is_moe(m_) && stack_.prompt_expert_layer_us > 0.0)
      prompt_us = stack_.prompt_expert_layer_us;
    if (m_.linear_layers > 0) prompt_us += stack_.prompt_linear_layer_us;
    const double other_ranks = real(workload::replica_gpus(w_.layout) - 1);
    out_.host.prompt_s = layers * prompt_us * kMicro + other_ranks * stack_.prompt_rank_ms * 1e-3;
    out_.host.overlaps = stack_.host_overlaps;
  }

  void add_offloaded() {
    if (!w_.settings.gpu_layers || p_.host == nullptr) return;
    const double all = total(checkpoint_weights(w_)).value;
    Inference whole = w_;
    whole.settings.gpu_layers.reset();
    const double left = (host_weights(w_) - host_weights(whole)).value;
    if (left <= 0.0 || all <= 0.0) return;
    const double host_reached = kElementEfficiency * bandwidth(*p_.host).value;
    out_.offloaded.share = std::min(1.0, left / all);
    out_.offloaded.slowdown = std::max(1.0, gemm_.memory / host_reached);
    out_.offloaded.copy_s = left / (kElementEfficiency * p_.interconnect.host_bus.value);
  }

  void add_draft() {
    const std::int64_t drafts = w_.settings.draft_tokens.value_or(0);
    if (drafts <= 0) return;
    out_.draft_tokens = real(drafts);
    out_.draft_share = 1.0 / real(m_.layers);
  }

  const Inference& w_;
  const Model& m_;
  const Platform& p_;
  const Stack& stack_;
  Parameters parts_;
  double bandwidth_;
  double tp_;
  double group_;
  double ep_;
  const Format& wide_;
  Rates gemm_;
  Rates gemm16_;
  Rates experts_;
  StepModel out_;
};

}  // namespace

StepModel step_model(const Inference& w, const Platform& platform, const Stack& stack) {
  return Builder(w, platform, stack).build();
}

}  // namespace dsplan::estimate
