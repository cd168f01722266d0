#include "dsplan/ingest/serving_table.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "dsplan/estimate/memory.hpp"
#include "dsplan/plan/bands.hpp"
#include "dsplan/plan/serving_times.hpp"

#include "serving_cells.hpp"
#include "table_row.hpp"

namespace dsplan::ingest {
namespace {

using catalog::Catalog;
using plan::Figure;

using Column = std::size_t;
constexpr Column kId = 0;
constexpr Column kModel = 1;
constexpr Column kPrecision = 2;
constexpr Column kKvPrecision = 3;
constexpr Column kGpu = 4;
constexpr Column kGpus = 5;
constexpr Column kTp = 6;
constexpr Column kPp = 7;
constexpr Column kEp = 8;
constexpr Column kAttentionDp = 9;
constexpr Column kEngine = 10;
constexpr Column kVersion = 11;
constexpr Column kArrival = 12;
constexpr Column kConcurrency = 13;
constexpr Column kPromptsPerClient = 14;
constexpr Column kInput = 15;
constexpr Column kOutput = 16;
constexpr Column kLengths = 17;
constexpr Column kMetric = 18;
constexpr Column kValue = 19;
constexpr Column kColumns = 20;
constexpr std::array<std::string_view, kColumns> kNames{
    "id",           "model",       "precision",
    "kv_precision", "gpu",         "n_gpus",
    "tp",           "pp",          "ep",
    "attention_dp", "engine",      "engine_version",
    "arrival",      "concurrency", "prompts_per_client",
    "isl",          "osl",         "lengths",
    "metric",       "value"};

// The columns that name a deployment; lines that agree in them share it.
constexpr std::array kSiteColumns{kModel,
                                  kPrecision,
                                  kKvPrecision,
                                  kGpu,
                                  kGpus,
                                  kTp,
                                  kPp,
                                  kEp,
                                  kAttentionDp,
                                  kEngine,
                                  kVersion,
                                  kArrival};

// Lengths where a line does not state them: short questions of people, a decode rate alone (taken
// near the start of an answer), and prompts of benchmarks.
constexpr double kChatInput = 250.0;
constexpr double kDecodeInput = 32.0;
constexpr double kUsualInput = 512.0;
constexpr double kUsualOutput = 128.0;

/// A deployment as a line names it, or why there is none.
struct Site {
  std::optional<plan::DeploymentRequest> request;
  std::int64_t step_tokens = 0;  ///< of the engine's own setting
  std::optional<plan::Deployment> deployment;
  std::optional<plan::Serving> serving;
  catalog::Run run;  ///< less its load
  double gpus = 1.0;
  plan::Evidence evidence;
  std::string refused;
  std::string note;
};

/// The most tokens that fit beside the weights of an engine that takes memory as it goes.
double tokens_beside_weights(const plan::Deployment& d) {
  constexpr std::int64_t kSampleTokens = 4096;
  constexpr double kLeastShare = 0.02;  // some room is always found
  workload::Inference w = d.workload;
  w.batch = w.layout.dp * w.layout.attention_dp;
  w.input_tokens = kSampleTokens;
  const auto memory = estimate::inference_memory(w, d.gpu);
  const estimate::GpuMemory& gpu = memory.worst_gpu();
  const double cache = total(gpu.kv_cache).value;
  const double usable = estimate::budget(w, gpu, *d.gpu).usable.value;
  const double room = std::max(usable - (total(gpu).value - cache), kLeastShare * usable);
  return room / cache * static_cast<double>(kSampleTokens);
}

}  // namespace

class ServingTable::Impl {
 public:
  Impl(const Catalog& catalog, const CsvTable& table) : catalog_(catalog), table_(table) {
    for (std::size_t i = 0; i < kColumns; ++i) columns_[i] = table.column(kNames[i]);
  }

  Figure figure(std::size_t index) {
    row_ = index;
    Figure f;
    f.id = cell(kId);
    f.metric = cell(kMetric);
    f.unit = unit_of(f.metric);
    const auto measured = parse_number(cell(kValue));
    if (!measured) throw Unanswerable{"no value"};
    f.measured = *measured;
    Site& s = site();
    if (!s.refused.empty()) {
      f.skipped = s.refused;
      return f;
    }
    f.note = s.note;
    f.entry = s.serving->stack->id;
    answer(f, [&] { return predict(s, f.metric); });
    if (f.predicted) add_band(f, s);
    return f;
  }

