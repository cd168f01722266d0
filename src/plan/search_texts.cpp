#include "search_texts.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace dsplan::plan {
namespace {

std::string digits(double value, int precision) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(
      buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, precision);
  return {buffer.data(), end.ptr};
}

std::string shortest(double value) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end.ptr};
}

/// Up to three digits, never less than the value.
double rounded_up(double value) {
  if (value <= 0.0) return 0.0;
  const double scale = std::pow(10.0, 2.0 - std::floor(std::log10(value)));
  return std::ceil(value * scale - 1e-9) / scale;
}

double rounded_down(double value) {
  if (value <= 0.0) return 0.0;
  const double scale = std::pow(10.0, 2.0 - std::floor(std::log10(value)));
  return std::floor(value * scale + 1e-9) / scale;
}

std::string milliseconds(double value_s) { return shortest(rounded_up(value_s * 1e3)) + "ms"; }

std::string amount(Constraint c, double value) {
  switch (c) {
    case Constraint::memory:
      return digits(value / kGibi, 1) + " GiB";
    case Constraint::ttft:
    case Constraint::tpot:
    case Constraint::latency:
      return digits(value * 1e3, 1) + " ms";
    case Constraint::throughput:
      return digits(value, 0) + " tokens/s";
    case Constraint::month:
      return "$" + digits(value, 0) + " a month";
    case Constraint::capex:
      return "$" + digits(value, 0);
    case Constraint::power:
      return digits(value, 0) + " W";
    case Constraint::gpus:
      break;
  }
  return digits(value, 0) + " GPUs";
}

template <typename Value>
void add(std::string& flags, const char* name, const std::optional<Value>& value) {
  if (!value) return;
  flags += std::string(" --") + name + " ";
  if constexpr (std::is_same_v<Value, std::string>) {
    flags += *value;
  } else if constexpr (std::is_same_v<Value, double>) {
    flags += shortest(*value);
  } else {
    flags += std::to_string(*value);
  }
}

void add_size(std::string& flags, const char* name, const std::optional<std::int64_t>& n) {
  if (n.value_or(1) > 1) add(flags, name, n);
}

void add_settings(std::string& flags, const workload::EngineSettings& s) {
  add(flags, "max-batched-tokens", s.max_batched_tokens);
  add(flags, "max-seqs", s.max_seqs);
  add(flags, "gpu-memory-utilization", s.memory_utilization);
  add(flags, "reserve", s.reserve_fraction);
  add(flags, "draft-tokens", s.draft_tokens);
  add(flags, "accepted-tokens", s.accepted_tokens);
  add(flags, "stream-interval", s.stream_interval);
  add(flags, "poll-interval", s.poll_interval);
  if (s.prefix_hit > 0.0) add(flags, "prefix-hit", std::optional<double>(s.prefix_hit));
}

}  // namespace

std::string precision_name(const Deployment& d) {
  const workload::Precision& p = d.workload.precision;
  if (p.dense == p.experts) return std::string(p.dense->id);
  return std::string(p.dense->id) + "+" + std::string(p.experts->id);
}

std::string flags_of(const std::string& model_flags, const DeploymentRequest& r) {
  std::string flags = model_flags;
  add(flags, "precision", r.precision);
  add(flags, "kv-precision", r.kv_precision);
  add(flags, "engine", r.engine);
  add(flags, "engine-version", r.engine_version);
  add(flags, "gpu", r.gpu);
  add(flags, "mig", r.mig);
  add(flags, "gpus", r.gpus);
  add_size(flags, "tp", r.tp);
  add_size(flags, "pp", r.pp);
  add_size(flags, "dp", r.dp);
  add_size(flags, "ep", r.ep);
  add_size(flags, "cp", r.cp);
  add_size(flags, "attention-dp", r.attention_dp);
  // One GPU's layout is said too, so that it is not looked for.
  if (flags.find(" --tp ") == std::string::npos) add(flags, "tp", r.tp);
  add(flags, "gpus-per-node", r.gpus_per_node);
  add(flags, "link", r.link);
  add(flags, "network", r.network);
  add(flags, "concurrency", r.batch);
  add(flags, "input-tokens", r.input_tokens);
  add(flags, "output-tokens", r.output_tokens);
  add_settings(flags, r.settings);
  if (r.prefill_pool) flags += " --prefill-pool " + text_of(*r.prefill_pool);
  return flags;
}

std::string ranked_by(const SearchRequest& r, const Recommended& d) {
  const RecommendedPerformance& p = d.performance;
  const auto money = [](const std::optional<double>& usd, int places, const char* unit) {
    return usd ? "$" + digits(*usd, places) + unit : std::string("no price known");
  };
  switch (r.objective) {
    case Objective::latency:
      return "a request takes " + digits(p.e2e_s.value, 2) + " s";
    case Objective::energy:
      return d.power_w && p.output_tokens_per_s
                 ? digits(*d.power_w / p.output_tokens_per_s->value, 2) + " J an output token"
                 : "no power known";
    case Objective::cost:
      if (r.concurrency) return money(d.cost.usd_per_hour, 2, " an hour");
      break;
    case Objective::throughput:
      break;
  }
  if (!d.cost.million_output) return "no price known: ranked by GPUs for the rate";
  return money(d.cost.million_output->value, 3, " a million output tokens");
}

std::string bound_by(const std::string& constraint, double use) {
  return constraint + " is used to " + digits(use * 100.0, 0) + " %: the nearest limit";
}

std::string key_text(const SearchRequest& r, double key) {
  const bool demand = r.concurrency || (r.limits.output_tokens_per_s && !r.gpus);
  switch (r.objective) {
    case Objective::latency:
      return digits(key, 2) + " s a request";
    case Objective::energy:
      return digits(key, 2) + " J an output token";
    case Objective::cost:
      if (demand) return "$" + digits(key, 2) + " an hour";
      break;
    case Objective::throughput:
      break;
  }
  return "$" + digits(key, 3) + " a million output tokens";
}

std::string change_of(const SearchRequest& r, const BrokenLimit& b) {
  const auto time = [&](const char* flag, const std::optional<TimeLimit>& limit) {
    const bool usual = limit->at == r.limits_at;
    return std::string(flag) + milliseconds(b.needed) +
           (usual ? "" : "@" + std::string(name_of(limit->at)));
  };
  switch (b.constraint) {
    case Constraint::memory:
      return {};
    case Constraint::ttft:
      return time("--max-ttft ", r.limits.ttft);
    case Constraint::tpot:
      return time("--max-tpot ", r.limits.tpot);
    case Constraint::latency:
      return time("--max-latency ", r.limits.latency);
    case Constraint::throughput:
      return "--min-throughput " + shortest(rounded_down(b.needed));
    case Constraint::month:
      return "--budget-per-month " + shortest(rounded_up(b.needed));
    case Constraint::capex:
      return "--budget-capex " + shortest(rounded_up(b.needed));
    case Constraint::power:
      return "--max-power " + shortest(rounded_up(b.needed));
    case Constraint::gpus:
      break;
  }
  return (r.gpus ? "--gpus " : "--max-gpus ") + digits(b.needed, 0);
}

std::string reason_of(const BrokenLimit& b) {
  return std::string(name_of(b.constraint)) + ": " + amount(b.constraint, b.needed) +
         " against a limit of " + amount(b.constraint, b.limit);
}

}  // namespace dsplan::plan
