// GGUF files of llama.cpp: the header (version 2 and 3, little-endian) and the model it describes.
// Source: ggml-org/ggml docs/gguf.md; keys: llama.cpp gguf-py/gguf/constants.py.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dsplan/ingest/checkpoint.hpp"

namespace dsplan::ingest {

/// An array of metadata. Whole numbers and booleans are kept up to 4096 entries; of other arrays
/// (vocabularies) only the length matters.
struct GgufArray {
  std::uint64_t length = 0;
  std::vector<std::int64_t> numbers;
};

using GgufValue = std::variant<std::int64_t, double, bool, std::string, GgufArray>;

struct GgufTensor {
  std::string name;
  std::vector<std::int64_t> shape;  ///< innermost first, as in the file
  std::uint32_t type = 0;           ///< ggml type number
  std::int64_t elements = 0;
  Bytes size;  ///< exact, without padding
};

/// The header of one file. Tensors of a split model are spread over its files; the metadata are in
/// the first, whose name ends in -00001-of-<count>.gguf.
struct GgufHeader {
  std::map<std::string, GgufValue, std::less<>> metadata;
  std::vector<GgufTensor> tensors;
  Bytes data_offset;  ///< where tensor data start: header, padded to the alignment
  std::int64_t split_count = 1;
  std::int64_t split_index = 0;  ///< from 0
};

/// Either the header, or how many bytes from the start of the file to try next.
struct GgufRead {
  std::optional<GgufHeader> header;
  std::uint64_t need_bytes = 0;  ///< more than was given; a lower bound, grown at least twofold
};

/// Reads the header from `start`, the first bytes of a file (all of it or less). Never looks beyond
/// them. Error: not GGUF, version 1 or big-endian, counts or sizes that no real file has, an
/// unknown value or tensor type, or a tensor whose rows do not fill blocks.
[[nodiscard]] GgufRead read_gguf_header(std::string_view start, std::string_view file);

/// The model of a file, or of all files of a split model in any order. What the metadata leave out
/// (biases, norms, tied head) is read off the tensors. `format` is the id of general.file_type.
/// When files of a split are missing, sizes are unknown and a note says so.
/// Error: no architecture or one that dsplan cannot express, or a required key missing.
[[nodiscard]] Checkpoint read_gguf_model(std::span<const GgufHeader> files, std::string_view file);

}  // namespace dsplan::ingest
