// To which part of the model a tensor belongs, by its name. Private to the ingest floor.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dsplan/ingest/checkpoint.hpp"

namespace dsplan::ingest {

using Part = Bytes TensorSizes::*;

/// The number of the decoder layer in a tensor name ("model.layers.17.", "blk.17."), if any.
[[nodiscard]] std::optional<std::int64_t> layer_of(std::string_view name);

/// The part of a tensor named as in Hugging Face checkpoints. `mtp` tells of a layer number
/// whether it is a multi-token-prediction layer.
[[nodiscard]] Part part_of_hf_tensor(std::string_view name, bool in_mtp_layer);

/// The part of a tensor named as in GGUF files.
[[nodiscard]] Part part_of_gguf_tensor(std::string_view name, bool in_mtp_layer);

}  // namespace dsplan::ingest
