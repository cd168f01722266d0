// The tensor and file types of ggml. Private to the ingest floor.
#pragma once

#include <cstdint>
#include <string_view>

namespace dsplan::ingest {

/// Elements are stored in blocks of a fixed number of bytes.
struct GgmlType {
  std::uint32_t number;
  std::string_view format;  ///< the catalog's id of a file made of it
  std::int64_t block_elements;
  std::int64_t block_bytes;
};

/// The type, or null when the number is unknown or retired.
[[nodiscard]] const GgmlType* find_ggml_type(std::uint32_t number);

/// The catalog id of a general.file_type (llama_ftype), or empty.
[[nodiscard]] std::string_view format_of_file_type(std::int64_t file_type);

}  // namespace dsplan::ingest
