// The readers of the parts of a config.json. Private to the ingest floor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dsplan/ingest/checkpoint.hpp"

#include "hf_family.hpp"
#include "json_object.hpp"

namespace dsplan::ingest {

inline constexpr std::int64_t kMostLayers = 4096;
inline constexpr std::int64_t kMostWidth = std::int64_t{1} << 22;
inline constexpr std::int64_t kMostTokens = std::int64_t{1} << 40;

/// Keeps `text` alive with the checkpoint.
[[nodiscard]] std::string_view keep(Checkpoint& checkpoint, std::string text);

/// Throws when the products of the model's sizes could leave 64 bits in later formulas.
void check_plausible(const catalog::Model& model, std::string_view file);

/// Sets the window and the numbers of sliding and linear layers.
void read_layer_kinds(const JsonObject& config, const Family& family, Checkpoint& checkpoint);

/// Sets experts, their sizes and the number of layers that have them.
void read_experts(const JsonObject& config, const Family& family, catalog::Model& model);

/// Parameters of the vision tower and projector, or nothing when the tower's kind is not known.
[[nodiscard]] std::optional<std::int64_t> vision_parameters(std::string_view model_type,
                                                            const JsonObject& vision,
                                                            std::int64_t text_hidden);

/// Sets `format` and `kv_format` from a quantization_config (or MLX's "quantization").
void read_quantization(const JsonObject& quantization, Checkpoint& checkpoint);

/// The same from the "quantization" object of hf_quant_config.json.
void read_modelopt(const JsonObject& quantization, Checkpoint& checkpoint);

}  // namespace dsplan::ingest
