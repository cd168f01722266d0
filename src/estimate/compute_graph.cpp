#include "dsplan/estimate/compute_graph.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "dsplan/estimate/graph_allocator.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Model;

constexpr std::int64_t kWide = 4;   // bytes of a 32-bit float or integer
constexpr std::int64_t kHalf = 2;   // bytes of a 16-bit float
constexpr std::int64_t kIndex = 8;  // bytes of a row number of the cache
constexpr std::int64_t kCellRounding = 256;
constexpr std::int64_t kHostAlignment = 32;
constexpr std::int64_t kDeviceAlignment = 128;
constexpr std::int64_t kPipelineCopies = 4;
constexpr std::int64_t kDeltaChunk = 64;  // tokens that a DeltaNet layer works on at once

constexpr std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// ---- Which layer is what

/// From one of `count` special layers to the next; 1 where there are none.
std::int64_t spacing(std::int64_t count, std::int64_t layers) {
  return count > 0 ? std::max<std::int64_t>(1, layers / count) : 1;
}

/// Of `count` special layers, each the last of a period: is this one?
bool ends_period(std::int64_t layer, std::int64_t count, std::int64_t layers) {
  return count > 0 && (layer + 1) % spacing(count, layers) == 0;
}

bool has_window(const Model& m) {
  return m.sliding_window_tokens > 0 && m.sliding_layers > 0 && m.sliding_layers < m.layers;
}

bool has_all_cells(const Model& m, std::int64_t layer) {
  const std::int64_t full = catalog::full_attention_layers(m);
  return full == m.layers || ends_period(layer, full, m.layers);
}

bool is_windowed(const Model& m, std::int64_t layer) {
  return has_window(m) && !has_all_cells(m, layer);
}

bool is_linear(const Model& m, std::int64_t layer) {
  return m.linear_layers > 0 && !has_all_cells(m, layer);
}

bool is_rotary(const Model& m, std::int64_t layer) {
  return m.learned_positions == 0 && !ends_period(layer, m.nope_layers, m.layers);
}

bool takes_turns(const Model& m) { return 2 * m.moe_layers == m.layers; }

bool has_experts(const Model& m, std::int64_t layer) {
  if (!catalog::is_moe(m)) return false;
  return takes_turns(m) ? layer % 2 == 1 : layer >= m.layers - m.moe_layers;
}

bool is_layer_norm(const Model& m) { return m.layer_norm || m.norm_bias; }
bool is_parallel(const Model& m) { return m.parallel_mlp || m.norms_per_layer == 1; }
bool norms_results(const Model& m) { return m.norms_after || m.norms_per_layer > 2; }

/// After how many layers their kinds repeat, dense layers at the start apart.
std::int64_t period_of(const Model& m) {
  const bool mixed = has_window(m) || m.linear_layers > 0;
  const std::int64_t full = mixed ? catalog::full_attention_layers(m) : 0;
  const std::int64_t attention = spacing(full, m.layers);
  const std::int64_t rotary = spacing(m.nope_layers, m.layers);
  return std::lcm(std::lcm(attention, rotary), takes_turns(m) ? 2 : 1);
}

// ---- The pass

/// The layers of one device.
struct Part {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  bool host = false;
  std::int64_t copies = 1;
};

/// Row numbers and mask of the caches of one kind; made when the first layer needs them.
struct CacheInputs {
  std::int64_t cells = 0;
  TensorRef key_rows;
  TensorRef value_rows;
  TensorRef mask;
};

/// One head's widths, as the cache sees them.
struct Heads {
  std::int64_t kv = 0;
  std::int64_t value = 0;
  std::int64_t output = 0;  ///< of a head, after attention
  bool absorbed = false;    ///< MLA: the values still are latents after attention
};

struct Pass {
  Pass(const Model& model, const Part& held) : m(model), part(held) {}

  const Model& m;
  Part part;
  std::int64_t tokens = 0;
  bool flash = false;
  Heads heads;
  CacheInputs full;
  CacheInputs window;
  TensorRef positions;
  TensorRef outputs;  ///< which tokens need logits
  TensorRef query_scale;
  TensorRef handed_norm;  ///< the norm of the first layer's input, from the device before
  AllocationGraph graph;

  /// Bytes of `width` 32-bit values a token.
  [[nodiscard]] std::int64_t rows(std::int64_t width) const { return width * tokens * kWide; }
  [[nodiscard]] std::int64_t hidden() const { return rows(m.hidden_size); }
};