 private:
  [[nodiscard]] std::string_view cell(Column column) const { return cell(row_, column); }

  [[nodiscard]] std::string_view cell(std::size_t row, Column column) const {
    const auto at = columns_[column];
    if (at < 0) return {};
    return table_.rows[row][static_cast<std::size_t>(at)];
  }

  [[nodiscard]] std::int64_t count(Column column, std::int64_t otherwise) const {
    const std::string_view text = cell(column);
    if (text.empty()) return otherwise;
    const auto value = parse_number(text);
    if (!value || *value < 1.0 || *value != std::floor(*value) || *value > 1e6)
      throw Unanswerable{"'" + std::string(kNames[column]) + "' is not a count: '" +
                         std::string(text) + "'"};
    return static_cast<std::int64_t>(*value);
  }

  static std::string_view unit_of(std::string_view metric) {
    const auto ends = [&](std::string_view tail) { return metric.ends_with(tail); };
    if (ends("_ms")) return "ms";
    if (ends("_tokens_per_s_per_gpu")) return "tokens/s/GPU";
    if (ends("_tokens_per_s")) return "tokens/s";
    if (ends("_mib")) return "MiB";
    if (ends("_gb")) return "GB";
    return "";
  }

  // ---- deployment ----

  /// Tables list the lines of a deployment together.
  Site& site() {
    const auto same = [&](Column c) { return cell(c) == cell(site_row_, c); };
    if (site_ != nullptr && std::all_of(kSiteColumns.begin(), kSiteColumns.end(), same))
      return *site_;
    std::string key;
    for (const Column c : kSiteColumns) {
      key += cell(c);
      key += '\x1f';
    }
    const auto [at, is_new] = sites_.try_emplace(std::move(key));
    if (is_new) build(at->second);
    site_ = &at->second;
    site_row_ = row_;
    return at->second;
  }

  void build(Site& s) {
    try {
      s.request = request_of(s);
      s.run = run_of(*s.request);
      if (by_protocol()) take_recipe(s);
      if (cell(kTp).empty()) choose_tp(s);
      s.deployment = deployment_of(s);
      s.serving = plan::serving(catalog_, *s.deployment);
      s.evidence = plan::evidence(catalog_, *s.serving, *s.deployment->gpu);
      estimate::tabulate(s.serving->steps);
      traffic::Scheduling& scheduling = s.serving->scheduling;
      s.step_tokens = scheduling.step_tokens;
      if (std::isinf(scheduling.cache_tokens))
        scheduling.cache_tokens = tokens_beside_weights(*s.deployment);
      s.gpus = static_cast<double>(workload::gpu_count(s.deployment->workload.layout));
    } catch (const Unanswerable& why) {
      s.refused = why.reason;
    } catch (const Error& error) {
      s.refused = error.what();
    }
  }

  [[nodiscard]] plan::Deployment deployment_of(const Site& s) const {
    plan::Deployment d = plan::resolve_deployment(catalog_, *s.request);
    d.any_engine = !s.note.empty();
    d.engine_build = std::string(cell(kVersion));
    d.engine_year = year_in(cell(kVersion));
    if (!d.engine_year && cell(kVersion) != kNewestVersion)
      d.engine_year = usual_year(*d.workload.model, *d.gpu);
    return d;
  }

  plan::DeploymentRequest request_of(Site& s) const {
    plan::DeploymentRequest r;
    if (cell(kModel).empty()) throw Unanswerable{"no model"};
    if (cell(kGpu).empty()) throw Unanswerable{"no GPU"};
    const auto found = catalog::resolve_model(catalog_, cell(kModel));
    r.model.model = found.model;
    if (found.format != nullptr) r.model.format = std::string(found.format->id);
    r.observed = true;
    if (!cell(kPrecision).empty()) r.precision = std::string(cell(kPrecision));
    // The label of checkpoints whose experts alone are narrow means all weights where there are none.
    if (r.precision == "mxfp4" && !catalog::is_moe(*found.model)) r.precision = "mxfp4-all";
    if (!cell(kKvPrecision).empty()) r.kv_precision = first_word(cell(kKvPrecision));
    r.gpu = std::string(cell(kGpu));
    set_engine(r, s);
    set_layout(r);
    r.input_tokens = 1;
    r.output_tokens = 0;
    return r;
  }

