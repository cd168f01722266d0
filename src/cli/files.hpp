// Files, read and written whole.
#pragma once

#include <cstdint>
#include <string>

namespace dsplan::cli {

/// The whole file; "-" is standard input. Throws an io error that names it.
[[nodiscard]] std::string read_file(const std::string& path);

/// The first `count` bytes, or all when there are fewer.
[[nodiscard]] std::string read_start(const std::string& path, std::uint64_t count);

/// Writes the file whole or not at all: beside it first, then renamed into place.
void write_file(const std::string& path, const std::string& text);

}  // namespace dsplan::cli
