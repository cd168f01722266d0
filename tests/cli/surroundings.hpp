// A command line's surroundings held in memory, for tests.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

#include "dsplan/cli/run.hpp"

namespace dsplan::test {

using Variables = std::map<std::string, std::string>;

inline cli::Surroundings surroundings(Variables variables, std::string& out, std::string& err) {
  cli::Surroundings around;
  around.variable = [variables = std::move(variables)](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  around.out = [&out](const std::string& text) { out += text; };
  around.err = [&err](const std::string& text) { err += text; };
  return around;
}

/// What a command line prints and returns.
struct Outcome {
  std::string out;
  std::string err;
  int code = 0;
};

inline Outcome run_line(const std::vector<std::string>& arguments, Variables variables = {}) {
  Outcome outcome;
  outcome.code = cli::run(arguments, surroundings(std::move(variables), outcome.out, outcome.err));
  return outcome;
}

/// A folder that goes with its contents; the process stands in it meanwhile.
class Folder {
 public:
  Folder() : before_(std::filesystem::current_path()) {
    std::string name = (std::filesystem::temp_directory_path() / "dsplan.XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
    std::filesystem::current_path(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::current_path(before_, ignored);
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

 private:
  std::filesystem::path before_;
  std::filesystem::path path_;
};

}  // namespace dsplan::test