TensorRef once(Pass& p, TensorRef& input, std::int64_t size) {
  if (!exists(input)) input = p.graph.input(size);
  return input;
}

TensorRef positions(Pass& p) { return once(p, p.positions, p.rows(1)); }

TensorRef norm(Pass& p, TensorRef x, std::int64_t width) {
  return is_layer_norm(p.m) ? p.graph.fresh(p.rows(width), {x})
                            : p.graph.in_place(p.rows(width), {x});
}

/// The norm of a layer's input, of which the device before may have sent the part without weights.
TensorRef input_norm(Pass& p, TensorRef x) {
  if (!exists(p.handed_norm)) return norm(p, x, p.m.hidden_size);
  return p.graph.fresh(p.hidden(), {std::exchange(p.handed_norm, {})});
}

TensorRef result_norm(Pass& p, TensorRef y) {
  return norms_results(p.m) ? norm(p, y, p.m.hidden_size) : y;
}

TensorRef add(Pass& p, TensorRef a, TensorRef b) { return p.graph.in_place(p.hidden(), {a, b}); }

// ---- Softmax attention

/// Queries, keys and values before they are views of the cache.
struct Projected {
  TensorRef query;
  TensorRef key;
  TensorRef value;
  TensorRef gate;
};

TensorRef project(Pass& p, TensorRef x, std::int64_t width) {
  return p.graph.fresh(p.rows(width), {x});
}

/// Norm and rotation of one of query and key, made from a view of the projection's heads.
TensorRef turned(Pass& p, TensorRef projected, std::int64_t width, bool rotary) {
  TensorRef t = view(projected);
  if (p.m.qk_norm == "head" || p.m.qk_norm_by_head) t = norm(p, t, width);
  if (rotary) t = p.graph.in_place(p.rows(width), {t, positions(p)});
  return t;
}

TensorRef full_norm(Pass& p, TensorRef projected, std::int64_t width) {
  return p.m.qk_norm == "full" && !p.m.qk_norm_by_head ? norm(p, projected, width) : projected;
}

TensorRef scaled_query(Pass& p, TensorRef query, std::int64_t width) {
  if (!p.m.nope_query_scale) return query;
  return p.graph.in_place(p.rows(width), {query, once(p, p.query_scale, p.rows(1))});
}

Projected project_fused(Pass& p, TensorRef x, bool rotary) {
  const std::int64_t query = p.m.attention_heads * p.m.head_dim;
  const std::int64_t key = p.m.kv_heads * p.m.head_dim;
  const std::int64_t value = p.m.kv_heads * catalog::value_head_dim(p.m);
  const TensorRef all = project(p, x, query + key + value);
  Projected r;
  r.query = turned(p, all, query, rotary);
  r.value = view(all);
  r.key = turned(p, all, key, rotary);
  return r;
}

/// Windowed graphs make keys before values, others after; the order decides which block is taken.
Projected project_separate(Pass& p, TensorRef x, bool rotary) {
  const std::int64_t query = p.m.attention_heads * p.m.head_dim;
  const std::int64_t key = p.m.kv_heads * p.m.head_dim;
  const std::int64_t value = p.m.kv_heads * catalog::value_head_dim(p.m);
  Projected r;
  const std::int64_t made = p.m.attention_output_gate ? 2 * query : query;
  const TensorRef wide = full_norm(p, project(p, x, made), made);
  if (p.m.attention_output_gate) r.gate = view(wide);
  r.query = turned(p, wide, query, rotary);
  if (!rotary) r.query = scaled_query(p, r.query, query);
  const bool value_first = !has_window(p.m);
  if (value_first) r.value = view(project(p, x, value));
  r.key = turned(p, full_norm(p, project(p, x, key), key), key, rotary);
  if (!value_first) r.value = view(project(p, x, value));
  return r;
}

