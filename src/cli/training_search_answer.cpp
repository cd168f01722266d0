#include "training_search_answer.hpp"

#include <algorithm>

#include "dsplan/base/error.hpp"
#include "dsplan/catalog/training_rate.hpp"
#include "dsplan/plan/rule_advice.hpp"
#include "dsplan/report/training_search_report.hpp"

#include "cost_request.hpp"
#include "deployment_request.hpp"
#include "recommend_request.hpp"
#include "training_request.hpp"

namespace dsplan::cli {
namespace {

using catalog::Gpu;
using catalog::Scenario;
using workload::Method;

constexpr std::int64_t kMostGpus = 64;
constexpr std::int64_t kMachine = 8;
constexpr std::int64_t kMostShown = 5;

std::string text(std::int64_t n) { return std::to_string(n); }

/// 100000000000 as "100B".
std::string short_text(std::int64_t n) {
  constexpr std::int64_t kThousand = 1000;
  std::size_t unit = 0;
  for (; unit < 4 && n > 0 && n % kThousand == 0; ++unit) n /= kThousand;
  return text(n) + (unit > 0 ? std::string(1, "KMBT"[unit - 1]) : "");
}

const catalog::Link* link_of(const CommandContext& context, std::string_view option) {
  const auto name = context.inputs.text(option);
  return name ? context.catalog.resolve<catalog::Link>(*name).entry : nullptr;
}

/// The question, and what of it is shown.
struct Asked {
  plan::TrainingQuestion question;
  std::vector<plan::HeldLimit> limits;
  std::vector<Assumption> assumptions;
  std::string subject;
};

/// Builds the question input by input; each notes what holds and where it is from.
class Questioner {
 public:
  Questioner(const CommandContext& context, Method method)
      : c_(context), in_(context.inputs), s_(scenario_of(context)), method_(method) {}

  Asked build() {
    if (in_.has("batch"))
      throw Error(ErrorCode::usage,
                  "a run has no requests at a time",
                  "say --global-batch, the sequences of a step, or --micro-batch");
    scenario_ = in_.has("scenario");
    if (scenario_ && s_.workload == "inference")
      throw Error(ErrorCode::usage,
                  "scenario " + std::string(s_.id) + " is of inference, not of training",
                  "take --scenario research-training or fine-tuning, or none");
    names_model_ = !scenario_ || in_.has("model") || in_.has("params");
    if (names_model_) source_ = model_of(c_);
    out_.assumptions = source_.assumptions;
    search().base = training_request(without_devices(), source_.choice, method_);
    search().cost = cost_request(in_);
    choose_run();
    choose_ways();
    choose_devices();
    choose_counts();
    check_layout();
    choose_limits();
    choose_rest();
    out_.subject = subject();
    return std::move(out_);
  }

 private:
  plan::TrainingQuestion& q() { return out_.question; }
  plan::TrainingSearchRequest& search() { return out_.question.search; }

  void hold(std::string name, std::string value, std::string_view option) {
    const std::string origin = in_.has(option) ? "flag"
                               : scenario_     ? "scenario " + std::string(s_.id)
                                               : std::string("default");
    out_.limits.push_back({std::move(name), std::move(value), origin});
  }

  /// Devices are a list here.
  [[nodiscard]] Inputs without_devices() const {
    Inputs other;
    for (const Given& g : in_.all())
      if (g.option->name != "gpu" && g.option->name != "gpus")
        other.set(*g.option, g.values, g.origin, g.place);
    return other;
  }

  [[nodiscard]] std::string model_flags() const {
    if (const auto model = in_.text("model")) return "--model " + *model;
    if (!in_.has("params")) return {};
    std::string flags = "--params " + *in_.text("params");
    if (const auto active = in_.text("active-params")) flags += " --active-params " + *active;
    return flags;
  }

  void choose_run() {
    plan::TrainingSearchRequest& r = search();
    if (names_model_) r.model_flags = model_flags();
    r.tensor_across_nodes = r.base.tp.has_value();
    r.speed.link = link_of(c_, "link");
    r.speed.network = link_of(c_, "network");
    for (const char* way : {"link", "network"})
      if (const auto name = in_.text(way)) r.place_flags += std::string(" --") + way + " " + *name;
    if (!scenario_) {
      if (const auto tokens = in_.count("tokens"))
        r.speed.tokens_to_train = static_cast<double>(*tokens);
      return;
    }
    if (!r.base.framework && !s_.engines.empty()) r.base.framework = std::string(s_.engines[0]);
    if (!r.base.seq_len) r.base.seq_len = s_.input_tokens;
    if (source_.choice.model != nullptr)
      r.base.seq_len = std::min(*r.base.seq_len, source_.choice.model->max_context_tokens);
    if (!r.base.global_batch && s_.global_batch > 0) r.base.global_batch = s_.global_batch;
    const auto tokens = in_.count("tokens");
    if (tokens || s_.training_tokens > 0.0)
      r.speed.tokens_to_train = tokens ? static_cast<double>(*tokens) : s_.training_tokens;
  }

