#include "dsplan/workload/layout.hpp"

#include <algorithm>
#include <array>

namespace dsplan::workload {
namespace {

std::string text(std::int64_t n) { return std::to_string(n); }

bool shares_kv_heads(std::int64_t tp, const catalog::Model& m) {
  return catalog::is_mla(m) || m.kv_heads % tp == 0 || tp % m.kv_heads == 0;
}

std::string tensor_obstacle(const Layout& l, const catalog::Model& m) {
  if (m.attention_heads % l.tp != 0) {
    return "tp " + text(l.tp) + " does not divide the " + text(m.attention_heads) +
           " attention heads";
  }
  if (!shares_kv_heads(l.tp, m)) {
    return "tp " + text(l.tp) + " and the " + text(m.kv_heads) +
           " KV heads do not divide one another";
  }
  return {};
}

std::string expert_obstacle(const Layout& l, const catalog::Model& m, const catalog::Engine& e) {
  if (l.ep == 1) return {};
  if (!catalog::is_moe(m)) return "ep " + text(l.ep) + " needs a model with experts";
  if (!e.expert_parallel) return std::string(e.id) + " cannot spread experts (ep)";
  if (m.experts % l.ep != 0) {
    return "ep " + text(l.ep) + " does not divide the " + text(m.experts) + " experts";
  }
  if (group_size(l) % l.ep != 0) {
    return "ep " + text(l.ep) + " does not divide the " + text(group_size(l)) +
           " GPUs that share a layer (tp x attention-dp)";
  }
  return {};
}

std::string engine_obstacle(const Layout& l, const catalog::Engine& e) {
  if (e.split == "layer" && (l.tp > 1 || l.attention_dp > 1 || l.cp > 1)) {
    return std::string(e.id) + " splits a model by layers: use pp in place of tp";
  }
  if (l.attention_dp > 1 && !e.attention_data_parallel) {
    return std::string(e.id) + " has no attention data parallelism";
  }
  return {};
}

}  // namespace

std::string describe(const Layout& l) {
  struct Part {
    const char* name;
    std::int64_t size;
  };
  const std::array parts{Part{"tp", l.tp},
                         Part{"pp", l.pp},
                         Part{"dp", l.dp},
                         Part{"ep", l.ep},
                         Part{"cp", l.cp},
                         Part{"attention-dp", l.attention_dp}};
  std::string result;
  for (const Part& part : parts) {
    if (part.size == 1) continue;
    if (!result.empty()) result += ", ";
    result += std::string(part.name) + " " + text(part.size);
  }
  return result.empty() ? "one GPU" : result;
}

std::string obstacle(const Layout& l, const catalog::Model& m, const catalog::Engine& e) {
  if (auto why = engine_obstacle(l, e); !why.empty()) return why;
  if (l.pp > m.layers) {
    return "pp " + text(l.pp) + " exceeds the " + text(m.layers) + " layers";
  }
  if (auto why = tensor_obstacle(l, m); !why.empty()) return why;
  return expert_obstacle(l, m, e);
}

bool even_stages(const Layout& l, const catalog::Model& m, const catalog::Engine& e) {
  return e.split == "layer" || m.layers % l.pp == 0;
}

std::vector<Layout> replica_layouts(std::int64_t gpus,
                                    std::int64_t node_gpus,
                                    const catalog::Model& m,
                                    const catalog::Engine& e) {
  std::vector<Layout> result;
  for (std::int64_t tp = std::min(gpus, node_gpus); tp >= 1; --tp) {
    if (gpus % tp != 0) continue;
    const Layout layout{.tp = tp, .pp = gpus / tp};
    if (even_stages(layout, m, e) && obstacle(layout, m, e).empty()) result.push_back(layout);
  }
  return result;
}

}  // namespace dsplan::workload