/// MLA with the key's up-projection absorbed into the query: one head of latents for all.
Projected project_latent(Pass& p, TensorRef x) {
  const Model& m = p.m;
  const std::int64_t latent = m.kv_lora_rank + m.qk_rope_head_dim;
  TensorRef query = x;
  if (m.q_lora_rank > 0) query = norm(p, project(p, x, m.q_lora_rank), m.q_lora_rank);
  query = project(p, query, m.attention_heads * (m.qk_nope_head_dim + m.qk_rope_head_dim));
  const TensorRef turned_query =
      p.graph.fresh(p.rows(m.attention_heads * m.qk_rope_head_dim), {view(query), positions(p)});
  const TensorRef absorbed = project(p, view(query), m.attention_heads * m.kv_lora_rank);
  Projected r;
  r.query = p.graph.fresh(p.rows(m.attention_heads * latent), {turned_query, view(absorbed)});
  const TensorRef compressed = project(p, x, latent);
  const TensorRef value = norm(p, view(compressed), m.kv_lora_rank);
  const TensorRef turned_key =
      p.graph.fresh(p.rows(m.qk_rope_head_dim), {view(compressed), positions(p)});
  r.key = p.graph.fresh(p.rows(latent), {turned_key, view(value)});
  r.value = view(value);
  return r;
}

/// Devices after the first receive the 16-bit mask; the others make it from the 32-bit input.
TensorRef mask(Pass& p, CacheInputs& cache) {
  if (exists(cache.mask)) return cache.mask;
  const std::int64_t values = cache.cells * p.tokens;
  const bool received = p.flash && p.part.begin > 0;
  cache.mask = p.graph.input(values * (received ? kHalf : kWide));
  if (p.flash && !received) cache.mask = p.graph.fresh(values * kHalf, {cache.mask});
  return cache.mask;
}

/// Without flash attention values are stored transposed, each with a row number of its own.
void store(Pass& p, CacheInputs& cache, const Projected& made) {
  const std::int64_t values = p.flash ? p.tokens : p.tokens * p.heads.kv * p.heads.value;
  p.graph.read({view(made.key), once(p, cache.key_rows, p.tokens * kIndex)});
  p.graph.read({view(made.value), once(p, cache.value_rows, values * kIndex)});
}

TensorRef attend_flash(Pass& p, CacheInputs& cache, TensorRef query) {
  const std::int64_t heads = p.m.attention_heads;
  TensorRef o = p.graph.fresh(p.rows(heads * p.heads.value), {view(query), mask(p, cache)});
  if (!p.heads.absorbed) return view(o);
  o = project(p, view(o), heads * p.heads.output);
  return view(p.graph.fresh(p.rows(heads * p.heads.output), {view(o)}));
}

TensorRef attend_scores(Pass& p, CacheInputs& cache, TensorRef query) {
  const std::int64_t heads = p.m.attention_heads;
  const TensorRef scores = p.graph.fresh(p.rows(heads * cache.cells), {view(query)});
  const TensorRef weights = p.graph.in_place(p.rows(heads * cache.cells), {scores, mask(p, cache)});
  TensorRef o = p.graph.fresh(p.rows(heads * p.heads.value), {weights});
  if (p.heads.absorbed) o = project(p, o, heads * p.heads.output);
  return p.graph.fresh(p.rows(heads * p.heads.output), {view(o)});
}

TensorRef gated(Pass& p, TensorRef o, TensorRef gate) {
  if (!exists(gate)) return o;
  const std::int64_t size = p.rows(p.m.attention_heads * p.heads.output);
  const TensorRef factor = p.graph.fresh(size, {gate});
  return p.graph.in_place(size, {o, factor});
}

/// Up to what the output projection reads.
TensorRef attend(Pass& p, TensorRef x, std::int64_t layer) {
  const bool rotary = is_rotary(p.m, layer);
  const Projected made = catalog::is_mla(p.m) ? project_latent(p, x)
                         : p.m.fused_qkv      ? project_fused(p, x, rotary)
                                              : project_separate(p, x, rotary);
  CacheInputs& cache = is_windowed(p.m, layer) ? p.window : p.full;
  store(p, cache, made);
  const TensorRef o =
      p.flash ? attend_flash(p, cache, made.query) : attend_scores(p, cache, made.query);
  return gated(p, o, made.gate);
}

// ---- MLP and experts

TensorRef dense_mlp(Pass& p, TensorRef x, std::int64_t width) {
  if (!p.m.gated_mlp) return project(p, project(p, x, width), p.m.hidden_size);
  if (p.m.fused_gate_up) {
    const TensorRef both = project(p, x, 2 * width);
    return project(p, p.graph.fresh(p.rows(width), {both}), p.m.hidden_size);
  }
  const TensorRef gate = project(p, x, width);
  const TensorRef up = project(p, x, width);
  return project(p, p.graph.fresh(p.rows(width), {gate, up}), p.m.hidden_size);
}

