// A number format of weights or of the KV cache, with exact bits per stored weight.
#pragma once

#include <optional>
#include <string_view>

#include "dsplan/catalog/field.hpp"

namespace dsplan::catalog {

/// `bits_per_weight` counts block scales and zeros. A quantized format covers the linear layers of
/// the decoder; embedding and head have their own width, norms and routers stay at 16 bits.
struct Format {
  std::string_view id{};
  std::string_view name{};
  TextList aliases{};
  TextList shared_aliases{};
  std::string_view family{};     ///< float, fp8, int8, int4, gguf, mx, bnb, mlx ...
  double weight_bits = 0.0;      ///< nominal width, the sizing guides' "bytes per parameter" x 8
  double bits_per_weight = 0.0;  ///< of the quantized tensors, scales and zeros included
  double expert_bits_per_weight = 0.0;  ///< of routed experts where they differ; 0: the same
  double embedding_bits = 16.0;         ///< input embedding table
  double head_bits = 16.0;              ///< output projection
  std::int64_t block_elements = 0;      ///< weights that share a scale; 0: a row, a tensor or none
  std::int64_t block_bytes = 0;         ///< stored size of a block; 0: bits_per_weight says it all
  bool quantized = false;               ///< stored below 16 bits
  bool weights = true;                  ///< offered for --precision
  bool kv_cache = false;                ///< offered for --kv-precision
  bool leaves_parts = false;            ///< checkpoints keep what the model names at 16 bits
  std::string_view computes_in{};       ///< the format whose peak rate its matrix products reach
  TextList hf_names{};                  ///< what `quantization_config` calls it
  TextList accuracy_costs{};  ///< published: "llama-3.1-8b: 0.12 perplexity", against 16 bits
  TextList sources{};
};

template <>
std::span<const Field<Format>> fields_of<Format>();
template <>
KindName kind_of<Format>();

/// One of `accuracy_costs`, taken apart: how much worse a model was measured in the format.
struct AccuracyCost {
  std::string_view model;
  double cost = 0.0;
  std::string_view metric;
};

/// Nothing where the text is not "MODEL: NUMBER METRIC".
[[nodiscard]] std::optional<AccuracyCost> accuracy_cost(std::string_view text);

}  // namespace dsplan::catalog
