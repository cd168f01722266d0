#include "files.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "dsplan/base/error.hpp"

namespace dsplan::cli {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::io,
              path + ": " + what + ": " + std::strerror(errno),
              "check the path and its rights");
}

std::ifstream opened(const std::string& path) {
  if (std::filesystem::is_directory(path)) {
    throw Error(ErrorCode::io, path + ": is a directory, not a file", "name a file in it");
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) fail(path, "cannot be read");
  return in;
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return std::move(text).str();
  }
  std::ifstream in = opened(path);
  text << in.rdbuf();
  if (in.bad()) fail(path, "cannot be read");
  return std::move(text).str();
}

std::string read_start(const std::string& path, std::uint64_t count) {
  std::ifstream in = opened(path);
  in.seekg(0, std::ios::end);
  const auto size = static_cast<std::uint64_t>(std::max<std::streamoff>(0, in.tellg()));
  in.seekg(0);
  std::string text(static_cast<std::size_t>(std::min(count, size)), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) fail(path, "cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

void write_file(const std::string& path, const std::string& text) {
  const std::string draft = path + ".part";
  errno = 0;
  std::FILE* file = std::fopen(draft.c_str(), "wb");
  if (file == nullptr) fail(path, "cannot be written");
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = std::fclose(file) == 0;
  if (!written || !closed || std::rename(draft.c_str(), path.c_str()) != 0) {
    const int problem = errno;
    std::remove(draft.c_str());
    errno = problem;
    fail(path, "cannot be written");
  }
}

}  // namespace dsplan::cli