  /// Fine-tuning leaves the way open unless --workload says it.
  void choose_ways() {
    q().methods = {method_};
    const bool open = scenario_ && !in_.has("workload") && s_.workload == "lora";
    if (open) q().methods = {Method::full, Method::lora, Method::qlora};
    if (open && in_.has("precision"))
      throw Error(ErrorCode::usage,
                  "--precision means another thing in each way of fine-tuning",
                  "say --workload training, lora or qlora too");
  }

  /// A device whose architecture is known to train in the format, where none is named.
  [[nodiscard]] bool trains(const Gpu& gpu) const {
    const std::string precision = in_.text("precision").value_or("bf16");
    const bool wide = precision == "fp16"   ? gpu.dense_fp16_tflops.has_value()
                      : precision == "fp32" ? gpu.dense_fp32_tflops.has_value()
                      : precision == "fp8"  ? gpu.dense_fp8_tflops.has_value()
                                            : gpu.dense_bf16_tflops.has_value();
    const auto* rate = catalog::find_training_rate(c_.catalog.all<catalog::TrainingRate>(), gpu);
    const bool known = rate != nullptr && rate->id == gpu.architecture;
    return known && wide && gpu.status != "announced" && gpu.bandwidth_gb_per_s > 0.0;
  }

  [[nodiscard]] bool allowed(const Gpu& gpu) const {
    const auto vendors = asked_vendors(c_);
    const bool by_vendor =
        vendors.empty() || std::find(vendors.begin(), vendors.end(), gpu.vendor) != vendors.end();
    const bool large = scenario_ || method_ != Method::full || gpu.device_class == "data-center";
    return by_vendor && large && catalog::allows(s_, gpu) && trains(gpu);
  }

  void choose_devices() {
    for (const std::string& name : in_.list("gpu")) {
      const auto match = c_.catalog.resolve<Gpu>(name);
      if (!match.note.empty()) out_.assumptions.push_back({"gpu-name", match.note, "--gpu"});
      if (std::find(q().devices.begin(), q().devices.end(), match.entry) == q().devices.end())
        q().devices.push_back(match.entry);
    }
    if (!q().devices.empty()) return;
    for (const Gpu& gpu : c_.catalog.all<Gpu>())
      if (allowed(gpu)) q().devices.push_back(&gpu);
    if (q().devices.empty())
      throw Error(ErrorCode::usage,
                  "no device of the catalog that is known to train is allowed",
                  "check --vendor, or take another --scenario");
    hold("devices", text(static_cast<std::int64_t>(q().devices.size())) + " kinds", "vendor");
  }

  [[nodiscard]] std::optional<std::int64_t> said_gpus() const {
    if (const auto gpus = in_.count("gpus")) return gpus;
    const auto nodes = in_.count("nodes");
    if (!nodes) return std::nullopt;
    return *nodes * in_.count("gpus-per-node").value_or(kMachine);
  }

  /// Powers of two; a listing by device has one GPU and a machine of them.
  void choose_counts() {
    search().base.nodes.reset();
    if (const auto gpus = said_gpus()) {
      q().counts = {*gpus};
      hold("gpus", text(*gpus), in_.has("gpus") ? "gpus" : "nodes");
    } else {
      const std::int64_t most =
          in_.count("max-gpus").value_or(scenario_ && s_.most_gpus > 0 ? s_.most_gpus : kMostGpus);
      if (most < 1)
        throw Error(ErrorCode::usage, "--max-gpus must be at least 1", "leave it out for 64");
      for (std::int64_t n = 1; n <= most; n *= names_model_ ? 2 : kMachine) {
        q().counts.push_back(n);
        if (!names_model_ && n == kMachine) break;
      }
      q().open_counts = true;
      hold("max_gpus", text(most), "max-gpus");
    }
    // The work of a step is the same on any number of GPUs.
    if (!search().base.global_batch) search().base.global_batch = q().counts.back();
    hold("global_batch", text(*search().base.global_batch), "global-batch");
    if (search().base.seq_len) hold("seq_len", text(*search().base.seq_len), "input-tokens");
    if (search().speed.tokens_to_train)
      hold("tokens",
           short_text(static_cast<std::int64_t>(*search().speed.tokens_to_train)),
           "tokens");
  }

