#include "files.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <unistd.h>

#include "dsplan/base/error.hpp"

namespace dsplan::cli {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::io,
              path + ": " + what + ": " + std::strerror(errno),
              "check the path and its rights");
}

[[noreturn]] void fail_directory(const std::string& path) {
  throw Error(ErrorCode::io, path + ": is a directory, not a file", "name a file in it");
}

bool written(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return false;
  const bool whole = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && whole;
}

std::ifstream opened(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) fail_directory(path);
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
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) fail_directory(path);
  // A device or pipe is written to as it is; a link stays, and what it points to is replaced.
  const bool special =
      std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored);
  const std::string target = std::filesystem::weakly_canonical(path, ignored).string();
  const std::string draft = special ? path : target + "." + std::to_string(getpid()) + ".part";
  errno = 0;
  const bool done =
      written(draft, text) && (special || std::rename(draft.c_str(), target.c_str()) == 0);
  if (done) return;
  const int problem = errno;
  if (!special) std::remove(draft.c_str());
  errno = problem;
  fail(path, "cannot be written");
}

}  // namespace dsplan::cli