  /// What the protocol of the line's series knows of all its lines.
  void take_recipe(Site& s) const {
    plan::DeploymentRequest& r = *s.request;
    const catalog::Protocol p = protocol(s);
    if (!r.kv_precision && !p.kv_precision.empty()) r.kv_precision = std::string(p.kv_precision);
    if (!p.precision.empty()) r.precision = std::string(p.precision);
    if (!r.engine_version && !p.engine_version.empty())
      r.engine_version = std::string(p.engine_version);
  }

  static std::string first_word(std::string_view text) {
    return std::string(text.substr(0, text.find(' ')));
  }

  void set_engine(plan::DeploymentRequest& r, Site& s) const {
    const std::string name(cell(kEngine));
    const auto* engine = name.empty() ? nullptr : catalog_.find<catalog::Engine>(name);
    if (engine == nullptr) {
      s.note = "engine '" + name + "' is answered by the generic profile";
      r.engine = "vllm";
      return;
    }
    r.engine = name;
    r.engine_version = version_in(cell(kVersion), *engine);
  }

  void set_layout(plan::DeploymentRequest& r) const {
    const std::int64_t gpus = count(kGpus, 0);
    r.pp = count(kPp, 1);
    r.ep = count(kEp, 1);
    r.attention_dp = count(kAttentionDp, 1);
    r.tp = count(kTp, 1);
    // Experts spread over all GPUs of a line without attention replicas: these share attention too.
    const bool spread = *r.ep > 1 && *r.ep == gpus && *r.attention_dp == 1;
    if (spread && *r.tp * *r.pp < gpus && gpus % *r.pp == 0) r.tp = gpus / *r.pp;
    r.ep = std::min(*r.ep, *r.tp * *r.attention_dp);
    set_replicas(r, gpus);
  }

  static void set_replicas(plan::DeploymentRequest& r, std::int64_t gpus) {
    const std::int64_t replica = *r.tp * *r.pp * *r.attention_dp;
    if (gpus > 0 && gpus % replica != 0)
      throw Unanswerable{std::to_string(gpus) + " GPUs are no multiple of the layout's " +
                         std::to_string(replica)};
    r.dp = gpus > 0 ? gpus / replica : 1;
  }

  /// The fewest GPUs, by twos, that hold the weights and leave a fifth of their memory.
  void choose_tp(Site& s) const {
    constexpr double kMostWeights = 0.8;
    plan::DeploymentRequest& r = *s.request;
    const std::int64_t gpus = *r.tp * *r.pp * *r.attention_dp * *r.dp;
    const auto holds = [&] {
      const plan::Deployment d = plan::resolve_deployment(catalog_, r);
      const auto memory = estimate::inference_memory(d.workload, d.gpu);
      const double weights = total(memory.worst_gpu().weights).value;
      return weights <= kMostWeights * catalog::runtime_memory(*d.gpu).value;
    };
    while (gpus % (2 * *r.tp * *r.pp) == 0 && !holds()) {
      *r.tp *= 2;
      set_replicas(r, gpus);
    }
  }

  // ---- load ----

  [[nodiscard]] plan::Arrival arrival() const {
    for (const plan::Arrival known : {plan::Arrival::single,
                                      plan::Arrival::batch,
                                      plan::Arrival::offline,
                                      plan::Arrival::steady,
                                      plan::Arrival::closed}) {
      if (cell(kArrival) == plan::name_of(known)) return known;
    }
    throw Unanswerable{"unknown arrival '" + std::string(cell(kArrival)) + "'"};
  }

  [[nodiscard]] double usual_input(plan::Arrival arrival) const {
    if (arrival == plan::Arrival::steady) return kChatInput;
    return cell(kMetric) == "decode_tokens_per_s" ? kDecodeInput : kUsualInput;
  }

