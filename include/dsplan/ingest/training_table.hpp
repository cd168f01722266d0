// A row of a table of measured training peaks, read as the run that it measures.
//
// Columns, all but the first four optional, in any order; an empty cell is an absent column:
//
//   id framework peak_bytes scope   framework: a catalog id or alias; unknown ones are answered by
//                                   `generic`, with a note. scope: allocated (or active), reserved,
//                                   nvidia-smi (or device)
//   model                           catalog id, alias or repository ("X trimmed to 4 layers" and
//                                   "X (remark)" are X); else the dimensions below decide
//   layers hidden heads kv_heads head_dim ffn gated vocab experts experts_per_token moe_ffn
//   shared_ffn moe_layers           override the catalog's; without a known model, layers, hidden,
//                                   heads, vocab and ffn or moe_ffn are needed. gated "no" also
//                                   means LayerNorm
//   n_gpus tp pp vpp cp ep dp       1 where not stated; dp: n_gpus / (tp pp cp)
//   micro_batch micro_batches global_batch seq_len
//                                   micro_batches: from global_batch, else pp;
//                                   micro_batch: from those two
//   precision                       fp32; bf16; anything of 8 or 4 bits is fp8; else fp16
//   recompute                       none, selective, full; empty: the framework's
//   sharding                        as worded: zero1..3, fsdp.. (3), none; empty: the framework's
//   method lora_rank trainable_parameters weight_format
//                                   full, lora, qlora; "embeddings" in the method: trained too.
//                                   Adapters of stated size stand at query and value
//   optimizer                       by its words (8bit, paged, adafactor, lion, muon, sgd)
//   loss                            fused, eager; empty: fused where the note says "compile" (not
//                                   before 2025, by the date in `source`: losses were left out)
//   note                            "in_bwd", "in backward": optimizer in the backward pass;
//                                   "optimizer offload", "cpu offload": states on the host
//
// A row is skipped only where a number that decides the answer is missing or unreadable: peak,
// scope, dimensions, sequence length, micro-batch.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/estimate/training_memory.hpp"
#include "dsplan/ingest/name_cache.hpp"
#include "dsplan/workload/training.hpp"

namespace dsplan::ingest {

/// A row: column to text.
using TrainingCells = std::map<std::string, std::string, std::less<>>;

/// Without `training`, `skipped` says why. `training->model` points into the catalog or to
/// `own_model`, so a run may be moved but its model outlives it nowhere.
struct TrainingRun {
  std::optional<workload::Training> training;
  std::string skipped;
  std::string note;  ///< what was assumed: "framework 'x' is answered as generic", or empty
  std::unique_ptr<const catalog::Model> own_model;
};

struct TrainingRow : TrainingRun {
  Bytes peak;
  estimate::MemoryScope scope = estimate::MemoryScope::allocated;
};

/// The run alone, without the figure. Never throws for what a cell holds.
[[nodiscard]] TrainingRun read_training_run(const TrainingCells& cells, NameCache& names);

/// Never throws for what a cell holds.
[[nodiscard]] TrainingRow read_training_row(const TrainingCells& cells,
                                            const catalog::Catalog& catalog);

/// What the row's figure is predicted to be. The row has a `training`.
[[nodiscard]] Bytes predicted_peak(const TrainingRow& row);

}  // namespace dsplan::ingest
