#include <algorithm>

#include "dsplan/base/error.hpp"
#include "dsplan/base/parse.hpp"
#include "dsplan/estimate/rule.hpp"
#include "dsplan/plan/cards_answer.hpp"
#include "dsplan/report/cards_report.hpp"
#include "dsplan/report/memory_report.hpp"

#include "command.hpp"
#include "deployment_request.hpp"
#include "explained.hpp"
#include "rule_load.hpp"

namespace dsplan::cli {
namespace {

std::optional<plan::TimeLimit> limit_of(const Inputs& in, std::string_view name) {
  const auto text = in.text(name);
  if (!text) return std::nullopt;
  const auto limit = plan::parse_time_limit(*text);
  if (!limit) {
    throw Error(ErrorCode::usage,
                "--" + std::string(name) + " must be a time above 0, got '" + *text + "'",
                "write 16ms, 2s or 2s@p99 (mean, p50, p90 or p99)");
  }
  return limit;
}

std::optional<std::int64_t> positive(const Inputs& in, std::string_view name) {
  const auto n = in.count(name);
  if (n && *n < 1)
    throw Error(ErrorCode::usage, "--" + std::string(name) + " must be at least 1", "leave it out");
  return n;
}

/// --latency is the time of an output token, or of the first where there is no second.
void take_latency(plan::CardsRequest& r,
                  report::Answer& answer,
                  const Inputs& in,
                  std::int64_t output_tokens) {
  r.max_ttft = limit_of(in, "max-ttft");
  r.max_tpot = limit_of(in, "max-tpot");
  const auto latency = limit_of(in, "latency");
  if (!latency) return;
  const bool decodes = output_tokens > 1;
  auto& limit = decodes ? r.max_tpot : r.max_ttft;
  const std::string name = decodes ? "--max-tpot" : "--max-ttft";
  if (limit) {
    throw Error(
        ErrorCode::usage, "--latency and " + name + " limit the same time here", "keep " + name);
  }
  limit = latency;
  answer.assumptions.push_back({"latency",
                                decodes ? "--latency limits the time per output token"
                                        : "--latency limits the time to the first token: there is "
                                          "no second",
                                name});
}

void take_throughput(plan::CardsRequest& r, const Inputs& in, std::int64_t output_tokens) {
  const auto rate = positive(in, "throughput");
  if (!rate) return;
  if (output_tokens < 1)
    throw Error(ErrorCode::usage,
                "--throughput counts output tokens, and there are none",
                "give --output-tokens");
  r.output_tokens_per_s = static_cast<double>(*rate);
}

plan::CardsRequest cards_request(report::Answer& answer,
                                 const Inputs& in,
                                 const plan::Deployment& d) {
  plan::CardsRequest r;
  take_latency(r, answer, in, d.workload.output_tokens);
  take_throughput(r, in, d.workload.output_tokens);
  r.batch_given = in.has("batch");
  r.tp_across_nodes = in.flag("tp-across-nodes");
  r.most_gpus = positive(in, "max-gpus");
  r.given_gpus = positive(in, "gpus");
  if (r.given_gpus && d.gpu == nullptr)
    throw Error(ErrorCode::usage, "--gpus needs --gpu", "name the device");
  if (r.output_tokens_per_s && !r.batch_given) {
    answer.assumptions.push_back({"throughput-load",
                                  "throughput is asked of as many sequences at a time as the GPUs "
                                  "hold",
                                  "--concurrency"});
  }
  return r;
}

/// No model: the largest ones that the GPUs hold.
report::Answer models_answer(const CommandContext& context) {
  const Inputs& in = context.inputs;
  const auto gpus = positive(in, "gpus");
  if (!gpus || !in.has("gpu")) {
    throw Error(ErrorCode::usage,
                "no model given",
                "name one with --model or --params, or give --gpu and --gpus for the largest "
                "models that fit");
  }
  for (const std::string_view timed : {"latency", "max-ttft", "max-tpot", "throughput"}) {
    if (in.has(timed))
      throw Error(ErrorCode::usage,
                  "--" + std::string(timed) + " needs a model",
                  "name one with --model or --params");
  }
  report::Answer answer;
  answer.inputs = used_inputs(in);
  plan::CardsAnswer cards;
  cards.gpus = gpus;
  cards.largest_models =
      plan::largest_models(context.catalog, deployment_request(in, plan::ModelChoice{}));
  cards.met = !cards.largest_models.empty();
  report::report_cards(
      answer,
      std::move(cards),
      "The largest models of the catalog on " + std::to_string(*gpus) + " x " + *in.text("gpu"));
  return answer;
}

/// The model and its prompts as the detailed estimate takes them, on one device to begin with.
plan::Deployment prompts_of(const CommandContext& context,
                            const ModelSource& source,
                            const plan::RuleCardsQuestion& q) {
  plan::DeploymentRequest r;
  r.model = source.choice;
  r.gpu = std::string(q.gpu->id);
  r.precision = std::string(q.format->id);
  r.engine = context.inputs.text("engine");
  r.batch = q.batch;
  r.input_tokens = q.tokens;
  r.output_tokens = 0;
  return plan::resolve_deployment(context.catalog, r);
}

plan::RuleCardsQuestion rule_question(RuleLoad& load, const Inputs& in) {
  if (load.gpu == nullptr)
    throw Error(ErrorCode::usage, "the rule needs a card", "name one with --gpu");
  plan::RuleCardsQuestion q;
  q.parameters = rule_parameters(load.source);
  q.format = load.format;
  q.gpu = load.gpu;
  q.batch = load.batch;
  q.tokens = load.tokens;
  q.reserve_fraction = in.share("reserve").value_or(estimate::kRuleReserve);
  if (!in.has("reserve")) load.answer.inputs.push_back({"reserve", "0.1", Origin::built_in, ""});
  q.peak = in.text("peak").value_or("dense");
  q.given_gpus = positive(in, "gpus");
  if (const auto limit = limit_of(in, "latency")) {
    q.latency = seconds(limit->most_s);
    q.rate = rule_rate(*q.gpu, *q.format, q.peak == "sparse");
  }
  return q;
}

report::Answer rule_answer(const CommandContext& context) {
  for (const std::string_view other : {"throughput", "max-ttft", "max-tpot", "max-gpus"}) {
    if (context.inputs.has(other))
      throw Error(ErrorCode::usage,
                  "the guides' rule has no --" + std::string(other),
                  "leave it out, or take --method detailed");
  }
  RuleLoad load = rule_load(context);
  report::Answer& answer = load.answer;
  const plan::RuleCardsQuestion q = rule_question(load, context.inputs);
  add_left_out(answer, estimate::rule_memory_leaves_out());
  if (q.latency) add_left_out(answer, estimate::rule_latency_leaves_out());
  report::report_cards(
      answer,
      plan::rule_cards_answer(context.catalog, q, prompts_of(context, load.source, q)),
      "The guides' rule: memory / card, and 2 x P x L x B / (0.8 x the " + q.peak +
          " rate) / the time, on " + std::string(q.gpu->id));
  return std::move(answer);
}

std::string subject_of(const plan::Deployment& d) {
  plan::Deployment plain = d;
  plain.workload.layout = {};
  plain.gpu = nullptr;
  return report::describe(plain) +
         (d.gpu != nullptr ? " on " + std::string(d.gpu->id) : std::string());
}

}  // namespace

report::Answer run_cards(const CommandContext& context) {
  const Inputs& in = context.inputs;
  if (by_rule(in)) return rule_answer(context);
  if (in.has("peak"))
    throw Error(ErrorCode::usage, "--peak belongs to --method rule", "leave it out");
  if (!in.has("model") && !in.has("params")) return models_answer(context);
  const ModelSource source = model_of(context);
  plan::DeploymentRequest request = deployment_request(in, source.choice);
  request.gpus = std::nullopt;
  plan::Deployment deployment = plan::resolve_deployment(context.catalog, request);
  const auto is_gpus = [](const UsedInput& input) { return input.name == "gpus"; };
  deployment.filled.erase(
      std::remove_if(deployment.filled.begin(), deployment.filled.end(), is_gpus),
      deployment.filled.end());
  report::Answer answer;
  answer.inputs = used_inputs(in);
  add_notes(answer, deployment, source);
  add_sources(answer, context, deployment, source);
  const plan::CardsRequest asked = cards_request(answer, in, deployment);
  plan::CardsAnswer cards = plan::cards_answer(context.catalog, deployment, asked);
  if (asked.given_gpus) {
    request.gpus = asked.given_gpus;
    cards.largest_models = plan::largest_models(context.catalog, request);
  }
  const auto layout = cards.layout;
  report::report_cards(answer, std::move(cards), subject_of(deployment));
  if (layout) {
    plan::Deployment found = deployment;
    found.workload.layout = *layout;
    explain_deployment(answer, context.catalog, found);
  }
  return answer;
}

}  // namespace dsplan::cli