/// Scores with those of the groups that were not chosen overwritten.
TensorRef within_groups(Pass& p, TensorRef scores) {
  const Model& m = p.m;
  if (m.expert_groups <= 1) return scores;
  const std::int64_t kept = m.experts / m.expert_groups * m.expert_groups_per_token;
  const TensorRef sorted = p.graph.fresh(p.rows(m.experts), {view(scores)});
  const TensorRef best_two =
      p.graph.fresh(p.rows(2 * m.expert_groups), {view(scores), view(sorted)});
  const TensorRef sums = p.graph.fresh(p.rows(m.expert_groups), {view(best_two)});
  const TensorRef groups = p.graph.fresh(p.rows(m.expert_groups), {view(sums)});
  const TensorRef chosen = p.graph.fresh(p.rows(kept), {view(scores), view(groups)});
  const TensorRef masked = p.graph.fresh(p.rows(m.experts), {view(scores)});
  p.graph.read({chosen, view(groups), masked});
  return view(masked);
}

struct Routing {
  TensorRef chosen;
  TensorRef weights;
};

/// Weights of the chosen experts: softmax over them, or renormalised and perhaps scaled.
TensorRef finished_weights(Pass& p, TensorRef weights) {
  const std::int64_t size = p.rows(p.m.experts_per_token);
  if (p.m.router_scales_input) return weights;
  if (p.m.router_score == "softmax_top") return p.graph.fresh(size, {view(weights)});
  const TensorRef sum = p.graph.fresh(p.rows(1), {view(weights)});
  const TensorRef bounded = p.graph.fresh(p.rows(1), {sum});
  const TensorRef shares = p.graph.in_place(size, {view(weights), bounded});
  return p.m.router_score == "sigmoid" ? p.graph.fresh(size, {view(shares)}) : shares;
}

/// With a correction, the choice and the weights come from different scores.
Routing route(Pass& p, TensorRef x) {
  const Model& m = p.m;
  const std::int64_t size = p.rows(m.experts);
  const TensorRef logits = project(p, x, m.experts);
  TensorRef scores = logits;
  TensorRef ranked = logits;
  if (m.router_scales_input) {
    scores = p.graph.fresh(size, {logits});
  } else if (m.router_bias && !m.expert_bias) {
    ranked = p.graph.fresh(size, {scores});
  }
  Routing r;
  r.chosen = view(p.graph.fresh(size, {within_groups(p, ranked)}));
  const TensorRef weights = p.graph.fresh(p.rows(m.experts_per_token), {view(scores), r.chosen});
  r.weights = finished_weights(p, weights);
  return r;
}

TensorRef routed_experts(Pass& p, TensorRef x) {
  const std::int64_t wide = p.rows(p.m.moe_intermediate_size * p.m.experts_per_token);
  const std::int64_t outs = p.rows(p.m.hidden_size * p.m.experts_per_token);
  const Routing r = route(p, x);
  TensorRef in = view(x);
  if (p.m.router_scales_input) {
    in = p.graph.fresh(outs, {in});
    p.graph.read({view(r.weights)});
  }
  const TensorRef gate = p.graph.fresh(wide, {in, r.chosen});
  const TensorRef up = p.graph.fresh(wide, {in, r.chosen});
  const TensorRef inner = p.graph.fresh(wide, {gate, up});
  const TensorRef each = p.graph.fresh(outs, {inner, r.chosen});
  if (!p.m.router_scales_input) p.graph.read({view(r.weights)});
  return p.graph.fresh(p.hidden(), {view(each)});
}

TensorRef moe_mlp(Pass& p, TensorRef x) {
  const TensorRef routed = routed_experts(p, x);
  if (p.m.shared_intermediate_size == 0) return routed;
  const TensorRef shared = dense_mlp(p, x, p.m.shared_intermediate_size);
  if (p.m.shared_expert_gate) p.graph.read({project(p, x, 1)});
  return add(p, routed, shared);
}

TensorRef mlp(Pass& p, TensorRef x, std::int64_t layer) {
  return has_experts(p.m, layer) ? moe_mlp(p, x) : dense_mlp(p, x, p.m.intermediate_size);
}

// ---- Linear attention

/// Queries and keys, repeated up to the heads of the values, and values.
struct DeltaInputs {
  TensorRef query;
  TensorRef key;
  TensorRef value;
};

