#include "recommend_request.hpp"

#include <algorithm>

#include "dsplan/base/error.hpp"
#include "dsplan/base/parse.hpp"
#include "dsplan/base/suggest.hpp"

#include "cost_request.hpp"
#include "deployment_request.hpp"

namespace dsplan::cli {
namespace {

using catalog::Engine;
using catalog::Format;
using catalog::Gpu;
using catalog::Scenario;
using plan::Statistic;

constexpr std::int64_t kMostGpus = 64;
constexpr std::int64_t kMostShown = 5;
constexpr double kWideBits = 16.0;

std::string text(std::int64_t n) { return std::to_string(n); }

std::string shortest(double value) {
  std::string s = std::to_string(value);
  s.erase(s.find_last_not_of('0') + 1);
  if (s.back() == '.') s.pop_back();
  return s;
}

std::vector<std::string> words(catalog::TextList list) {
  std::vector<std::string> result;
  for (const auto item : list) result.emplace_back(item);
  return result;
}

/// Builds the question input by input; each notes the limit and where it is from.
class Questioner {
 public:
  explicit Questioner(const CommandContext& context)
      : c_(context), in_(context.inputs), s_(scenario_of(context)) {}

  RecommendQuestion build() {
    q_.entry = &s_;
    if (in_.has("scenario")) q_.scenario = std::string(s_.id);
    q_.names_model = !q_.scenario || in_.has("model") || in_.has("params");
    if (q_.names_model) source_ = model_of(c_);
    q_.assumptions = source_.assumptions;
    q_.request.cost = cost_request(in_);
    search().rent = q_.request.cost.rent;
    search().base = deployment_request(without_several_gpus(), source_.choice);
    if (q_.names_model) q_.request.model_flags = model_flags();
    choose_load();
    choose_limits();
    choose_devices();
    choose_software();
    choose_rest();
    q_.subject = subject();
    return std::move(q_);
  }

 private:
  plan::SearchRequest& search() { return q_.request.search; }

  [[nodiscard]] std::string origin(std::string_view option) const {
    if (!option.empty() && in_.has(option)) return "flag";
    return q_.scenario ? "scenario " + *q_.scenario : "default";
  }

  void hold(std::string name, std::string value, std::string_view option) {
    q_.limits.push_back({std::move(name), std::move(value), origin(option)});
  }

  /// Devices are a list here; the rest of a deployment is said as everywhere.
  [[nodiscard]] Inputs without_several_gpus() const {
    Inputs other;
    for (const Given& g : in_.all()) {
      if (g.option->name == "gpu" || g.option->name == "gpus") continue;
      other.set(*g.option, g.values, g.origin, g.place);
    }
    return other;
  }

  [[nodiscard]] std::string model_flags() const {
    if (const auto model = in_.text("model")) return "--model " + *model;
    std::string flags = "--params " + *in_.text("params");
    if (const auto active = in_.text("active-params")) flags += " --active-params " + *active;
    return flags;
  }

  // ---- load ----

  void choose_load() {
    plan::DeploymentRequest& base = search().base;
    if (!base.context && !base.input_tokens) {
      base.input_tokens = s_.input_tokens;
      if (const auto* m = source_.choice.model)
        base.input_tokens = std::min(s_.input_tokens, m->max_context_tokens);
    }
    if (!base.context && !base.output_tokens) base.output_tokens = s_.output_tokens;
    if (base.context) {
      const plan::Deployment d = plan::resolve_deployment(c_.catalog, base);
      base.input_tokens = d.workload.input_tokens;
      base.output_tokens = d.workload.output_tokens;
      base.context.reset();
    }
    hold("input_tokens", text(*base.input_tokens), in_.has("context") ? "context" : "input-tokens");
    hold("output_tokens",
         text(*base.output_tokens),
         in_.has("context") ? "context" : "output-tokens");
    search().concurrency = base.batch;
    if (!base.batch && s_.concurrency > 0 && !in_.has("min-throughput"))
      search().concurrency = s_.concurrency;
    base.batch.reset();
    if (search().concurrency.value_or(1) < 1)
      throw Error(ErrorCode::usage, "--concurrency must be at least 1", "leave it out for any");
    hold("concurrency",
         search().concurrency ? text(*search().concurrency) : "as much as the limits allow",
         "batch");
    search().spare_copies = in_.count("spare-copies").value_or(s_.spare_copies);
    if (search().spare_copies > 0)
      hold("spare_copies", text(search().spare_copies), "spare-copies");
  }

  // ---- limits ----

  std::optional<plan::TimeLimit> time_limit(const char* option,
                                            const std::optional<double>& usual) {
    const Statistic at = *plan::statistic_of(s_.limits_at);
    std::optional<plan::TimeLimit> limit;
    if (const auto said = in_.text(option)) {
      limit = said_limit(option, *said);
    } else if (usual) {
      limit = plan::TimeLimit{*usual, at};
    }
    if (limit)
      hold(snake_case(option),
           shortest(limit->most_s * 1e3) + " ms, " + std::string(plan::name_of(limit->at)),
           option);
    return limit;
  }