  [[nodiscard]] plan::RunLoad load() const {
    plan::RunLoad l;
    l.arrival = arrival();
    l.concurrency = first_number(cell(kConcurrency));
    if (!l.concurrency && l.arrival != plan::Arrival::offline) l.concurrency = 1.0;
    l.input_tokens = std::max(1.0, first_number(cell(kInput)).value_or(usual_input(l.arrival)));
    l.output_tokens = first_number(cell(kOutput)).value_or(kUsualOutput);
    if (const auto prompts = parse_number(cell(kPromptsPerClient))) {
      l.requests_per_client = std::llround(*prompts);
    } else {
      l.starts_together = false;
    }
    if (cell(kLengths).starts_with("uniform"))
      l.shortest_share = first_number(cell(kLengths)).value_or(1.0);
    return l;
  }

  // ---- bands ----

  /// The figure whose band a metric has; empty where none is known.
  static std::string_view banded(std::string_view metric) {
    if (metric.starts_with("ttft")) return "ttft";
    if (metric.starts_with("tpot") || metric.starts_with("itl")) return "tpot";
    if (metric.starts_with("e2e")) return "e2e";
    if (metric.starts_with("prefill")) return "prefill";
    if (metric.starts_with("decode")) return "decode";
    return metric.find("tokens_per_s") == std::string_view::npos ? "" : "throughput";
  }

  void add_band(Figure& f, const Site& s) const {
    const std::string_view figure = banded(f.metric);
    if (figure.empty()) return;
    const catalog::Band* band = plan::band_of(catalog_, figure, arrival(), s.evidence);
    if (band == nullptr) return;
    const bool rate_of_time = figure == "prefill";
    f.low = *f.predicted * (rate_of_time ? 1.0 / band->high : band->low);
    f.high = *f.predicted * (rate_of_time ? 1.0 / band->low : band->high);
  }

  double predict(Site& s, std::string_view metric) {
    plan::RunLoad l = load();
    catalog::Protocol p;
    if (by_protocol()) {
      p = protocol(s);
      follow_protocol(p, s, l);
    }
    if (metric.ends_with("_mib") || metric.ends_with("_gb")) return memory_of(s, l, metric);
    const plan::RunTimes t = plan::run_times(*s.serving, l);
    if (metric == "decode_tokens_per_s" && !p.rate_of.empty()) {
      const bool prompt_counts = p.rate_of == "prompt-and-answer";
      const double tokens = l.output_tokens + (prompt_counts ? l.input_tokens : 0.0);
      return tokens / (t.prefill_s + l.output_tokens * t.tpot_s.mean);
    }
    return figure_of(metric, t, l, s.gpus);
  }

  /// Memory of the whole system.
  static double memory_of(const Site& s, const plan::RunLoad& l, std::string_view metric) {
    workload::Inference w = s.deployment->workload;
    w.batch = std::llround(l.concurrency.value_or(1.0));
    w.input_tokens = std::llround(l.input_tokens);
    w.output_tokens = std::llround(l.output_tokens);
    const auto memory = estimate::inference_memory(w, s.deployment->gpu);
    const estimate::GpuMemory& gpu = memory.worst_gpu();
    const double gpus = s.gpus;
    if (metric == "peak_gpu_gb") return in_gb(memory.all_gpus);
    if (metric == "peak_gpu_mib") return in_mib(memory.all_gpus);
    if (metric == "weights_mib") return in_mib(total(gpu.weights)) * gpus;
    if (metric == "kv_cache_mib") return in_mib(total(gpu.kv_cache)) * gpus;
    if (metric == "compute_buffer_mib") return in_mib(gpu.activations) * gpus;
    throw Unanswerable{"unknown metric '" + std::string(metric) + "'"};
  }

  // ---- what a series is known to have done ----

  /// Of closed loops, those of series that count the prompts of each client.
  [[nodiscard]] bool by_protocol() const {
    return cell(kArrival) != "closed" || !cell(kPromptsPerClient).empty();
  }

  [[nodiscard]] catalog::Run run_of(const plan::DeploymentRequest& r) const {
    catalog::Run run;
    run.engine = catalog_.resolve<catalog::Engine>(r.engine.value_or("vllm")).entry->id;
    run.gpu = catalog_.resolve<catalog::Gpu>(*r.gpu).entry;
    run.model = r.model.model;
    const std::string_view weights = cell(kPrecision);
    run.wide_weights = weights == "bf16" || weights == "fp16";
    run.narrow_weights = !weights.empty() && !run.wide_weights;
    run.version_unstated = !r.engine_version && !year_in(cell(kVersion));
    run.tp = r.tp.value_or(1);
    return run;
  }