/// The convolution over queries, keys and values together; its result is read in three parts.
DeltaInputs convolved(Pass& p, TensorRef projected) {
  const Model& m = p.m;
  const std::int64_t keys = m.linear_value_heads * m.linear_key_head_dim;
  const std::int64_t values = m.linear_value_heads * m.linear_value_head_dim;
  const std::int64_t channels = 2 * m.linear_key_heads * m.linear_key_head_dim + values;
  const TensorRef with_tail = p.graph.fresh(p.rows(channels), {view(projected)});
  const TensorRef mixed = p.graph.fresh(p.rows(channels), {with_tail});
  DeltaInputs r;
  r.query = p.graph.fresh(p.rows(keys), {view(mixed)});
  r.key = p.graph.fresh(p.rows(keys), {view(mixed)});
  r.value = p.graph.fresh(p.rows(values), {view(mixed)});
  return r;
}

/// The gated delta rule: within a chunk a triangular system, from chunk to chunk a state.
TensorRef linear_attend(Pass& p, TensorRef x) {
  const Model& m = p.m;
  const std::int64_t values = p.rows(m.linear_value_heads * m.linear_value_head_dim);
  const std::int64_t keys = p.rows(m.linear_value_heads * m.linear_key_head_dim);
  const std::int64_t square = p.rows(m.linear_value_heads * kDeltaChunk);
  const std::int64_t key_width = m.linear_key_heads * m.linear_key_head_dim;
  const std::int64_t width = 2 * (key_width + m.linear_value_heads * m.linear_value_head_dim);
  const TensorRef projected = project(p, x, width);
  const DeltaInputs in = convolved(p, projected);
  const TensorRef decay = p.graph.fresh(square, {view(in.key)});
  const TensorRef products = p.graph.fresh(square, {view(in.key), decay});
  const TensorRef solved = p.graph.fresh(square, {products});
  const TensorRef news = p.graph.fresh(values, {view(in.value), solved});
  const TensorRef decayed = p.graph.fresh(keys, {view(in.key), solved});
  const TensorRef made = p.graph.fresh(values, {view(in.query), news, decayed, decay});
  const TensorRef gate = p.graph.fresh(values, {view(projected)});
  return p.graph.in_place(values, {made, gate});
}

// ---- Layers and ends

/// In the last layer, only the tokens that need logits go on after attention.
TensorRef selected(Pass& p, TensorRef x, std::int64_t layer) {
  if (layer + 1 < p.m.layers) return x;
  return p.graph.fresh(p.hidden(), {x, once(p, p.outputs, p.rows(1))});
}

TensorRef layer_output(Pass& p, TensorRef attended, TensorRef residual, std::int64_t layer) {
  const TensorRef a = selected(p, project(p, attended, p.m.hidden_size), layer);
  const TensorRef rest = selected(p, residual, layer);
  const TensorRef sum = add(p, result_norm(p, a), rest);
  const TensorRef in = p.m.norms_after ? sum : norm(p, sum, p.m.hidden_size);
  const TensorRef y = result_norm(p, mlp(p, in, layer));
  // The order decides which of the two places the sum takes. Graphs of models whose projections
  // are all fused put the residual first.
  return p.m.fused_qkv && p.m.fused_gate_up ? add(p, sum, y) : add(p, y, sum);
}

/// Attention and MLP side by side: the MLP runs before the output projection of attention. With one
/// norm a layer they share it.
TensorRef parallel_output(
    Pass& p, TensorRef attended, TensorRef normed, TensorRef residual, std::int64_t layer) {
  const bool shared = p.m.norms_per_layer == 1;
  TensorRef in = normed;
  if (shared) in = selected(p, normed, layer);
  if (!shared) residual = selected(p, residual, layer);
  if (!shared) in = norm(p, residual, p.m.hidden_size);
  const TensorRef y = mlp(p, in, layer);
  if (shared) residual = selected(p, residual, layer);
  const TensorRef sum = add(p, y, residual);
  return add(p, sum, selected(p, project(p, attended, p.m.hidden_size), layer));
}

TensorRef run_layer(Pass& p, TensorRef x, std::int64_t layer) {
  const TensorRef in = p.m.norms_after ? x : input_norm(p, x);
  const TensorRef attended = is_linear(p.m, layer) ? linear_attend(p, in) : attend(p, in, layer);
  return is_parallel(p.m) ? parallel_output(p, attended, in, x, layer)
                          : layer_output(p, attended, x, layer);
}

