#include "dsplan/workload/training.hpp"

#include <algorithm>

namespace dsplan::workload {
namespace {

std::string text(std::int64_t n) { return std::to_string(n); }

Sharding named_sharding(std::string_view name) {
  return zero_stage(name.starts_with("zero") ? name.back() - '0' : 0);
}

std::string batch_obstacle(const Training& t) {
  const std::int64_t at_once = t.micro_batch * t.layout.dp;
  if (t.global_batch % at_once == 0) return {};
  return "the global batch of " + text(t.global_batch) + " is no multiple of " + text(at_once) +
         " (micro-batch " + text(t.micro_batch) + " x dp " + text(t.layout.dp) + ")";
}

std::string stage_obstacle(const Training& t) {
  if (t.layout.pp <= t.model->layers) return {};
  return "pp " + text(t.layout.pp) + " exceeds the " + text(t.model->layers) + " layers";
}

std::string interleave_obstacle(const Training& t) {
  if (t.vpp == 1) return {};
  if (t.layout.pp == 1) return "vpp " + text(t.vpp) + " needs pipeline stages (pp above 1)";
  if (t.model->layers % (t.layout.pp * t.vpp) != 0) {
    return "pp x vpp = " + text(t.layout.pp * t.vpp) + " does not divide the " +
           text(t.model->layers) + " layers";
  }
  if (micro_batches(t) % t.layout.pp != 0) {
    return "vpp above 1 needs micro-batches in multiples of pp " + text(t.layout.pp) + ", not " +
           text(micro_batches(t));
  }
  return {};
}

std::string tensor_obstacle(const Training& t) {
  const catalog::Model& m = *t.model;
  const std::int64_t tp = t.layout.tp;
  if (m.attention_heads % tp != 0)
    return "tp " + text(tp) + " does not divide the " + text(m.attention_heads) +
           " attention heads";
  if (!catalog::is_mla(m) && m.kv_heads > 0 && m.kv_heads % tp != 0 && tp % m.kv_heads != 0)
    return "tp " + text(tp) + " and the " + text(m.kv_heads) +
           " KV heads do not divide one another";
  return {};
}

std::string sequence_obstacle(const Training& t) {
  const std::int64_t parts = t.layout.cp * (sequence_parallel(t) ? t.layout.tp : 1);
  if (t.seq_len % parts == 0) return {};
  return "the sequence of " + text(t.seq_len) + " tokens is no multiple of " + text(parts) +
         " (cp x tp)";
}

std::string expert_obstacle(const Training& t) {
  const std::int64_t ep = t.layout.ep;
  if (ep == 1) return {};
  if (!catalog::is_moe(*t.model)) return "ep " + text(ep) + " needs a model with experts";
  if (t.model->experts % ep != 0)
    return "ep " + text(ep) + " does not divide the " + text(t.model->experts) + " experts";
  const std::int64_t ranks = t.layout.tp * t.layout.cp * t.layout.dp;
  if (ranks % ep == 0) return {};
  return "ep " + text(ep) + " does not divide the " + text(ranks) +
         " GPUs of a stage (tp x cp x dp)";
}

}  // namespace

Sharding sharding(const Training& t) {
  return t.sharding ? *t.sharding : named_sharding(t.framework->sharding);
}

Recompute recompute(const Training& t) {
  const bool whole_layers =
      t.framework->recompute_when_sharded && sharding(t).weights && t.layout.dp > 1;
  return whole_layers ? Recompute::full : t.recompute;
}

bool sequence_parallel(const Training& t) {
  return t.layout.tp > 1 && t.sequence_parallel.value_or(t.framework->sequence_parallel);
}

bool flash_attention(const Training& t) {
  return t.flash_attention.value_or(t.framework->flash_attention);
}

bool fused_loss(const Training& t) { return t.fused_loss.value_or(t.framework->fused_loss); }

bool optimizer_in_backward(const Training& t) {
  const bool usual =
      t.method == Method::full && gpu_count(t) == 1 && t.framework->one_gpu_optimizer_in_backward;
  return t.optimizer_in_backward.value_or(usual);
}

std::int64_t most_zero(const Training& t) {
  return t.layout.pp > 1 ? std::min(t.framework->zero_most, t.framework->zero_most_in_pipeline)
                         : t.framework->zero_most;
}

Recompute usual_recompute(const catalog::Framework& framework) {
  if (framework.recompute == "full") return Recompute::full;
  return framework.recompute == "selective" ? Recompute::selective : Recompute::none;
}

std::string_view usual_optimizer(const catalog::Framework& framework,
                                 Method method,
                                 std::int64_t gpus) {
  const bool one_gpu = method == Method::full && gpus == 1 && !framework.one_gpu_optimizer.empty();
  return one_gpu ? framework.one_gpu_optimizer : framework.optimizer;
}

std::string hard_obstacle(const Training& t) {
  if (auto why = stage_obstacle(t); !why.empty()) return why;
  if (auto why = tensor_obstacle(t); !why.empty()) return why;
  return expert_obstacle(t);
}

std::string obstacle(const Training& t) {
  if (auto why = batch_obstacle(t); !why.empty()) return why;
  if (auto why = stage_obstacle(t); !why.empty()) return why;
  if (auto why = interleave_obstacle(t); !why.empty()) return why;
  if (auto why = tensor_obstacle(t); !why.empty()) return why;
  if (auto why = sequence_obstacle(t); !why.empty()) return why;
  return expert_obstacle(t);
}

}  // namespace dsplan::workload
