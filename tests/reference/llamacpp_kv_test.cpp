// The KV cache of llama.cpp, row by row of its own projection (tests/accuracy/SOURCES.md).
#include <string>

#include "dsplan/estimate/memory.hpp"

#include "../support/built_in.hpp"

namespace dsplan::estimate {
namespace {

using workload::Inference;

constexpr std::string_view kHeader =
    "id,model,context,ubatch,flash_attention,kv_precision,parallel,kv_mib,compute_mib";
enum Column { id, model, context, ubatch, flash, kv, parallel, kv_mib, compute_mib };

// Two decimals are printed.
Approx printed(const std::string& mib) { return Approx(std::stod(mib)).epsilon(0).margin(0.00501); }

/// The table's context is that of all sequences; a sequence's share is padded to whole cells.
Inference deployment(const std::vector<std::string>& row) {
  Inference w = test::inference(row[model], "llamacpp", "bf16", row[kv]);
  w.batch = std::stol(row[parallel]);
  w.input_tokens = std::stol(row[context]) / w.batch;
  w.output_tokens = 0;
  w.settings.max_batched_tokens = std::stol(row[ubatch]);
  w.settings.flash_attention = row[flash] == "on";
  return w;
}

TEST_CASE("the KV cache is llama.cpp's in every row, to the last printed digit", "[reference]") {
  const auto rows = test::csv_rows(DSPLAN_TEST_DATA_DIR "/llamacpp_memory.csv", kHeader);
  REQUIRE(rows.size() == 187);
  for (const auto& row : rows) {
    INFO(row[id]);
    const InferenceMemory memory = inference_memory(deployment(row), nullptr);
    REQUIRE(memory.stages.size() == 1);
    CHECK(in_mib(total(memory.stages.front().kv_cache)) == printed(row[kv_mib]));
  }
}

TEST_CASE("a deployment's activations are llama.cpp's compute buffer of one device",
          "[reference]") {
  const auto rows = test::csv_rows(DSPLAN_TEST_DATA_DIR "/llamacpp_memory.csv", kHeader);
  for (const auto& row : rows) {
    // The table was made on the host, which looks tokens up in the graph: a device needs no more.
    INFO(row[id]);
    const InferenceMemory memory = inference_memory(deployment(row), nullptr);
    const double mib = in_mib(memory.stages.front().activations);
    CHECK(mib <= std::stod(row[compute_mib]) * 1.02 + 0.02);
    CHECK(mib >= std::stod(row[compute_mib]) * 0.75);
  }
}

}  // namespace
}  // namespace dsplan::estimate
