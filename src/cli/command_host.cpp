#include "dsplan/plan/host_answer.hpp"
#include "dsplan/report/host_report.hpp"
#include "dsplan/report/memory_report.hpp"

#include "command.hpp"
#include "timed.hpp"
#include "training_request.hpp"

namespace dsplan::cli {
namespace {

plan::HostRequest host_request(const Inputs& in) {
  return {.requests_per_day = in.count("requests-per-day"),
          .log_retention = in.duration("log-retention"),
          .checkpoint_interval = in.duration("checkpoint-interval")};
}

report::Answer training_host(const CommandContext& context, workload::Method method) {
  const TimedTraining run = timed_training(context, method);
  report::Answer answer = run.answer;
  plan::HostAnswer host =
      plan::host_answer(context.catalog, run.deployment, run.speed, host_request(context.inputs));
  add_notes(answer, host.notes);
  report::report_host(answer, std::move(host), report::describe(run.deployment));
  return answer;
}

}  // namespace

report::Answer run_host(const CommandContext& context) {
  if (const auto method = training_method(context.inputs)) return training_host(context, *method);
  if (const auto bare = bare_devices(context)) {
    report::Answer answer = bare->answer;
    plan::HostAnswer host =
        plan::host_answer(context.catalog, *bare->gpu, bare->gpus, bare->node_gpus);
    add_notes(answer, host.notes);
    report::report_host(answer, std::move(host), bare->subject);
    return answer;
  }
  const TimedDeployment run = timed_deployment(context);
  report::Answer answer = run.answer;
  plan::HostAnswer host =
      plan::host_answer(context.catalog, run.deployment, run.latency, host_request(context.inputs));
  add_notes(answer, host.notes);
  report::report_host(answer, std::move(host), report::describe(run.deployment));
  return answer;
}

}  // namespace dsplan::cli
