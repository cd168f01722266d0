// Sizes of the tensors of .safetensors files, from their headers and their index.
// Source: https://github.com/huggingface/safetensors (format).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dsplan/ingest/checkpoint.hpp"

namespace dsplan::ingest {

/// What model.safetensors.index.json says.
struct SafetensorsIndex {
  std::vector<std::string> files;  ///< shards, sorted, each once
  Bytes total;                     ///< metadata.total_size; 0 when not stated
  std::int64_t tensors = 0;
};

/// Bytes of JSON that follow the first 8 bytes of the file. Error: fewer than 8 bytes given, or a
/// length that no real header has (under 2 bytes or over 100 MB, the format's own limit).
[[nodiscard]] std::uint64_t safetensors_header_bytes(std::string_view first8,
                                                     std::string_view file);

/// Sizes by part from the header's JSON; 8 + header + total(sizes) is the size of the whole file.
/// `decoder_layers`, when known (not 0), marks later layers as multi-token prediction, which some
/// repositories store as layer N; without it they are known by their `eh_proj` in the same file.
/// Error: a tensor without dtype, shape or offsets, offsets that leave holes or overlap, or a size
/// that disagrees with its shape.
[[nodiscard]] TensorSizes read_safetensors_header(std::string_view json,
                                                  std::string_view file,
                                                  std::int64_t decoder_layers = 0);

/// Error: no weight_map, or a file name that is not text.
[[nodiscard]] SafetensorsIndex read_safetensors_index(std::string_view json, std::string_view file);

/// The sizes of a model from those of its shards.
[[nodiscard]] TensorSizes merged(std::span<const TensorSizes> shards);

}  // namespace dsplan::ingest
