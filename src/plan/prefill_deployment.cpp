#include "prefill_deployment.hpp"

#include <algorithm>

#include "dsplan/base/error.hpp"

#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using catalog::Catalog;

std::string handing_over(const Catalog& catalog) {
  std::string list;
  for (const catalog::Engine& e : catalog.all<catalog::Engine>()) {
    if (e.hands_cache_over && e.engine.empty())
      list += (list.empty() ? "" : ", ") + std::string(e.id);
  }
  return list;
}

void check(const Deployment& d, const Catalog& catalog) {
  if (!d.workload.engine->hands_cache_over) {
    refuse("--prefill-pool: " + std::string(d.workload.engine->id) +
               " is not known to hand caches over between engines",
           "those that are: " + handing_over(catalog));
  }
  if (d.gpu == nullptr) refuse("--prefill-pool needs --gpu", "name the device of both pools");
  if (d.slice != nullptr)
    refuse("--prefill-pool and --mig: slices of a device are no pool", "leave out one of them");
  if (d.workload.output_tokens < 1)
    refuse("--prefill-pool: nothing is decoded after the prompts", "give --output-tokens");
}

/// The pool keeps no tokens of the answers.
DeploymentRequest request_of(const Deployment& decodes, DeploymentRequest r) {
  const PrefillPool pool = *r.prefill_pool;
  r.prefill_pool.reset();
  r.gpus = pool.gpus;
  r.tp = pool.tp;
  r.pp = pool.pp;
  r.dp = pool.dp;
  r.ep = pool.ep;
  r.cp = pool.cp;
  r.attention_dp = pool.attention_dp;
  r.nodes.reset();
  r.context.reset();
  r.input_tokens = decodes.workload.input_tokens;
  r.output_tokens = 0;
  r.batch = 1;
  if (pool.max_batched_tokens) r.settings.max_batched_tokens = pool.max_batched_tokens;
  return r;
}

/// Says of a refusal which pool it is about.
Deployment resolved(const Catalog& catalog, const DeploymentRequest& r) {
  try {
    return resolve_deployment(catalog, r);
  } catch (const Error& error) {
    throw Error(error.code(), std::string("--prefill-pool: ") + error.what(), error.hint());
  }
}

/// As many prompts as fit a step of each attention replica.
std::int64_t prompts_at_a_time(const Deployment& d) {
  const workload::Inference& w = d.workload;
  const auto step = workload::step_limits(w, d.gpu).batched_tokens;
  return w.layout.dp * w.layout.attention_dp * std::max<std::int64_t>(1, step / w.input_tokens);
}

}  // namespace

void add_prefill_pool(Deployment& decodes, const Catalog& catalog, const DeploymentRequest& r) {
  check(decodes, catalog);
  Deployment prefill = resolved(catalog, request_of(decodes, r));
  prefill.workload.batch = prompts_at_a_time(prefill);
  decodes.prefill = std::make_shared<const Deployment>(std::move(prefill));
}

}  // namespace dsplan::plan
