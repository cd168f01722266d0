// A deployment put to work: the step model of one replica and what its scheduler allows.
#pragma once

#include "dsplan/catalog/catalog.hpp"
#include "dsplan/plan/deployment.hpp"
#include "dsplan/traffic/batch_load.hpp"
#include "dsplan/traffic/closed_loop.hpp"

namespace dsplan::plan {

/// One attention replica of a deployment, ready to be timed, and how many there are.
struct Serving {
  estimate::StepModel steps;
  traffic::Scheduling scheduling;
  const catalog::Stack* stack = nullptr;
  double attention_replicas = 1.0;  ///< dp x attention_dp: each has its share of the requests
  bool fits = true;
};

/// Needs a GPU. Throws a usage error when nothing is known of the device's rates.
[[nodiscard]] Serving serving(const catalog::Catalog& catalog, const Deployment& deployment);

/// The software that the deployment runs, as far as times depend on it. Throws as `serving` does.
[[nodiscard]] const catalog::Stack& stack_of(const catalog::Catalog& catalog,
                                             const Deployment& deployment);

/// What the scheduler allows, with a cache that holds everything.
[[nodiscard]] traffic::Scheduling step_scheduling(const workload::Inference& w,
                                                  const catalog::Stack& stack,
                                                  const catalog::Gpu& gpu);

/// The platform of the deployment: device, kernel timings, links.
[[nodiscard]] estimate::Platform platform_of(const catalog::Catalog& catalog,
                                             const Deployment& deployment);

/// The machine that a device usually stands in: a desktop, or a server beside data-center devices;
/// a device of unified memory is its own. Null if the catalog has none.
[[nodiscard]] const catalog::Gpu* host_of(const catalog::Catalog& catalog, const catalog::Gpu& gpu);

/// The engine that the deployment's engine is a version of.
[[nodiscard]] std::string_view base_engine(const Deployment& deployment);

}  // namespace dsplan::plan
