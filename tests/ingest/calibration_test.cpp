#include "dsplan/ingest/calibration.hpp"

#include "dsplan/catalog/load.hpp"
#include "dsplan/ingest/validation_table.hpp"

#include "../support/built_in.hpp"

namespace dsplan::ingest {
namespace {

constexpr const char* kHeader = "id,model,gpu,engine,arrival,metric,value,isl,osl,concurrency\n";

catalog::Catalog fresh() { return catalog::Catalog(catalog::builtin_tables()); }

CsvTable table_of(const std::string& rows) { return read_csv(kHeader + rows, "runs.csv"); }

double predicted(const CsvTable& table, const catalog::Catalog& catalog, std::size_t row) {
  return *validate_table(table, catalog, "runs.csv", {}).rows.at(row).predicted;
}

/// Three runs of the newest vLLM, with these times per output token.
CsvTable runs(double a, double b, double c) {
  const auto line = [](const char* model, double ms) {
    return std::string(model) + "," + model + ",h100,vllm,single,tpot_ms," + std::to_string(ms) +
           ",512,128,1\n";
  };
  return table_of(line("llama-3.1-8b", a) + line("qwen3-14b", b) + line("qwen3-32b", c));
}

TEST_CASE("runs made with other constants give those constants back", "[ingest]") {
  catalog::Catalog truth = fresh();
  catalog::merge_yaml(
      truth, "stacks:\n  - {id: vllm-0.18, kernel_factor: 1.2, step_ms: 1.5}\n", "truth.yaml");
  CsvTable table = runs(1.0, 1.0, 1.0);
  table.columns.emplace_back("engine_version");
  for (auto& row : table.rows) row.emplace_back("newest");
  for (std::size_t i = 0; i < 3; ++i) table.rows[i][6] = std::to_string(predicted(table, truth, i));
  catalog::Catalog catalog = fresh();
  const Calibration c = calibrate(catalog, table, "runs.csv");
  REQUIRE(c.constants.size() == 2);
  CHECK(c.constants[0].entry == "vllm-0.18");
  CHECK(c.constants[0].after == Approx(1.2).epsilon(0.01));
  CHECK(c.constants[1].after == Approx(1.5).epsilon(0.05));
  CHECK(*c.error_after < 0.001);
  CHECK(*c.error_before > 0.1);
}

TEST_CASE("the overlay is a catalog file that reproduces the fit", "[ingest]") {
  catalog::Catalog fitted = fresh();
  const CsvTable table = runs(9.0, 15.0, 33.0);
  const Calibration c = calibrate(fitted, table, "runs.csv");
  catalog::Catalog again = fresh();
  catalog::merge_yaml(again, c.overlay, "mine.yaml");
  CHECK_NOTHROW(catalog::check_consistency(again));
  for (const FittedConstant& f : c.constants) {
    const auto* stack = again.find<catalog::Stack>(f.entry);
    REQUIRE(stack != nullptr);
    const double kept = f.key == "step_ms" ? stack->step_ms : stack->kernel_factor;
    CHECK(kept == Approx(f.after).epsilon(0.001));
  }
}

TEST_CASE("one run fits one constant and leaves the other", "[ingest]") {
  catalog::Catalog catalog = fresh();
  const Calibration c = calibrate(
      catalog, table_of("a,llama-3.1-8b,h100,vllm,single,tpot_ms,10,512,128,1\n"), "runs.csv");
  CHECK(c.constants[1].key == "step_ms");
  CHECK(c.constants[1].after == c.constants[1].before);
  CHECK(*c.error_after < 0.01);
}

TEST_CASE("training runs fit their framework", "[ingest]") {
  catalog::Catalog catalog = fresh();
  const CsvTable table = read_csv(
      "id,framework,gpu,model,n_gpus,tp,pp,micro_batch,global_batch,seq_len,precision,"
      "tokens_per_s_per_gpu\na,megatron,h100-sxm,llama-3-8b,8,1,1,1,128,8192,bf16,9000\n",
      "runs.csv");
  const Calibration c = calibrate(catalog, table, "runs.csv");
  REQUIRE(c.constants.size() == 1);
  CHECK(c.constants[0].key == "time_factor");
  CHECK(*c.error_after < 0.01);
  CHECK(c.overlay.find("frameworks:\n  - id: megatron\n") != std::string::npos);
}

TEST_CASE("a table without a run that can be predicted is refused", "[ingest]") {
  catalog::Catalog catalog = fresh();
  CHECK(test::refusal([&] {
          (void)calibrate(
              catalog, table_of("a,no-such-model,h100,vllm,single,tpot_ms,10,1,1,1\n"), "runs.csv");
        }).starts_with("runs.csv: no run whose speed can be predicted and fitted | "));
}

}  // namespace
}  // namespace dsplan::ingest