  [[nodiscard]] catalog::Protocol protocol(const Site& s) const {
    catalog::Run run = s.run;
    run.arrival = cell(kArrival);
    run.lengths = cell(kLengths).starts_with("uniform") ? "uniform" : "fixed";
    run.concurrency = std::llround(first_number(cell(kConcurrency)).value_or(1.0));
    run.input_unstated = cell(kInput).empty();
    run.input_tokens = std::llround(first_number(cell(kInput)).value_or(0.0));
    run.output_tokens = std::llround(first_number(cell(kOutput)).value_or(0.0));
    return catalog::protocol_of(catalog_.all<catalog::Protocol>(), run);
  }

  /// Settings and lengths that the protocol knows of the line at hand.
  static void follow_protocol(const catalog::Protocol& p, Site& s, plan::RunLoad& l) {
    traffic::Scheduling& scheduling = s.serving->scheduling;
    scheduling.poll_interval = std::max<std::int64_t>(1, p.poll_interval);
    scheduling.stream_interval = std::max<std::int64_t>(1, p.stream_interval);
    scheduling.step_tokens = s.step_tokens;
    if (p.step_prompts > 0) {
      scheduling.step_tokens =
          p.step_prompts * std::llround(l.input_tokens) + std::llround(l.concurrency.value_or(1.0));
    }
    if (p.length_spread > 0.0) {
      l.shortest_share = (1.0 - p.length_spread) / (1.0 + p.length_spread);
      l.input_tokens *= 1.0 + p.length_spread;
      l.output_tokens *= 1.0 + p.length_spread;
    }
    if (p.mean_input_tokens > 0.0) l.input_tokens = p.mean_input_tokens;
    if (p.mean_output_tokens > 0.0) l.output_tokens = p.mean_output_tokens;
    l.beams = std::max(1.0, static_cast<double>(p.beams));
  }

  static double figure_of(std::string_view metric,
                          const plan::RunTimes& t,
                          const plan::RunLoad& l,
                          double gpus) {
    if (metric == "ttft_ms") return t.ttft_s.mean * 1e3;
    if (metric == "tpot_ms") return t.tpot_s.mean * 1e3;
    if (metric == "ttft_p50_ms") return t.ttft_s.p50 * 1e3;
    if (metric == "tpot_p50_ms") return t.tpot_s.p50 * 1e3;
    if (metric == "ttft_p99_ms") return t.ttft_s.p99 * 1e3;
    if (metric == "tpot_p99_ms" || metric == "itl_p99_ms") return t.tpot_s.p99 * 1e3;
    if (metric == "e2e_ms") return t.e2e_s.mean * 1e3;
    if (metric == "output_tokens_per_s") return t.output_tokens_per_s;
    if (metric == "output_tokens_per_s_per_gpu") return t.output_tokens_per_s / gpus;
    if (metric == "total_tokens_per_s")
      return t.output_tokens_per_s * (l.input_tokens + l.output_tokens) / l.output_tokens;
    if (metric == "prefill_tokens_per_s") return l.input_tokens / t.prefill_s;
    if (metric == "decode_tokens_per_s") return t.decode_tokens_per_s;
    throw Unanswerable{"unknown metric '" + std::string(metric) + "'"};
  }

  const Catalog& catalog_;
  const CsvTable& table_;
  std::array<std::ptrdiff_t, kColumns> columns_{};
  std::unordered_map<std::string, Site> sites_;
  Site* site_ = nullptr;  ///< of the line before
  std::size_t site_row_ = 0;
  std::size_t row_ = 0;
};

ServingTable::ServingTable(const Catalog& catalog, const CsvTable& table)
    : impl_(std::make_unique<Impl>(catalog, table)) {}
ServingTable::~ServingTable() = default;
ServingTable::ServingTable(ServingTable&&) noexcept = default;
ServingTable& ServingTable::operator=(ServingTable&&) noexcept = default;

Figure ServingTable::figure(std::size_t row) { return impl_->figure(row); }

}  // namespace dsplan::ingest
