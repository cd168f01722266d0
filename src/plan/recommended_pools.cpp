#include "recommended_pools.hpp"

#include <cmath>

#include "duration.hpp"
#include "machines.hpp"
#include "resolution.hpp"

namespace dsplan::plan {

RecommendedPool recommended_pool(const Deployment& d, std::string flags) {
  const workload::Layout& l = d.workload.layout;
  RecommendedPool p;
  p.gpus = workload::gpu_count(l);
  p.copies = l.dp;
  p.tp = l.tp;
  p.pp = l.pp;
  p.ep = l.ep;
  p.cp = l.cp;
  p.attention_dp = l.attention_dp;
  p.batch = d.workload.batch;
  p.max_batched_tokens = workload::step_limits(d.workload, d.gpu).batched_tokens;
  p.flags = std::move(flags);
  return p;
}

std::vector<std::string> pool_reasons(const Deployment& d, const traffic::PairTimes& t) {
  const std::string way = all_gpus(d) > d.node_gpus ? "the network" : "the link of the machine";
  return {"prompts take " + text(std::llround(100.0 * t.prompt_load)) +
              " % of their pool's rate (80 % at most); their cache crosses " + way + " in " +
              duration(seconds(t.way_s)),
          "separate pools have not been compared with measurements: the bands are wider"};
}

}  // namespace dsplan::plan