  plan::TimeLimit said_limit(const char* option, const std::string& said) const {
    const auto sign = said.find('@');
    const auto time = parse_seconds(std::string_view(said).substr(0, sign));
    const auto at = sign == std::string::npos
                        ? plan::statistic_of(s_.limits_at)
                        : plan::statistic_of(std::string_view(said).substr(sign + 1));
    if (!time || !at || time->value <= 0.0)
      throw Error(ErrorCode::usage,
                  "--" + std::string(option) + " must be a time with its unit, got '" + said + "'",
                  "write 200ms, or 2s@p99 (mean, p50, p90, p99)");
    return {time->value, *at};
  }

  std::optional<double> amount(const char* option,
                               const std::optional<double>& said,
                               const std::optional<double>& usual) {
    const auto value = said ? said : usual;
    if (value && *value <= 0.0)
      throw Error(ErrorCode::usage,
                  "--" + std::string(option) + " must be more than 0",
                  "leave it out for no limit");
    if (value) hold(snake_case(option), shortest(*value), option);
    return value;
  }

  void choose_limits() {
    plan::SearchLimits& l = search().limits;
    search().limits_at = *plan::statistic_of(s_.limits_at);
    l.ttft = time_limit("max-ttft", s_.ttft_s);
    l.tpot = time_limit("max-tpot", s_.tpot_s);
    l.latency = time_limit("max-latency", s_.latency_s);
    l.output_tokens_per_s = amount("min-throughput", in_.number("min-throughput"), std::nullopt);
    l.usd_per_month = amount("budget-per-month", in_.dollars("budget-per-month"), s_.usd_per_month);
    l.capex_usd = amount("budget-capex", in_.dollars("budget-capex"), s_.capex_usd);
    l.power_w = amount("max-power", max_power_w(in_), std::nullopt);
  }

  // ---- devices ----

  void choose_devices() {
    search().gpus = in_.count("gpus");
    if (const auto nodes = in_.count("nodes"); nodes && !search().gpus)
      search().gpus = *nodes * search().base.gpus_per_node.value_or(plan::kBoxGpus);
    if (search().gpus.value_or(1) < 1)
      throw Error(ErrorCode::usage, "--gpus must be at least 1", "leave it out for any number");
    search().base.nodes.reset();
    search().most_gpus =
        in_.count("max-gpus").value_or(s_.most_gpus > 0 ? s_.most_gpus : kMostGpus);
    search().fewest_gpus = std::max<std::int64_t>(1, s_.fewest_gpus);
    if (in_.has("max-gpus")) search().fewest_gpus = 1;
    if (search().gpus) {
      hold("gpus", text(*search().gpus), "gpus");
    } else {
      hold("max_gpus", text(search().most_gpus), "max-gpus");
    }
    search().base.gpu.reset();
    search().base.gpus.reset();
    for (const Gpu* gpu : devices()) add_device(*gpu);
    check_layout();
  }

  /// A layout that is said whole, or leaves only the copies open, must be possible.
  void check_layout() {
    plan::DeploymentRequest said = search().base;
    const bool some = said.tp || said.pp || said.ep || said.cp || said.attention_dp;
    if (!some || !q_.names_model || (said.dp && !(said.tp && said.pp))) return;
    said.gpu = std::string(search().devices.front().gpu->id);
    said.gpus = search().gpus;
    (void)plan::resolve_deployment(c_.catalog, said);
  }

  void add_device(const Gpu& gpu) {
    const auto slice = search().base.mig;
    if (slice) {
      search().devices.push_back({&gpu, *slice});
      return;
    }
    search().devices.push_back({&gpu, {}});
    if (!s_.mig || gpu.mig_slices == 0) return;
    for (const char* part : {"1g", "2g", "3g"}) search().devices.push_back({&gpu, part});
  }

  [[nodiscard]] std::vector<const Gpu*> devices() {
    std::vector<const Gpu*> found;
    for (const std::string& name : in_.list("gpu")) {
      const auto match = c_.catalog.resolve<Gpu>(name);
      if (!match.note.empty()) q_.assumptions.push_back({"gpu-name", match.note, "--gpu"});
      if (std::find(found.begin(), found.end(), match.entry) == found.end())
        found.push_back(match.entry);
    }
    if (!found.empty()) return found;
    const auto vendors = asked_vendors(c_);
    for (const Gpu& gpu : c_.catalog.all<Gpu>()) {
      const bool known = gpu.dense_fp16_tflops || gpu.dense_bf16_tflops || gpu.dense_fp32_tflops;
      if (gpu.status == "announced" || !known || !catalog::allows(s_, gpu)) continue;
      if (vendors.empty() || std::find(vendors.begin(), vendors.end(), gpu.vendor) != vendors.end())
        found.push_back(&gpu);
    }
    if (found.empty())
      throw Error(ErrorCode::usage,
                  "no device of the catalog is allowed",
                  "check --vendor, or take another --scenario");
    hold("devices", text(static_cast<std::int64_t>(found.size())) + " kinds", "vendor");
    return found;
  }

