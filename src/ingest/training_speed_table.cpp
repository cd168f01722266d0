#include "dsplan/ingest/training_speed_table.hpp"

#include <algorithm>
#include <string>

#include "dsplan/base/parse.hpp"

namespace dsplan::ingest {
namespace {

using catalog::Catalog;
using catalog::Framework;
using workload::NarrowRecipe;
using workload::Training;

constexpr std::int64_t kNodeGpus = 8;

std::string lowered(const TrainingCells& cells, std::string_view column) {
  const auto found = cells.find(column);
  std::string text = found == cells.end() ? std::string() : found->second;
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

bool mentions(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

/// "project" of "owner/project@commit:path".
std::string_view project_of(std::string_view source) {
  const std::string_view repository = source.substr(0, source.find_first_of("@:"));
  return repository.substr(repository.rfind('/') + 1);
}

/// The entry that a table's word means for this row.
const Framework* variant(const TrainingCells& cells, NameCache& names) {
  const Framework* said = names.framework(lowered(cells, "framework"));
  if (said == nullptr) return nullptr;
  const std::string source = lowered(cells, "source");
  const Framework* project = names.framework(project_of(source));
  const std::string precision = lowered(cells, "precision");
  for (const Framework& f : names.catalog().all<Framework>()) {
    if (f.variant_of != said->id) continue;
    if (&f == project || (!f.variant_format.empty() && f.variant_format == precision)) return &f;
  }
  return said;
}

/// The cells as the reader of runs takes them: the variant, and what speed tables leave unsaid.
TrainingCells completed(TrainingCells cells, NameCache& names, std::string& note) {
  if (const Framework* f = variant(cells, names)) cells["framework"] = std::string(f->id);
  if (cells["micro_batch"].empty() && cells["micro_batches"].empty()) {
    cells["micro_batch"] = "1";
    note = "no micro-batch: taken as 1";
  }
  return cells;
}

NarrowRecipe narrow_recipe(const std::string& precision) {
  if (mentions(precision, "fp4")) return NarrowRecipe::fp4;
  if (mentions(precision, "row")) return NarrowRecipe::row;
  const bool block = mentions(precision, "mx") || mentions(precision, "block");
  return block ? NarrowRecipe::block : NarrowRecipe::tensor;
}

/// "500 W part" of a 700 W device: 5 / 7. A limit above the data sheet's is none.
double power_share(std::string_view note, const catalog::Gpu& gpu) {
  const auto unit = note.find(" w part");
  if (unit == std::string_view::npos || !gpu.power_w) return 1.0;
  const auto start = note.find_last_not_of("0123456789", unit - 1);
  const auto watts = parse_number(note.substr(start + 1, unit - start - 1));
  return watts && *watts > 0.0 ? std::min(1.0, *watts / *gpu.power_w) : 1.0;
}

void read_recipe(Training& t, const TrainingCells& cells, NameCache& names) {
  const std::string note = lowered(cells, "note");
  const std::string sharding = lowered(cells, "sharding");
  t.narrow = narrow_recipe(lowered(cells, "precision"));
  t.compiled = !mentions(note, "eager");
  t.async_tensor_parallel = mentions(note, "async tensor");
  t.expert_capacity = mentions(note, "tokendrop");
  if (mentions(sharding, "dist-opt")) t.sharding = workload::zero_stage(1);
  const auto* whole = t.model->id.empty() ? nullptr : names.model(t.model->id);
  const bool cut = whole == nullptr || whole->layers != t.model->layers;
  t.mtp_layers = cut || mentions(note, "w/o mtp") ? 0 : t.model->mtp_layers;
}

std::string text(std::int64_t n) { return std::to_string(n); }

/// What no framework can run, other than uneven stages, which measured runs do have.
std::string impossible(const Training& t, const TrainingCells& cells) {
  const auto stated = parse_number(lowered(cells, "n_gpus"));
  const workload::Layout& l = t.layout;
  const double gpus = static_cast<double>(workload::gpu_count(t));
  if (stated && *stated > 0.0 && *stated != gpus)
    return "tp " + text(l.tp) + " x pp " + text(l.pp) + " x cp " + text(l.cp) + " x dp " +
           text(l.dp) + " is not n_gpus " + lowered(cells, "n_gpus");
  if (!stated && lowered(cells, "dp").empty()) return "n_gpus is not stated";
  return workload::hard_obstacle(t);
}

}  // namespace

TrainingSpeedRow read_training_speed_row(const TrainingCells& cells, NameCache& names) {
  TrainingSpeedRow row;
  std::string assumed;
  const TrainingCells complete = completed(cells, names, assumed);
  static_cast<TrainingRun&>(row) = read_training_run(complete, names);
  if (!row.training) return row;
  if (row.note.empty()) row.note = assumed;
  read_recipe(*row.training, complete, names);
  row.skipped = impossible(*row.training, complete);
  const NameCache::Device& device = names.device(lowered(complete, "gpu"));
  if (row.skipped.empty()) row.skipped = device.why;
  if (!row.skipped.empty()) {
    row.training.reset();
    return row;
  }
  row.deployment.gpu = device.gpu;
  row.deployment.training = *row.training;
  row.deployment.node_gpus = kNodeGpus;
  row.options.power_share = power_share(lowered(complete, "note"), *device.gpu);
  return row;
}

plan::Predicted predicted_speed(const TrainingSpeedRow& row, const Catalog& catalog) {
  const auto hw = plan::training_hardware(catalog, row.deployment, row.options);
  const Training& t = *row.training;
  const double step = estimate::total(estimate::training_time(t, hw)).value;
  const double tokens = static_cast<double>(t.global_batch) * static_cast<double>(t.seq_len);
  const double speed = tokens / step / static_cast<double>(workload::gpu_count(t));
  const plan::SpeedBand band = plan::speed_band(t, *hw.rates);
  return {speed, speed * band.low, speed * band.high};
}

}  // namespace dsplan::ingest
