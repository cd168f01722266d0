#include "dsplan/estimate/flops.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/estimate/kv_cache.hpp"
#include "dsplan/estimate/parameters.hpp"
#include "dsplan/estimate/weights.hpp"

#include "arithmetic.hpp"

namespace dsplan::estimate {
namespace {

using catalog::Model;
using workload::Inference;

double query_key_value_width(const Model& m) {
  return real(m.attention_heads * (m.head_dim + catalog::value_head_dim(m)));
}

double expert_share_touched(const Model& m, double tokens) {
  if (!catalog::is_moe(m)) return 0.0;
  const double share = real(m.experts_per_token) / real(m.experts);
  return 1.0 - std::pow(1.0 - share, tokens);
}

Bytes weight_read(const Inference& w) {
  const WeightBytes all = checkpoint_weights(w);
  const bool tied = all.head.value == 0.0;
  const Bytes head = tied ? all.embedding : all.head;
  const Bytes experts = all.experts * expert_share_touched(*w.model, real(w.batch));
  return bytes(std::ceil((head + all.attention + all.mlp + all.small + experts).value));
}

Bytes kv_read(const Inference& w) {
  Inference one = w;
  one.layout = {};
  const Stage stage = stages(one).front();
  return total(kv_cache(one, stage, w.batch, workload::context_tokens(w), 0));
}

}  // namespace

Flops linear_flops_per_token(const Model& model) {
  const Parameters p = parameters(model);
  const std::int64_t count =
      p.layers.softmax * matrices(p.softmax) + p.layers.linear * matrices(p.linear) +
      p.layers.dense * matrices(p.dense) + p.layers.moe * matrices(p.moe_active);
  return flops(2.0 * real(count));
}

Flops head_flops_per_token(const Model& model) {
  return flops(2.0 * real(model.vocab_size * model.hidden_size));
}

Flops attention_flops(const Model& m, double tokens) {
  const double windowed =
      m.sliding_window_tokens > 0 ? std::min(tokens, real(m.sliding_window_tokens)) : tokens;
  const double attended =
      real(catalog::full_attention_layers(m)) * tokens + real(m.sliding_layers) * windowed;
  return flops(2.0 * query_key_value_width(m) * attended);
}

Flops prompt_attention_flops(const Model& m, std::int64_t prompt_tokens) {
  const double s = real(prompt_tokens);
  const double w = m.sliding_window_tokens > 0 ? std::min(s, real(m.sliding_window_tokens)) : s;
  const double full = s * s / 2.0;
  const double windowed = w * s - w * w / 2.0;
  const double attended =
      real(catalog::full_attention_layers(m)) * full + real(m.sliding_layers) * windowed;
  return flops(2.0 * query_key_value_width(m) * attended);
}

InferenceFlops inference_flops(const Inference& w) {
  const Model& m = *w.model;
  const double batch = real(w.batch);
  const double tokens = batch * real(w.input_tokens);
  InferenceFlops f;
  f.prefill_linear = linear_flops_per_token(m) * (tokens * w.parameter_scale);
  f.prefill_attention = prompt_attention_flops(m, w.input_tokens) * batch;
  f.prefill_head = head_flops_per_token(m) * batch;
  f.decode_linear = linear_flops_per_token(m) * w.parameter_scale + head_flops_per_token(m);
  f.decode_attention = attention_flops(m, real(workload::context_tokens(w)));
  f.weight_read = weight_read(w);
  f.kv_read = kv_read(w);
  return f;
}

double arithmetic_intensity(const InferenceFlops& f, std::int64_t batch) {
  const Bytes read = f.weight_read + f.kv_read;
  return decode_total(f).value * real(batch) / read.value;
}

namespace {

/// One layer of multi-token prediction: a decoder layer and the projection before it.
Flops mtp_flops_per_token(const Model& m) {
  const Parameters p = parameters(m);
  const std::int64_t mlp = catalog::is_moe(m) ? matrices(p.moe_active) : matrices(p.dense);
  return flops(2.0 * real(matrices(p.softmax) + mlp + 2 * m.hidden_size * m.hidden_size));
}

}  // namespace

TrainingFlops training_flops(const workload::Training& t) {
  const Model& m = *t.model;
  const double sequences = real(t.global_batch);
  const double tokens = sequences * real(t.seq_len);
  const double passes = t.method == workload::Method::full ? 3.0 : 2.0;
  const double mtp = real(t.mtp_layers);
  TrainingFlops f;
  f.linear = (linear_flops_per_token(m) + mtp_flops_per_token(m) * mtp) *
             (passes * tokens * t.parameter_scale);
  f.attention = prompt_attention_flops(m, t.seq_len) * (3.0 * sequences) *
                (1.0 + mtp / real(std::max<std::int64_t>(m.layers - m.linear_layers, 1)));
  f.head = head_flops_per_token(m) * (passes * tokens * (1.0 + mtp));
  return f;
}

}  // namespace dsplan::estimate