  // ---- software and formats ----

  void choose_software() {
    search().engines = words(s_.engines);
    if (search().base.engine) search().engines = {*search().base.engine};
    if (!search().base.engine && !any_runs()) search().engines = engines_that_run();
    search().precisions = {""};
    const bool open =
        !search().base.precision && source_.choice.format.empty() && !source_.choice.stored;
    if (open) add_precisions();
    search().kv_precisions = {""};
    if (search().base.kv_precision) return;
    for (const auto kv : s_.kv_precisions) search().kv_precisions.emplace_back(kv);
  }

  void add_precisions() {
    const catalog::Model* m = source_.choice.model;
    const double native =
        m == nullptr ? kWideBits : c_.catalog.resolve<Format>(m->native_format).entry->weight_bits;
    if (s_.quantized && native >= kWideBits) search().precisions.clear();
    for (const auto p : s_.precisions) {
      if (c_.catalog.resolve<Format>(p).entry->weight_bits < native)
        search().precisions.emplace_back(p);
    }
    if (search().precisions.empty()) search().precisions = {""};
  }

  [[nodiscard]] bool runs_somewhere(const Engine& e) {
    return std::any_of(search().devices.begin(), search().devices.end(), [&](const auto& d) {
      return catalog::runs_on(e, *d.gpu);
    });
  }

  [[nodiscard]] bool any_runs() {
    return std::any_of(s_.engines.begin(), s_.engines.end(), [&](std::string_view name) {
      return runs_somewhere(*c_.catalog.resolve<Engine>(name).entry);
    });
  }

  /// Where none of the scenario's engines runs: all that are known to.
  [[nodiscard]] std::vector<std::string> engines_that_run() {
    std::vector<std::string> names;
    for (const Engine& e : c_.catalog.all<Engine>()) {
      if (e.engine.empty() && runs_somewhere(e)) names.emplace_back(e.id);
    }
    return names;
  }

  void choose_rest() {
    search().objective =
        *plan::objective_of(in_.text("objective").value_or(std::string(s_.objective)));
    search().frontier = in_.flag("pareto");
    search().jobs = std::max<std::int64_t>(1, in_.count("jobs").value_or(1));
    q_.request.most_shown = std::max<std::int64_t>(1, in_.count("top").value_or(kMostShown));
    q_.request.top_said = in_.has("top");
    hold("objective", std::string(plan::name_of(search().objective)), "objective");
  }

  [[nodiscard]] std::string subject() {
    const std::string model = in_.text("model").value_or(in_.text("params").value_or(""));
    std::string line = (q_.names_model ? model : "models by device") + ", " +
                       text(*search().base.input_tokens) + " + " +
                       text(*search().base.output_tokens) + " tokens";
    if (search().concurrency) line += ", " + text(*search().concurrency) + " requests at a time";
    if (q_.scenario) line += ", scenario " + *q_.scenario;
    return line;
  }

  const CommandContext& c_;
  const Inputs& in_;
  const Scenario& s_;
  ModelSource source_;
  RecommendQuestion q_;
};

}  // namespace

std::optional<double> max_power_w(const Inputs& inputs) {
  const auto said = inputs.text("max-power");
  if (!said) return std::nullopt;
  const auto value = parse_watts(*said);
  if (!value)
    throw Error(ErrorCode::usage, "--max-power must be watts, got '" + *said + "'", "write 700W");
  return value;
}

std::vector<std::string> asked_vendors(const CommandContext& context) {
  std::vector<std::string_view> known;
  for (const Gpu& gpu : context.catalog.all<Gpu>()) known.push_back(gpu.vendor);
  std::vector<std::string> asked = context.inputs.list("vendor");
  for (const std::string& vendor : asked) {
    if (std::find(known.begin(), known.end(), vendor) != known.end()) continue;
    throw Error(ErrorCode::usage,
                "no device of the maker '" + vendor + "' is known",
                did_you_mean(vendor, known, "`dsplan catalog list gpus` shows the makers"));
  }
  return asked;
}

const Scenario& scenario_of(const CommandContext& context) {
  return *context.catalog.resolve<Scenario>(context.inputs.text("scenario").value_or("general"))
              .entry;
}

RecommendQuestion recommend_question(const CommandContext& context) {
  return Questioner(context).build();
}

}  // namespace dsplan::cli
