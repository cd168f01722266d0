// Hugging Face config.json and ModelOpt's hf_quant_config.json.
// Source of the keys and of their defaults: huggingface/transformers, src/transformers/models.
#pragma once

#include <string_view>

#include "dsplan/ingest/checkpoint.hpp"

namespace dsplan::ingest {

/// The model of a config.json, with `text_config` and `vision_config` followed. `file` names it in
/// messages and is the model's id. A family that the table does not know is read by the common
/// keys, with a note; a value the file leaves out gets the family's default. `model.native_format`
/// is the stored format; `format` is set too where a quantization_config names it.
/// Error: not JSON, a key missing or of a wrong kind, sizes beyond any real model, or an
/// architecture or quantization that dsplan cannot express, which is never approximated in silence.
[[nodiscard]] Checkpoint read_hf_config(std::string_view json, std::string_view file);

/// Adds the formats of weights and KV cache of an hf_quant_config.json, which older ModelOpt
/// releases keep beside an unquantized-looking config.json. Error: as above.
void apply_hf_quant_config(Checkpoint& checkpoint, std::string_view json, std::string_view file);

}  // namespace dsplan::ingest
