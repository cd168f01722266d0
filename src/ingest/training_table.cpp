#include "dsplan/ingest/training_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "dsplan/base/error.hpp"
#include "dsplan/base/parse.hpp"

namespace dsplan::ingest {
namespace {

using catalog::Catalog;
using catalog::Model;
using estimate::MemoryScope;
using workload::Compute;
using workload::Method;
using workload::Recompute;
using workload::Training;

/// The most that a column may say; all products of a run's counts then fit 64 bits.
struct Limit {
  std::string_view column;
  std::int64_t most;
};
constexpr std::int64_t kMostOfOthers = std::int64_t{1} << 12;  // layers, experts, parallel sizes
constexpr std::array kLimits{
    Limit{"hidden", std::int64_t{1} << 18},
    Limit{"ffn", std::int64_t{1} << 20},
    Limit{"moe_ffn", std::int64_t{1} << 18},
    Limit{"shared_ffn", std::int64_t{1} << 18},
    Limit{"vocab", std::int64_t{1} << 24},
    Limit{"n_gpus", std::int64_t{1} << 20},
    Limit{"dp", std::int64_t{1} << 20},
    Limit{"micro_batch", std::int64_t{1} << 20},
    Limit{"micro_batches", std::int64_t{1} << 20},
    Limit{"global_batch", std::int64_t{1} << 40},
    Limit{"seq_len", std::int64_t{1} << 30},
    Limit{"lora_rank", std::int64_t{1} << 18},
    Limit{"trainable_parameters", std::int64_t{1} << 40},
};

double most_of(std::string_view column) {
  const auto found = std::find_if(
      kLimits.begin(), kLimits.end(), [&](const Limit& l) { return l.column == column; });
  return static_cast<double>(found == kLimits.end() ? kMostOfOthers : found->most);
}

/// Losses are compiled with the model from here on (year and month).
constexpr std::string_view kLossesCompiledFrom = "202502";

/// Reason for skipping a row; caught in `read_training_row`.
struct Skip {
  std::string reason;
};

std::string_view cell(const TrainingCells& cells, std::string_view column) {
  const auto found = cells.find(column);
  return found == cells.end() ? std::string_view{} : std::string_view(found->second);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

std::string lower_cell(const TrainingCells& cells, std::string_view column) {
  return lowered(cell(cells, column));
}

bool mentions(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

/// A whole number of at least 1, or nothing for an empty cell. "8.0" counts as 8.
std::optional<std::int64_t> count(const TrainingCells& cells, std::string_view column) {
  const std::string_view text = cell(cells, column);
  if (text.empty()) return std::nullopt;
  const auto value = parse_number(text);
  if (!value || *value > most_of(column) ||
      *value != static_cast<double>(static_cast<std::int64_t>(*value)))
    throw Skip{std::string(column) + " '" + std::string(text) +
               "' is not a whole number of that kind"};
  if (*value < 1.0) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

std::int64_t count_or(const TrainingCells& cells, std::string_view column, std::int64_t absent) {
  return count(cells, column).value_or(absent);
}

std::int64_t needed(const TrainingCells& cells, std::string_view column) {
  const auto value = count(cells, column);
  if (!value) throw Skip{std::string(column) + " is not stated"};
  return *value;
}

// ---- the figure ----

Bytes peak(const TrainingCells& cells) {
  const auto value = parse_bytes(cell(cells, "peak_bytes"));
  if (!value || value->value <= 0.0) throw Skip{"peak_bytes is not a size"};
  return *value;
}

MemoryScope scope(const TrainingCells& cells) {
  const std::string text = lower_cell(cells, "scope");
  if (mentions(text, "alloc") || mentions(text, "active")) return MemoryScope::allocated;
  if (mentions(text, "reserved")) return MemoryScope::reserved;
  if (mentions(text, "smi") || mentions(text, "device")) return MemoryScope::device;
  throw Skip{"scope '" + text + "' is none of allocated, reserved, nvidia-smi"};
}

// ---- the model ----

/// The catalog's model of a name, with what people add to it left off; or null.
const Model* known_model(const TrainingCells& cells, NameCache& names) {
  std::string_view name = cell(cells, "model");
  for (const std::string_view remark : {" (", " trimmed"})
    name = name.substr(0, std::min(name.find(remark), name.size()));
  return name.empty() ? nullptr : names.model(name);
}

/// Columns that name a field of a model.
struct Dimension {
  std::string_view column;
  std::int64_t Model::*field;
};
constexpr std::array kDimensions{
    Dimension{"hidden", &Model::hidden_size},
    Dimension{"heads", &Model::attention_heads},
    Dimension{"kv_heads", &Model::kv_heads},
    Dimension{"head_dim", &Model::head_dim},
    Dimension{"ffn", &Model::intermediate_size},
    Dimension{"vocab", &Model::vocab_size},
    Dimension{"experts", &Model::experts},
    Dimension{"experts_per_token", &Model::experts_per_token},
    Dimension{"moe_ffn", &Model::moe_intermediate_size},
    Dimension{"shared_ffn", &Model::shared_intermediate_size},
};

/// Another number of layers, the special ones kept in proportion.
void set_layers(Model& m, std::int64_t layers) {
  if (m.layers > 0 && layers != m.layers) {
    m.sliding_layers = m.sliding_layers * layers / m.layers;
    m.linear_layers = m.linear_layers * layers / m.layers;
    m.moe_layers = std::min(m.moe_layers, layers);
  }
  m.layers = layers;
}

void override_dimensions(Model& m, const TrainingCells& cells) {
  for (const Dimension& d : kDimensions) {
    const bool latent_width = catalog::is_mla(m) && d.column == "head_dim";
    if (const auto value = count(cells, d.column); value && !latent_width) m.*d.field = *value;
  }
  if (const auto layers = count(cells, "layers")) set_layers(m, *layers);
  if (const auto layers = count(cells, "moe_layers")) m.moe_layers = std::min(*layers, m.layers);
}

void fill_unknown_model(Model& m, const TrainingCells& cells) {
  for (const std::string_view column : {"layers", "hidden", "heads", "vocab"})
    (void)needed(cells, column);
  if (m.intermediate_size == 0 && m.moe_intermediate_size == 0) throw Skip{"ffn is not stated"};
  if (m.kv_heads == 0) m.kv_heads = m.attention_heads;
  if (m.head_dim == 0) m.head_dim = std::max<std::int64_t>(m.hidden_size / m.attention_heads, 1);
  if (m.experts > 0 && m.moe_layers == 0) m.moe_layers = m.layers;
  const std::string family = lower_cell(cells, "framework");
  m.gated_mlp = lower_cell(cells, "gated") != "no";
  m.norm_bias = !m.gated_mlp;
  m.tied_embeddings = !m.gated_mlp && mentions(family, "megatron");
  m.qk_norm = "none";
}

std::unique_ptr<const Model> model_of(const TrainingCells& cells, NameCache& names) {
  const Model* known = known_model(cells, names);
  const auto hidden = count(cells, "hidden");
  if (known != nullptr && hidden && *hidden != known->hidden_size) known = nullptr;
  Model m = known == nullptr ? Model{} : *known;
  override_dimensions(m, cells);
  if (known == nullptr) fill_unknown_model(m, cells);
  m.kv_heads = std::min(m.kv_heads, m.attention_heads);
  return std::make_unique<const Model>(m);
}

// ---- recipe ----

Compute compute(const std::string& label) {
  if (mentions(label, "32")) return Compute::fp32;
  for (const char* narrow : {"8", "fp4"})
    if (mentions(label, narrow)) return Compute::fp8;
  return mentions(label, "bf16") ? Compute::bf16 : Compute::fp16;
}

Recompute recompute(const std::string& label, const catalog::Framework& f) {
  if (label.empty()) return workload::usual_recompute(f);
  if (mentions(label, "full")) return Recompute::full;
  return mentions(label, "select") ? Recompute::selective : Recompute::none;
}

/// ZeRO stage of a label such as "zero1", "ZeRO-3/ds (finetune_ds.sh)", "fsdp8"; none when empty.
std::optional<workload::Sharding> sharding(const std::string& label) {
  if (label.empty()) return std::nullopt;
  if (const auto at = label.find("zero"); at != std::string::npos) {
    const auto digit = label.find_first_of("0123", at);
    if (digit != std::string::npos) return workload::zero_stage(label[digit] - '0');
  }
  if (mentions(label, "grad_op") || mentions(label, "shard-grad")) return workload::zero_stage(2);
  if (mentions(label, "fsdp") || mentions(label, "shard")) return workload::zero_stage(3);
  return workload::zero_stage(mentions(label, "dist") && !mentions(label, "ddp") ? 1 : 0);
}

/// The optimizer that a label's words mean; null when it names none.
std::string_view optimizer_id(const std::string& label) {
  const bool eight = mentions(label, "8bit") || mentions(label, "8-bit") || mentions(label, "int8");
  if (mentions(label, "adafactor")) return "adafactor";
  if (mentions(label, "lion")) return eight ? "lion-8bit" : "lion";
  if (mentions(label, "muon")) return "muon";
  if (mentions(label, "sgd")) return mentions(label, "moment") ? "sgd-momentum" : "sgd";
  if (mentions(label, "paged")) return eight ? "paged-adamw-8bit" : "paged-adamw";
  if (eight) return "adamw-8bit";
  return mentions(label, "adam") ? "adamw" : "";
}

const catalog::Optimizer& optimizer(const TrainingCells& cells,
                                    const Catalog& catalog,
                                    const Training& t) {
  const std::string_view named = optimizer_id(lower_cell(cells, "optimizer"));
  const std::string_view usual =
      workload::usual_optimizer(*t.framework, t.method, workload::gpu_count(t));
  const auto* found = catalog.find<catalog::Optimizer>(named.empty() ? usual : named);
  return found == nullptr ? catalog.all<catalog::Optimizer>().front() : *found;
}

const catalog::Framework& framework(const TrainingCells& cells,
                                    NameCache& names,
                                    std::string& note) {
  const std::string_view name = cell(cells, "framework");
  if (const auto* found = names.framework(name)) return *found;
  note = "framework '" + std::string(name) + "' is answered as generic";
  const auto* generic = names.framework("generic");
  return generic == nullptr ? names.catalog().all<catalog::Framework>().front() : *generic;
}

Method method(const TrainingCells& cells) {
  const std::string label = lower_cell(cells, "method");
  if (mentions(label, "qlora")) return Method::qlora;
  const bool ranked = label.empty() && count(cells, "lora_rank").has_value();
  return mentions(label, "lora") || ranked ? Method::lora : Method::full;
}

/// What adapters of a stated size stand at where the row does not say: what libraries start with.
constexpr workload::LoraTargets kQueryAndValue{true, false, true, false, false, false, false};

workload::Lora lora(const TrainingCells& cells) {
  workload::Lora result;
  result.trainable_parameters = count(cells, "trainable_parameters");
  const auto rank = count(cells, "lora_rank");
  if (rank || result.trainable_parameters) result.targets = kQueryAndValue;
  result.rank = rank.value_or(result.rank);
  result.train_embeddings = mentions(lower_cell(cells, "method"), "embedding");
  return result;
}

const catalog::Format* base_format(const TrainingCells& cells, const Catalog& catalog) {
  std::string label = lower_cell(cells, "weight_format");
  if (label.empty() || label == "none") return nullptr;
  if (label == "dq" || mentions(label, "-dq")) label = "nf4-dq";
  if (label.starts_with("bnb.")) label.erase(0, 4);
  return catalog.find<catalog::Format>(label);
}

/// Does the source's name hold a year and month before losses were compiled?
bool before_compiled_losses(std::string_view source) {
  for (auto at = source.find("20"); at != std::string_view::npos; at = source.find("20", at + 1)) {
    const std::string_view date = source.substr(at, kLossesCompiledFrom.size());
    const bool digits = date.size() == kLossesCompiledFrom.size() &&
                        date.find_first_not_of("0123456789") == std::string_view::npos;
    if (digits && date > "201700" && date < kLossesCompiledFrom) return true;
  }
  return false;
}

std::optional<bool> fused_loss(const TrainingCells& cells) {
  const std::string label = lower_cell(cells, "loss");
  if (!label.empty()) return !mentions(label, "eager");
  const bool compiled = mentions(lower_cell(cells, "note"), "compile");
  if (compiled && !before_compiled_losses(cell(cells, "source"))) return true;
  return std::nullopt;
}

// ---- layout ----

workload::Layout layout(const TrainingCells& cells) {
  workload::Layout l;
  l.tp = count_or(cells, "tp", 1);
  l.pp = count_or(cells, "pp", 1);
  l.cp = count_or(cells, "cp", 1);
  l.ep = count_or(cells, "ep", 1);
  const std::int64_t copies = count_or(cells, "n_gpus", 1) / (l.tp * l.pp * l.cp);
  l.dp = count_or(cells, "dp", std::max<std::int64_t>(copies, 1));
  return l;
}

void read_batches(Training& t, const TrainingCells& cells) {
  t.seq_len = needed(cells, "seq_len");
  const auto passes = count(cells, "micro_batches");
  const auto global = count(cells, "global_batch");
  const std::int64_t ranks_and_passes = t.layout.dp * passes.value_or(1);
  t.micro_batch =
      global && passes
          ? count_or(cells, "micro_batch", std::max<std::int64_t>(*global / ranks_and_passes, 1))
          : needed(cells, "micro_batch");
  const std::int64_t at_once = t.micro_batch * t.layout.dp;
  t.global_batch = passes || !global ? passes.value_or(t.layout.pp) * at_once : *global;
}

void read_note(Training& t, const TrainingCells& cells) {
  const std::string note = lower_cell(cells, "note") + " " + lower_cell(cells, "optimizer") + " " +
                           lower_cell(cells, "sharding");
  for (const char* words : {"in_bwd", "in-backward", "in backward", "into backward"})
    if (mentions(note, words)) t.optimizer_in_backward = true;
  for (const char* words : {"optimizer offload", "cpu offload", "cpu_offload"})
    if (mentions(note, words)) t.offload.optimizer = true;
}

Training training(const TrainingCells& cells, NameCache& names, TrainingRun& row) {
  const Catalog& catalog = names.catalog();
  Training t;
  row.own_model = model_of(cells, names);
  t.model = row.own_model.get();
  t.framework = &framework(cells, names, row.note);
  t.method = method(cells);
  t.layout = layout(cells);
  t.vpp = count_or(cells, "vpp", 1);
  read_batches(t, cells);
  t.compute = compute(lower_cell(cells, "precision"));
  t.recompute = recompute(lower_cell(cells, "recompute"), *t.framework);
  t.sharding = sharding(lower_cell(cells, "sharding"));
  t.optimizer = &optimizer(cells, catalog, t);
  t.lora = lora(cells);
  t.base_format = base_format(cells, catalog);
  t.fused_loss = fused_loss(cells);
  read_note(t, cells);
  return t;
}

}  // namespace

TrainingRun read_training_run(const TrainingCells& cells, NameCache& names) {
  TrainingRun run;
  try {
    run.training = training(cells, names, run);
  } catch (const Skip& skip) {
    run.skipped = skip.reason;
  }
  return run;
}

TrainingRow read_training_row(const TrainingCells& cells, const Catalog& catalog) {
  TrainingRow row;
  try {
    row.peak = peak(cells);
    row.scope = scope(cells);
    NameCache names(catalog);
    row.training = training(cells, names, row);
  } catch (const Skip& skip) {
    row.skipped = skip.reason;
  }
  return row;
}

Bytes predicted_peak(const TrainingRow& row) {
  return estimate::peak(*row.training, estimate::training_memory(*row.training), row.scope);
}

}  // namespace dsplan::ingest
