#include "dsplan/ingest/validation_table.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "dsplan/base/error.hpp"
#include "dsplan/base/parse.hpp"
#include "dsplan/base/suggest.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/estimate/compute_graph.hpp"
#include "dsplan/estimate/kv_cache.hpp"
#include "dsplan/ingest/serving_table.hpp"
#include "dsplan/ingest/training_speed_table.hpp"
#include "dsplan/ingest/training_table.hpp"
#include "dsplan/plan/deployment.hpp"
#include "dsplan/plan/engine_memory.hpp"

#include "serving_runs.hpp"
#include "table_row.hpp"

namespace dsplan::ingest {
namespace {

using catalog::Catalog;
using plan::Figure;

plan::ModelChoice model_named(const Row& row, const Catalog& catalog) {
  const auto name = row.said("model");
  if (!name) throw Unanswerable{"no model"};
  const auto found = catalog::resolve_model(catalog, *name);
  plan::ModelChoice choice;
  choice.model = found.model;
  if (found.format != nullptr) choice.format = std::string(found.format->id);
  return choice;
}

constexpr std::string_view kUsualEngine = "vllm";

/// An engine that the catalog does not know is answered as the usual one.
bool knows_engine(const Row& row, const Catalog& catalog) {
  const auto name = row.said("engine");
  return !name || catalog.find<catalog::Engine>(*name) != nullptr;
}

std::string engine_named(const Row& row, const Catalog& catalog) {
  const std::string usual(kUsualEngine);
  return knows_engine(row, catalog) ? row.said("engine").value_or(usual) : usual;
}

/// What was measured by one column of a wide table.
Figure measured_in(const Row& row, const std::string& column, std::string unit) {
  const auto measured = row.number(column);
  if (!measured) throw Unanswerable{"no " + column};
  Figure figure;
  figure.id = row.text("id") + "/" + column;
  figure.metric = column;
  figure.unit = std::move(unit);
  figure.measured = *measured;
  return figure;
}

// ---- start-up logs of vLLM ----

plan::DeploymentRequest vllm_request(const Row& row, const Catalog& catalog) {
  plan::DeploymentRequest request;
  request.model = model_named(row, catalog);
  request.precision = row.said("precision");
  request.kv_precision = row.said("kv_precision");
  request.engine = engine_named(row, catalog);
  request.engine_version = row.said("engine_version");
  request.gpu = row.said("gpu");
  if (!request.gpu) throw Unanswerable{"no GPU"};
  request.tp = row.count("tp").value_or(1);
  request.pp = row.count("pp").value_or(1);
  request.ep = row.count("ep").value_or(1);
  request.attention_dp = row.count("attention_dp").value_or(1);
  request.input_tokens = 1;
  request.output_tokens = 0;
  request.settings.memory_utilization = row.number("gpu_memory_utilization");
  request.settings.max_batched_tokens = row.count("max_num_batched_tokens");
  request.settings.max_seqs = row.count("max_num_seqs");
  return request;
}

double predict_vllm(const Row& row, const Catalog& catalog) {
  plan::Deployment deployment = plan::resolve_deployment(catalog, vllm_request(row, catalog));
  catalog::Gpu device = *deployment.gpu;
  if (const auto measured_gib = row.number("device_total_gib"))
    device.memory_runtime_gib = measured_gib;
  deployment.gpu = &device;
  const auto figure = plan::engine_figure(deployment, row.text("metric"));
  if (!figure) throw Unanswerable{"unknown metric '" + row.text("metric") + "'"};
  return *figure;
}

std::vector<Figure> vllm_figures(const Row& row, const Catalog& catalog) {
  Figure figure;
  figure.id = row.text("id");
  figure.metric = row.text("metric");
  figure.unit = plan::engine_figure_unit(figure.metric);
  const auto measured = row.number("value");
  if (!measured) throw Unanswerable{"no value"};
  figure.measured = *measured;
  if (!knows_engine(row, catalog)) {
    figure.note = "engine '" + row.text("engine") + "' is answered as " + std::string(kUsualEngine);
  }
  answer(figure, [&] { return predict_vllm(row, catalog); });
  return {figure};
}

// ---- llama.cpp's own projection ----

struct LlamaCase {
  plan::Deployment deployment;
  std::int64_t step_tokens = 0;
};

/// Its context is the total of all parallel sequences.
LlamaCase llama_case(const Row& row, const Catalog& catalog) {
  const std::int64_t parallel = row.count("parallel").value_or(1);
  const auto context = row.count("context");
  if (!context || *context < 1 || parallel < 1) throw Unanswerable{"no context"};
  plan::DeploymentRequest request;
  request.model = model_named(row, catalog);
  request.engine = "llamacpp";
  request.kv_precision = row.said("kv_precision");
  request.batch = parallel;
  request.input_tokens = std::max<std::int64_t>(1, *context / parallel);
  request.output_tokens = 0;
  request.settings.flash_attention = row.said("flash_attention").value_or("on") != "off";
  request.settings.max_batched_tokens = row.count("ubatch");
  LlamaCase out{plan::resolve_deployment(catalog, request), 0};
  const auto limits = workload::step_limits(out.deployment.workload, nullptr);
  out.step_tokens = std::min(limits.batched_tokens, *context);
  return out;
}

double predict_llama_kv(const Row& row, const Catalog& catalog) {
  const LlamaCase c = llama_case(row, catalog);
  const workload::Inference& w = c.deployment.workload;
  const auto stage = estimate::stages(w).front();
  return in_mib(
      estimate::total(estimate::kv_cache(w, stage, w.batch, w.input_tokens, c.step_tokens)));
}

/// The projection is made on the host, where the graph allocator aligns as for a CPU.
double predict_llama_compute(const Row& row, const Catalog& catalog) {
  const LlamaCase c = llama_case(row, catalog);
  const workload::Inference& w = c.deployment.workload;
  return in_mib(estimate::compute_buffer(*w.model,
                                         {.context = w.input_tokens,
                                          .sequences = w.batch,
                                          .step_tokens = c.step_tokens,
                                          .flash_attention = w.settings.flash_attention,
                                          .devices = 0}));
}

std::vector<Figure> llama_figures(const Row& row, const Catalog& catalog) {
  struct Column {
    const char* name;
    double (*predict)(const Row&, const Catalog&);
  };
  std::vector<Figure> figures;
  for (const auto& [name, predict] :
       {Column{"kv_mib", &predict_llama_kv}, Column{"compute_mib", &predict_llama_compute}}) {
    if (!row.said(name)) continue;
    Figure figure = measured_in(row, name, "MiB");
    const auto function = predict;
    answer(figure, [&] { return function(row, catalog); });
    figures.push_back(std::move(figure));
  }
  return figures;
}

// ---- training peaks ----

TrainingCells cells_of(const Row& row) {
  TrainingCells cells;
  for (const std::string& column : row.columns()) cells[column] = row.text(column);
  return cells;
}

std::vector<Figure> training_figures(const Row& row, const Catalog& catalog) {
  Figure figure = measured_in(row, "peak_bytes", "bytes");
  answer(figure, [&] {
    const TrainingRow run = read_training_row(cells_of(row), catalog);
    if (!run.training) throw Unanswerable{run.skipped};
    figure.note = run.note;
    return predicted_peak(run).value;
  });
  return {figure};
}

// ---- training speed ----

std::vector<Figure> training_speed_figures(const Row& row, NameCache& names) {
  Figure figure = measured_in(row, "tokens_per_s_per_gpu", "tokens/s/GPU");
  answer(figure, [&] {
    const TrainingSpeedRow run = read_training_speed_row(cells_of(row), names);
    if (!run.training) throw Unanswerable{run.skipped};
    figure.note = run.note;
    figure.entry = run.training->framework->id;
    const plan::Predicted speed = predicted_speed(run, names.catalog());
    figure.low = speed.low;
    figure.high = speed.high;
    return speed.value;
  });
  return {figure};
}

// ---- kinds of tables ----

using RowReader = std::function<std::vector<Figure>(const Row&)>;

struct Reader {
  TableKind kind;
  RowReader (*make)(const Catalog&, const CsvTable&);
  bool has_runs = false;  ///< one figure a line, and lines that together are a run
};

/// A reader that keeps nothing from row to row.
template <auto figures>
RowReader plain(const Catalog& catalog, const CsvTable&) {
  return [&catalog](const Row& row) { return figures(row, catalog); };
}

RowReader serving_reader(const Catalog& catalog, const CsvTable& table) {
  return [predictor = std::make_shared<ServingTable>(catalog, table)](const Row& row) {
    return std::vector<Figure>{predictor->figure(row.index())};
  };
}

RowReader training_speed_reader(const Catalog& catalog, const CsvTable&) {
  return [names = std::make_shared<NameCache>(catalog)](const Row& row) {
    return training_speed_figures(row, *names);
  };
}

const std::vector<Reader>& readers() {
  static const std::vector<Reader> kReaders{
      {{"serving", {"id", "model", "gpu", "engine", "arrival", "metric", "value"}, false},
       &serving_reader,
       true},
      {{"vllm-memory", {"id", "model", "gpu", "metric", "value", "gpu_memory_utilization"}, false},
       &plain<&vllm_figures>},
      {{"llamacpp-memory", {"id", "model", "context", "kv_mib", "compute_mib"}, true},
       &plain<&llama_figures>},
      {{"training-memory", {"id", "framework", "peak_bytes", "scope"}, true},
       &plain<&training_figures>},
      {{"training-speed", {"id", "framework", "gpu", "tokens_per_s_per_gpu"}, true},
       &training_speed_reader},
  };
  return kReaders;
}

bool has_columns(const CsvTable& table, const TableKind& kind) {
  return std::all_of(kind.required.begin(), kind.required.end(), [&](std::string_view name) {
    return table.column(name) >= 0;
  });
}

const Reader& reader_of(const CsvTable& table, const std::string& file) {
  for (const Reader& reader : readers()) {
    if (has_columns(table, reader.kind)) return reader;
  }
  std::string kinds;
  for (const Reader& reader : readers()) {
    kinds += (kinds.empty() ? "" : "; ") + std::string(reader.kind.name) + ":";
    for (const auto column : reader.kind.required) kinds += " " + std::string(column);
  }
  throw Error(ErrorCode::input,
              file + ": no table of measurements that is known",
              "columns needed are " + kinds);
}

void check_group(const CsvTable& table, std::string_view group_by) {
  if (group_by.empty() || group_by == "metric" || table.column(group_by) >= 0) return;
  const std::vector<std::string_view> names(table.columns.begin(), table.columns.end());
  throw Error(ErrorCode::usage,
              "--group-by: the table has no column '" + std::string(group_by) + "'",
              did_you_mean(group_by, names, "take a column of the table"));
}

/// A line whose measured figure cannot be read is one skipped figure.
std::vector<Figure> figures_of(const RowReader& read, const Row& row) {
  try {
    return read(row);
  } catch (const Unanswerable& why) {
    Figure figure;
    figure.id = row.text("id");
    figure.metric = row.text("metric");
    figure.skipped = why.reason;
    return {figure};
  }
}

}  // namespace

const std::vector<TableKind>& table_kinds() {
  static const std::vector<TableKind> kKinds = [] {
    std::vector<TableKind> kinds;
    for (const Reader& reader : readers()) kinds.push_back(reader.kind);
    return kinds;
  }();
  return kKinds;
}

plan::Validation validate_table(const CsvTable& table,
                                const Catalog& catalog,
                                const std::string& file,
                                std::string_view group_by) {
  const Reader& reader = reader_of(table, file);
  check_group(table, group_by);
  const bool by_column = !group_by.empty() && table.column(group_by) >= 0;
  const RowReader read = reader.make(catalog, table);
  std::vector<Figure> figures;
  figures.reserve(table.rows.size());
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const Row row(table, i);
    for (Figure& figure : figures_of(read, row)) {
      figure.group = by_column ? row.text(group_by) : figure.metric;
      figures.push_back(std::move(figure));
    }
  }
  auto planning = reader.has_runs ? plan::planning(serving_runs(table, figures)) : std::nullopt;
  plan::Validation v = plan::summarised(std::string(reader.kind.name), std::move(figures));
  v.planning = std::move(planning);
  return v;
}

}  // namespace dsplan::ingest
