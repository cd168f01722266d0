// A row of a table of measured training speeds, read as the run that it measures.
//
// Columns as of ingest/training_table.hpp, in place of peak_bytes and scope:
//
//   gpu tokens_per_s_per_gpu   needed, as are seq_len and one of n_gpus and dp
//   framework                  the project that `source` names ("owner/project@commit") or the
//                              precision may tell a variant of it (catalog field variant_of)
//   micro_batch                1 where neither it nor the number of micro-batches is stated
//   precision                  "row" in it: a scale a row; "mx" or "block": a scale a block; "fp4"
//   note                       "eager", "async tensor", "tokendrop", "w/o MTP", and "500 W": the
//                              power limit of the board
//
// A model's layers of multi-token prediction train along unless the row has another depth or its
// note says not. A row is also skipped where its layout is impossible.
#pragma once

#include "dsplan/ingest/training_table.hpp"
#include "dsplan/plan/training_speed.hpp"

namespace dsplan::ingest {

struct TrainingSpeedRow : TrainingRun {
  plan::TrainingDeployment deployment;  ///< its training is that of the run
  plan::TrainingSpeedOptions options;
};

/// Never throws for what a cell holds.
[[nodiscard]] TrainingSpeedRow read_training_speed_row(const TrainingCells& cells,
                                                       NameCache& names);

/// Tokens a second and GPU. The row has a `training`. Throws a usage error for a GPU without rates.
[[nodiscard]] plan::Predicted predicted_speed(const TrainingSpeedRow& row,
                                              const catalog::Catalog& catalog);

}  // namespace dsplan::ingest