/// The host looks tokens up; a device gets them embedded, or what the device before made of them.
TensorRef first_input(Pass& p) {
  if (!p.part.host) return p.graph.input(p.hidden());
  const TensorRef embedded = p.graph.fresh(p.hidden(), {p.graph.input(p.rows(1))});
  if (p.m.learned_positions == 0) return embedded;
  return add(p, embedded, p.graph.fresh(p.hidden(), {positions(p)}));
}

void finish(Pass& p, TensorRef x) {
  if (p.part.end < p.m.layers) {
    if (!p.m.norms_after) norm(p, x, p.m.hidden_size);
    return;
  }
  const TensorRef last = p.m.final_norm ? norm(p, x, p.m.hidden_size) : x;
  p.graph.keep(last);
  if (!p.m.encoder) p.graph.keep(project(p, last, p.m.vocab_size));
}

// ---- Setting to passes

// Where the allocator puts a layer's tensors comes back after some layers. Whole pairs of periods
// that also are a multiple of six layers cover the cycles of every model in the catalog. Both ends
// stay: there the allocator has yet to settle, or the last layers read what others do not.
constexpr std::int64_t kPeriodsKept = 2;
constexpr std::int64_t kLayersOfCycles = 6;

struct Skip {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// The layers in the middle of a part that need no replay.
Skip skipped(const Model& m, const Part& part, Layers layers) {
  const std::int64_t period = period_of(m);
  const bool dense_first = catalog::is_moe(m) && !takes_turns(m);
  const std::int64_t uneven = dense_first ? m.layers - m.moe_layers : 0;
  const std::int64_t begin = std::max(part.begin, uneven) + kPeriodsKept * period;
  const std::int64_t spare = part.end - begin - kPeriodsKept * period;
  if (layers == Layers::all || spare <= 0) return {};
  const std::int64_t step = std::lcm(2 * period, kLayersOfCycles);
  return {begin, begin + spare - spare % std::max<std::int64_t>(step, 1)};
}

Heads heads_of(const Model& m) {
  const std::int64_t value = catalog::value_head_dim(m);
  if (catalog::is_mla(m)) return {1, m.kv_lora_rank, value, true};
  return {m.kv_heads, value, value, false};
}

Pass pass_of(const Model& m, const GraphSetting& s, const Part& part) {
  Pass p(m, part);
  // Beside recurrent states, the build gives each sequence cells for all of them together.
  const std::int64_t share = m.linear_layers > 0 ? s.sequences : 1;
  const std::int64_t cells = round_up(s.context * share, kCellRounding);
  const std::int64_t step = std::min(s.step_tokens, s.context * s.sequences);
  p.tokens = round_up(step, s.sequences);
  p.flash = s.flash_attention;
  p.heads = heads_of(m);
  p.full.cells = cells;
  p.window.cells = std::min(cells, round_up(m.sliding_window_tokens + step, kCellRounding));
  return p;
}

std::int64_t part_peak(const Model& m, const GraphSetting& s, const Part& part, Layers layers) {
  Pass p = pass_of(m, s, part);
  const Skip skip = skipped(m, part, layers);
  TensorRef x = first_input(p);
  if (part.begin > 0 && !m.norms_after) p.handed_norm = p.graph.input(p.hidden());
  for (std::int64_t layer = part.begin; layer < part.end; ++layer) {
    if (layer == skip.begin && skip.end > skip.begin) layer = skip.end;
    x = run_layer(p, x, layer);
  }
  finish(p, x);
  if (part.copies > 1) p.graph.multiply_inputs(part.copies);
  return p.graph.peak(part.host ? kHostAlignment : kDeviceAlignment);
}

/// The head counts as one more layer, on the last device.
Part device_part(const Model& m, std::int64_t devices, std::int64_t device) {
  const auto start = [&](std::int64_t d) {
    return std::min(m.layers, (d * (m.layers + 1) + devices - 1) / devices);
  };
  return {start(device), start(device + 1), false, devices > 1 ? kPipelineCopies : 1};
}

}  // namespace

Bytes compute_buffer(const Model& model, const GraphSetting& setting, Layers layers) {
  if (setting.devices == 0) {
    return bytes(static_cast<double>(part_peak(model, setting, {0, model.layers, true}, layers)));
  }
  std::int64_t most = 0;
  for (std::int64_t device = 0; device < setting.devices; ++device) {
    const Part part = device_part(model, setting.devices, device);
    most = std::max(most, part_peak(model, setting, part, layers));
  }
  return bytes(static_cast<double>(most));
}

}  // namespace dsplan::estimate
