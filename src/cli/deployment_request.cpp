#include "deployment_request.hpp"

#include "dsplan/base/error.hpp"
#include "dsplan/estimate/parameters.hpp"
#include "dsplan/report/catalog_report.hpp"

namespace dsplan::cli {

ModelSource model_of(const CommandContext& context) {
  const Inputs& inputs = context.inputs;
  const auto model = inputs.text("model");
  const auto parameters = inputs.count("params");
  if (model && parameters) {
    throw Error(ErrorCode::usage,
                "--model and --params are both given",
                "keep --model: it knows its parameters");
  }
  if (model) return find_model(*model, context.catalog, context.variable);
  if (!parameters) {
    throw Error(
        ErrorCode::usage, "no model given", "name one with --model, or its size with --params 13B");
  }
  if (*parameters < 1)
    throw Error(ErrorCode::usage, "--params must be at least 1", "write 13B, 350M or 1.5T");
  ModelSource source;
  source.choice.parameters = static_cast<double>(*parameters);
  if (const auto active = inputs.count("active-params")) {
    if (*active < 1 || *active > *parameters) {
      throw Error(ErrorCode::usage,
                  "--active-params must be between 1 and --params",
                  "leave it out for a dense model");
    }
    source.choice.active_parameters = static_cast<double>(*active);
  }
  return source;
}

void add_hardware(plan::HardwareRequest& r, const Inputs& in) {
  r.gpu = in.text("gpu");
  r.gpus = in.count("gpus");
  r.tp = in.count("tp");
  r.pp = in.count("pp");
  r.dp = in.count("dp");
  r.ep = in.count("ep");
  r.cp = in.count("cp");
  r.nodes = in.count("nodes");
  r.gpus_per_node = in.count("gpus-per-node");
  r.link = in.text("link");
  r.network = in.text("network");
  r.mig = in.text("mig");
}

namespace {

/// Settings of how the engine runs, which no memory depends on.
void add_pace(workload::EngineSettings& s, const Inputs& in) {
  const auto positive = [&](std::string_view name) {
    const auto n = in.count(name);
    if (n && *n < 1)
      throw Error(ErrorCode::usage,
                  "--" + std::string(name) + " must be at least 1",
                  "give 1 for every step");
    return n;
  };
  s.stream_interval = positive("stream-interval");
  s.poll_interval = positive("poll-interval");
  s.draft_tokens = in.count("draft-tokens");
  s.accepted_tokens = in.number("accepted-tokens");
  s.prefix_hit = in.share("prefix-hit").value_or(0.0);
  const double drafted = static_cast<double>(s.draft_tokens.value_or(0));
  if (s.accepted_tokens && drafted == 0.0) {
    throw Error(ErrorCode::usage,
                "--accepted-tokens needs --draft-tokens",
                "say how many tokens are proposed: --draft-tokens 3");
  }
  if (s.accepted_tokens.value_or(0.0) > drafted) {
    throw Error(ErrorCode::usage,
                "--accepted-tokens is more than --draft-tokens " + std::to_string(*s.draft_tokens),
                "it counts the drafted tokens that hold, in the mean, without the one that is "
                "always gained");
  }
}

}  // namespace

plan::DeploymentRequest deployment_request(const Inputs& in, const plan::ModelChoice& model) {
  plan::DeploymentRequest r;
  r.model = model;
  add_hardware(r, in);
  r.precision = in.text("precision");
  r.kv_precision = in.text("kv-precision");
  r.engine = in.text("engine");
  r.engine_version = in.text("engine-version");
  r.attention_dp = in.count("attention-dp");
  r.batch = in.count("batch");
  r.context = in.count("context");
  r.input_tokens = in.count("input-tokens");
  r.output_tokens = in.count("output-tokens");
  r.settings.max_batched_tokens = in.count("max-batched-tokens");
  r.settings.max_seqs = in.count("max-seqs");
  r.settings.memory_utilization = in.share("gpu-memory-utilization");
  r.settings.reserve_fraction = in.share("reserve");
  r.settings.gpu_layers = in.count("gpu-layers");
  r.settings.flash_attention = in.toggle("flash-attention").value_or(true);
  add_pace(r.settings, in);
  if (const auto pool = in.text("prefill-pool")) r.prefill_pool = plan::parse_prefill_pool(*pool);
  return r;
}

std::vector<UsedInput> used_inputs(const Inputs& inputs) {
  std::vector<UsedInput> used;
  for (const Given& given : inputs.all()) {
    if (given.option->group == "Output") continue;
    used.push_back(
        {snake_case(given.option->name), given.values.front(), given.origin, given.place});
  }
  return used;
}

void add_notes(report::Answer& answer, const Notes& d, const ModelSource& source) {
  answer.inputs.insert(answer.inputs.end(), d.filled.begin(), d.filled.end());
  answer.assumptions.insert(
      answer.assumptions.end(), source.assumptions.begin(), source.assumptions.end());
  answer.assumptions.insert(answer.assumptions.end(), d.assumptions.begin(), d.assumptions.end());
  answer.warnings.insert(answer.warnings.end(), d.warnings.begin(), d.warnings.end());
}

namespace {

report::EntriesUsed entries_of(const plan::Deployment& d, const ModelSource& source) {
  const workload::Inference& w = d.workload;
  const catalog::Model* model = source.checkpoint ? nullptr : w.model;
  return {.model = model,
          .gpu = d.gpu,
          .engine = w.engine,
          .dense = w.precision.dense,
          .experts = w.precision.experts,
          .kv = w.precision.kv};
}

}  // namespace

void add_sources(report::Answer& answer,
                 const CommandContext& context,
                 const plan::Deployment& d,
                 const ModelSource& source) {
  answer.sources = [&catalog = context.catalog, used = entries_of(d, source)] {
    return report::catalog_sources(catalog, used);
  };
}

void add_sources(report::Answer& answer,
                 const CommandContext& context,
                 const plan::Deployment& d,
                 const ModelSource& source,
                 const plan::LatencyAnswer& latency) {
  report::EntriesUsed used = entries_of(d, source);
  used.stack = latency.stack;
  used.kernels = latency.kernels;
  used.bands = latency.bands;
  answer.sources = [&catalog = context.catalog, used = std::move(used)] {
    return report::catalog_sources(catalog, used);
  };
}

void add_sources(report::Answer& answer,
                 const CommandContext& context,
                 const plan::TrainingDeployment& d,
                 const ModelSource& source) {
  const workload::Training& t = d.training;
  const catalog::Model* model = source.checkpoint ? nullptr : t.model;
  const report::EntriesUsed used{
      .model = model, .gpu = d.gpu, .framework = t.framework, .optimizer = t.optimizer};
  answer.sources = [&catalog = context.catalog, used] {
    return report::catalog_sources(catalog, used);
  };
}

double rule_parameters(const ModelSource& source) {
  if (source.choice.parameters) return *source.choice.parameters;
  return static_cast<double>(estimate::total(estimate::parameters(*source.choice.model)));
}

bool by_rule(const Inputs& inputs) { return inputs.text("method") == "rule"; }

void add_left_out(report::Answer& answer, std::span<const std::string_view> left_out) {
  for (const std::string_view what : left_out) {
    answer.warnings.push_back(
        {"rule-leaves-out", "the guides' rule leaves out " + std::string(what)});
  }
}

}  // namespace dsplan::cli