  /// Sizes that divide no number of GPUs allowed are told as everywhere.
  void check_layout() {
    plan::TrainingRequest said = search().base;
    const std::int64_t product =
        said.tp.value_or(1) * said.pp.value_or(1) * said.dp.value_or(1) * said.cp.value_or(1);
    const bool possible = std::any_of(q().counts.begin(), q().counts.end(), [&](std::int64_t n) {
      return n > 0 && product > 0 && n % product == 0;
    });
    if (possible || !names_model_) return;
    said.gpu = std::string(q().devices.front()->id);
    said.gpus = q().counts.back();
    (void)plan::resolve_training(c_.catalog, said);
  }

  std::optional<double> amount(const char* option, const std::optional<double>& said) {
    if (!said) return said;
    if (*said <= 0.0)
      throw Error(ErrorCode::usage,
                  "--" + std::string(option) + " must be more than 0",
                  "leave it out for no limit");
    hold(snake_case(option), *in_.text(option), option);
    return said;
  }

  void choose_limits() {
    plan::TrainingLimits& l = q().limits;
    l.tokens_per_s = amount("min-throughput", in_.number("min-throughput"));
    l.usd_per_month = amount("budget-per-month", in_.dollars("budget-per-month"));
    l.capex_usd = amount("budget-capex", in_.dollars("budget-capex"));
    l.power_w = amount("max-power", max_power_w(in_));
  }

  void choose_rest() {
    q().objective = *plan::objective_of(in_.text("objective").value_or(std::string(s_.objective)));
    q().frontier = in_.flag("pareto");
    hold("objective", std::string(plan::name_of(q().objective)), "objective");
    search().most =
        static_cast<std::size_t>(std::max<std::int64_t>(1, in_.count("top").value_or(kMostShown)));
    search().jobs = std::max<std::int64_t>(1, in_.count("jobs").value_or(1));
    if (names_model_) return;
    for (const auto name : s_.models)
      q().models.push_back(c_.catalog.resolve<catalog::Model>(name).entry);
  }

  [[nodiscard]] std::string subject() {
    std::string line = names_model_ ? in_.text("model").value_or(in_.text("params").value_or(""))
                                    : "models by device";
    line += q().methods.size() > 1                          ? ", fine-tuning"
            : q().methods.front() == Method::full           ? ", training"
            : q().methods.front() == workload::Method::lora ? ", LoRA"
                                                            : ", QLoRA";
    if (q().devices.size() == 1 && q().counts.size() == 1)
      line += " on " + text(q().counts.front()) + " x " + std::string(q().devices.front()->id);
    return scenario_ ? line + ", scenario " + std::string(s_.id) : line;
  }

  const CommandContext& c_;
  const Inputs& in_;
  const Scenario& s_;
  Method method_;
  bool scenario_ = false;
  bool names_model_ = true;
  ModelSource source_;
  Asked out_;
};

/// What the run rests on is said once, of the first device.
void add_notes_of_run(report::Answer& answer, const CommandContext& context, const Asked& asked) {
  if (!asked.question.models.empty()) return;
  plan::TrainingSearchRequest one = asked.question.search;
  one.base.gpu = std::string(asked.question.devices.front()->id);
  one.base.method = asked.question.methods.front();
  one.gpus = asked.question.counts.back();
  const plan::TrainingDeployment base = plan::training_search_base(context.catalog, one);
  add_notes(answer, base, model_of(context));
}

}  // namespace

report::Answer training_search_answer(const CommandContext& context, Method method) {
  const Asked asked = Questioner(context, method).build();
  report::Answer answer;
  answer.inputs = used_inputs(context.inputs);
  add_notes_of_run(answer, context, asked);
  plan::TrainingRecommendation found =
      plan::training_recommendation(context.catalog, asked.question, context.progress);
  if (by_rule(context.inputs) && asked.question.models.empty())
    found.rule = plan::training_rule_advice(
        context.catalog, asked.question, rule_parameters(model_of(context)), found);
  found.limits = asked.limits;
  found.scenario = context.inputs.text("scenario");
  answer.stats =
      std::to_string(found.evaluated) + " evaluated, " + std::to_string(found.valid) + " valid";
  report::report_training_search(answer, std::move(found), asked.subject);
  return answer;
}

}  // namespace dsplan::cli
