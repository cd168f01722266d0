// The built-in catalog and plain deployments for tests.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "dsplan/base/error.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/workload/inference.hpp"

namespace dsplan::test {

inline const catalog::Catalog& built_in() {
  static const catalog::Catalog catalog(catalog::builtin_tables());
  return catalog;
}

template <typename Entry>
const Entry& entry(std::string_view id) {
  const Entry* found = built_in().find<Entry>(id);
  INFO(id);
  REQUIRE(found != nullptr);
  return *found;
}

inline const catalog::Model& model(std::string_view id) { return entry<catalog::Model>(id); }
inline const catalog::Gpu& gpu(std::string_view id) { return entry<catalog::Gpu>(id); }
inline const catalog::Format& format(std::string_view id) { return entry<catalog::Format>(id); }
inline const catalog::Engine& engine(std::string_view id) { return entry<catalog::Engine>(id); }

/// One sequence of 1,024 + 256 tokens on one GPU.
inline workload::Inference inference(std::string_view model_id,
                                     std::string_view engine_id = "vllm",
                                     std::string_view precision = "bf16",
                                     std::string_view kv = "bf16") {
  workload::Inference w;
  w.model = &model(model_id);
  w.engine = &engine(engine_id);
  w.precision = {&format(precision), &format(precision), &format(kv)};
  w.input_tokens = 1024;
  w.output_tokens = 256;
  return w;
}

/// What `act` throws, as "message | hint"; empty when it does not.
template <typename Act>
std::string refusal(const Act& act) {
  try {
    act();
  } catch (const Error& error) {
    return std::string(error.what()) + " | " + error.hint();
  }
  return {};
}

inline std::string file_text(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  INFO(path);
  REQUIRE(file.good());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The cells of a comma-separated file without quotes, its header checked.
inline std::vector<std::vector<std::string>> csv_rows(const std::string& path,
                                                      std::string_view header) {
  std::istringstream text(file_text(path));
  std::string line;
  REQUIRE(std::getline(text, line));
  REQUIRE(line == header);
  std::vector<std::vector<std::string>> rows;
  while (std::getline(text, line)) {
    auto& row = rows.emplace_back(1);
    for (const char c : line) {
      if (c == ',') {
        row.emplace_back();
      } else {
        row.back().push_back(c);
      }
    }
  }
  return rows;
}

}  // namespace dsplan::test
