#include "latency_pools.hpp"

#include <cmath>

#include "duration.hpp"
#include "machines.hpp"
#include "pair_figures.hpp"
#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using traffic::FirstToken;

LatencyPool pool_of(const Deployment& d, double at_a_time) {
  const workload::Layout& l = d.workload.layout;
  return {workload::gpu_count(l), l.dp, workload::describe(l), at_a_time};
}

std::string percent(double share) { return text(std::llround(100.0 * share)) + " %"; }

std::string queue_words(const LatencyPools& p) {
  return percent(p.prompt_load) + " of the prompts' rate, " + text(p.prefill.copies) +
         (p.prefill.copies == 1 ? " copy" : " copies");
}

struct Part {
  const char* operation;
  double time_s;
  std::string bound;
  const char* formula;
  std::string reckoning;
};

void add_parts(LatencyAnswer& a, const FirstToken& t, const LatencyPools& p) {
  const Part parts[] = {
      {"front end", t.front_end_s, "host", "Q-LOOP", "both engines read the request"},
      {"queue for prompts", t.queue_s, "queue", "Q-WAIT", queue_words(p)},
      {"prompt",
       t.prompt_s,
       *a.prefill_bound,
       "Q-PROMPT",
       text(std::llround(t.together)) + " of them in a step"},
      {"room to decode", t.room_s, "queue", "P-POOLS", "until the decode pool can hold it"},
      {"transfer of the cache",
       t.transfer_s,
       "communication",
       "P-POOLS",
       "over " + p.crosses + ", alone " + duration(p.transfer)},
      {"first decode step",
       t.first_step_s,
       *a.bound,
       "P-POOLS",
       "the rest of the step that runs, and its own"}};
  for (const Part& part : parts) {
    if (part.time_s <= 0.0) continue;
    a.breakdown.push_back({"first token",
                           part.operation,
                           seconds(part.time_s),
                           part.time_s / total(t),
                           part.bound,
                           1.0,
                           part.formula,
                           part.reckoning});
  }
}

void warn_of_pools(LatencyAnswer& a, const LatencyPools& p) {
  a.warnings.push_back({"pools-not-measured",
                        "no pair of pools has been compared with measurements: the bands are those "
                        "of engines of which none is known"});
  if (p.prompt_load > traffic::kPromptLoad) {
    a.warnings.push_back({"prompts-overloaded",
                          "prompts take " + percent(p.prompt_load) +
                              " of their pool's rate, beyond the 80 % that keep its queue short; "
                              "give it more copies, or the deployment a lower --concurrency"});
  }
}

}  // namespace

void add_pools(LatencyAnswer& a, const Deployment& d, const traffic::PairTimes& t) {
  LatencyPools p;
  p.prefill = pool_of(*d.prefill, t.first.together);
  p.decode = pool_of(d, t.running);
  p.nodes = machine_count(fleet_of(d));
  p.cache = cache_of(d.workload);
  p.transfer = seconds(t.way_s);
  p.prompt_load = t.prompt_load;
  p.link_load = t.way_load;
  p.crosses = all_gpus(d) > d.node_gpus ? "the network" : "the link of the machine";
  add_parts(a, t.first, p);
  warn_of_pools(a, p);
  a.pools = std::move(p);
}

}  // namespace dsplan::plan
