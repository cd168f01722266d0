// Tables of serving runs: what their labels mean, what is skipped and why.
#include "dsplan/ingest/serving_table.hpp"

#include "dsplan/ingest/validation_table.hpp"

#include "../support/built_in.hpp"

namespace dsplan::ingest {
namespace {

using test::built_in;

constexpr std::string_view kHeader =
    "id,model,precision,kv_precision,gpu,n_gpus,tp,pp,ep,engine,engine_version,arrival,"
    "concurrency,isl,osl,metric,value\n";

std::vector<plan::Figure> figures(const std::string& lines) {
  const CsvTable table = read_csv(std::string(kHeader) + lines, "runs.csv");
  return validate_table(table, built_in(), "runs.csv", "").rows;
}

plan::Figure figure(const std::string& line) { return figures(line + "\n").front(); }

TEST_CASE("experts over all GPUs mean that these share attention", "[ingest]") {
  const auto spread =
      figure("a,qwen3-30b-a3b,bf16,,h100-sxm,4,1,1,4,vllm,0.11.0,static,8,512,128,tpot_ms,9");
  const auto shared =
      figure("a,qwen3-30b-a3b,bf16,,h100-sxm,4,4,1,4,vllm,0.11.0,static,8,512,128,tpot_ms,9");
  REQUIRE(spread.predicted.has_value());
  CHECK(*spread.predicted == *shared.predicted);
}

TEST_CASE("without a layout a replica takes the GPUs that hold it", "[ingest]") {
  const auto chosen =
      figure("a,llama-2-70b,fp16,,h100-sxm,8,,1,1,vllm,0.4,static,8,512,128,tpot_ms,30");
  const auto said =
      figure("a,llama-2-70b,fp16,,h100-sxm,8,4,1,1,vllm,0.4,static,8,512,128,tpot_ms,30");
  REQUIRE(chosen.predicted.has_value());
  CHECK(*chosen.predicted == *said.predicted);
}

TEST_CASE("versions and years are read out of words", "[ingest]") {
  const auto entry = [](const std::string& version) {
    return figure("a,llama-2-7b,bf16,,h100-sxm,1,1,1,1,vllm," + version +
                  ",static,8,512,128,tpot_ms,9")
        .entry;
  };
  CHECK(entry("vLLM 0.6.3") == "vllm-0.6");
  CHECK(entry("Platform 3; vllm-0.9.0.2.dev108+g71fa") == "vllm-0.7");
  CHECK(entry("CUDA 12.4") == "vllm-0.3");  // the model's year
  CHECK(entry("README (2023-03)") == "vllm-0.1");
  CHECK(entry("2026-07") == "vllm-0.18");
}

TEST_CASE("what cannot be answered is skipped with its reason", "[ingest]") {
  const auto reason = [](const std::string& line) { return figure(line).skipped.value_or(""); };
  CHECK(reason("a,no-model,bf16,,h100-sxm,1,1,1,1,vllm,,static,8,512,128,tpot_ms,9")
            .find("unknown model") != std::string::npos);
  CHECK(reason("a,qwen2-7b,bf16,,h100-sxm,8,8,1,1,vllm,,static,8,512,128,tpot_ms,9")
            .find("does not divide") != std::string::npos);
  CHECK(reason("a,llama-3.1-8b,bf16,,h100-sxm,3,2,1,1,vllm,,static,8,512,128,tpot_ms,9")
            .find("no multiple") != std::string::npos);
  CHECK(reason("a,llama-3.1-8b,bf16,,h100-sxm,1,1,1,1,vllm,,sudden,8,512,128,tpot_ms,9")
            .find("unknown arrival") != std::string::npos);
  CHECK(reason("a,llama-3.1-8b,bf16,,h100-sxm,1,1,1,1,vllm,,static,8,512,128,joy,9")
            .find("unknown metric") != std::string::npos);
}

TEST_CASE("an unknown engine takes the generic profile and says so", "[ingest]") {
  const auto f =
      figure("a,llama-2-7b,bf16,,h100-sxm,1,1,1,1,swift-serve,,static,8,512,128,tpot_ms,9");
  CHECK(f.predicted.has_value());
  CHECK(f.note.find("generic profile") != std::string::npos);
  CHECK(f.entry == "any-2024");
}

TEST_CASE("lengths that are not stated come from the data set or the usual", "[ingest]") {
  const auto unsaid = figure(
      "a,llama-2-70b,fp8,fp8,h200-sxm,8,1,1,1,trtllm,0.17,all_at_once,,,,output_tokens_per_s,1");
  const auto said = figure(
      "a,llama-2-70b,fp8,fp8,h200-sxm,8,1,1,1,trtllm,0.17,all_at_once,,220,294.45,"
      "output_tokens_per_s,1");
  REQUIRE(unsaid.predicted.has_value());
  CHECK(*unsaid.predicted == Approx(*said.predicted));
}

TEST_CASE("memory is answered beside times", "[ingest]") {
  const auto f = figure(
      "a,llama-2-7b,q4_0,fp16,rtx-3090,1,1,1,1,llamacpp,b1691,single,1,494,1023,weights_mib,3600");
  REQUIRE(f.predicted.has_value());
  CHECK(*f.predicted == Approx(3600.0).epsilon(0.1));
  CHECK(f.unit == "MiB");
}

}  // namespace
}  // namespace dsplan::ingest
