#include "timed.hpp"

#include "dsplan/base/error.hpp"
#include "dsplan/report/catalog_report.hpp"

#include "deployment_request.hpp"
#include "training_request.hpp"

namespace dsplan::cli {
namespace {

const catalog::Link* link_of(const CommandContext& context, std::string_view option) {
  const auto name = context.inputs.text(option);
  return name ? context.catalog.resolve<catalog::Link>(*name).entry : nullptr;
}

}  // namespace

TimedDeployment timed_deployment(const CommandContext& context, bool curve) {
  TimedDeployment t;
  const ModelSource source = model_of(context);
  const plan::DeploymentRequest request = deployment_request(context.inputs, source.choice);
  t.deployment = plan::resolve_deployment(context.catalog, request);
  t.answer.inputs = used_inputs(context.inputs);
  add_notes(t.answer, t.deployment, source);
  t.latency = plan::latency_answer(context.catalog, t.deployment);
  if (const auto word = context.inputs.text("curve"); curve && word) {
    t.latency.curve_over = *word;
    t.latency.curve =
        plan::latency_curve(context.catalog, request, t.deployment, *plan::curve_over(*word));
  }
  t.answer.warnings.insert(
      t.answer.warnings.end(), t.latency.warnings.begin(), t.latency.warnings.end());
  add_sources(t.answer, context, t.deployment, source, t.latency);
  return t;
}

TimedTraining timed_training(const CommandContext& context, workload::Method method) {
  TimedTraining t;
  t.deployment = trained(t.answer, context, model_of(context), method);
  plan::TrainingSpeedOptions options;
  options.link = link_of(context, "link");
  options.network = link_of(context, "network");
  if (const auto tokens = context.inputs.count("tokens"))
    options.tokens_to_train = static_cast<double>(*tokens);
  t.speed = plan::training_speed_answer(context.catalog, t.deployment, options);
  if (!t.speed.fits) {
    t.answer.warnings.push_back({"does-not-fit",
                                 "the run does not fit in memory; the figures are those of devices "
                                 "that held it"});
  }
  for (const std::string& note : t.speed.notes)
    t.answer.warnings.push_back({"not-measured-here", note});
  return t;
}

std::optional<BareDevices> bare_devices(const CommandContext& context) {
  const Inputs& in = context.inputs;
  if (in.has("model") || in.has("params") || !in.has("gpu") || in.has("workload"))
    return std::nullopt;
  BareDevices b;
  const auto found = context.catalog.resolve<catalog::Gpu>(*in.text("gpu"));
  if (!found.note.empty()) b.answer.assumptions.push_back({"gpu-name", found.note, "--gpu"});
  b.answer.inputs = used_inputs(in);
  b.gpu = found.entry;
  b.gpus = in.count("gpus").value_or(1);
  b.node_gpus = in.count("gpus-per-node").value_or(plan::node_size(*b.gpu));
  if (b.gpus < 1 || b.node_gpus < 1)
    throw Error(
        ErrorCode::usage, "--gpus and --gpus-per-node must be at least 1", "leave them out");
  b.subject = std::to_string(b.gpus) + " x " + std::string(b.gpu->id);
  b.answer.sources = [&catalog = context.catalog, gpu = b.gpu] {
    return report::catalog_sources(catalog, {.gpu = gpu});
  };
  return b;
}

void add_notes(report::Answer& answer, const Notes& notes) { add_notes(answer, notes, {}); }

}  // namespace dsplan::cli
