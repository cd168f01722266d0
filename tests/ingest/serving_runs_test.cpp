// How the lines of a table of serving runs become runs to choose among.
#include <algorithm>
#include <string>

#include "dsplan/ingest/validation_table.hpp"

#include "../support/built_in.hpp"

namespace dsplan::ingest {
namespace {

constexpr std::string_view kHeader =
    "id,model,gpu,n_gpus,tp,engine,engine_version,arrival,concurrency,isl,osl,metric,value\n";
const std::string kRun = "llama-3.1-8b,h100-sxm,1,1,vllm,0.11.0,closed,";

std::optional<plan::Planning> planning(const std::string& lines) {
  const CsvTable table = read_csv(std::string(kHeader) + lines, "runs.csv");
  return validate_table(table, test::built_in(), "runs.csv", "").planning;
}

std::string line(const std::string& id, const std::string& load, const std::string& figure) {
  return id + "," + kRun + load + "," + figure + "\n";
}

const plan::PlanningAnswer& at_100_ms(const plan::Planning& p) {
  return p.any_workload.groups.front().answers.back();
}

TEST_CASE("the rate follows from first token, time per token, clients and answer", "[ingest]") {
  const auto runs = [](const std::string& slow_first) {
    return planning(line("a", "8,1024,101", "ttft_ms,100") + line("b", "8,1024,101", "tpot_ms,10") +
                    line("c", "16,1024,101", "ttft_ms," + slow_first) +
                    line("d", "16,1024,101", "tpot_ms,10"));
  };
  // 8 clients wait 1.1 s for an answer; 16 wait 2.1 s and then 2.3 s, and are no faster.
  CHECK(at_100_ms(*runs("1100")).best == "d");
  CHECK(at_100_ms(*runs("1300")).best == "b");
}

TEST_CASE("a measured rate goes before one reckoned", "[ingest]") {
  const auto p = planning(
      line("a", "8,1024,101", "tpot_ms,10") + line("b", "8,1024,101", "output_tokens_per_s,900") +
      line("c", "16,1024,101", "tpot_ms,10") + line("d", "16,1024,101", "ttft_ms,100") +
      line("e", "16,1024,101", "output_tokens_per_s,800"));
  CHECK(at_100_ms(*p).best == "a");
}

TEST_CASE("a metric that comes again begins another run", "[ingest]") {
  const std::string once =
      line("a", "8,1024,101", "tpot_ms,10") + line("b", "8,1024,101", "output_tokens_per_s,900");
  CHECK_FALSE(planning(once).has_value());
  const auto twice = planning(once + once);
  REQUIRE(twice.has_value());
  CHECK(twice->any_workload.groups.front().runs == 2);
}

TEST_CASE("a run without what gives its rate is none", "[ingest]") {
  const std::string one = line("a", "8,1024,101", "tpot_ms,10");
  const std::string other = line("b", "16,1024,101", "tpot_ms,10");
  CHECK_FALSE(planning(one + other).has_value());
  const std::string first = line("c", "8,1024,101", "ttft_ms,100");
  const std::string unknown_output = line("d", "16,1024,", "tpot_ms,10");
  CHECK_FALSE(
      planning(one + first + unknown_output + line("e", "16,1024,", "ttft_ms,100")).has_value());
}

TEST_CASE("other lengths are another workload", "[ingest]") {
  const auto p = planning(
      line("a", "8,1024,101", "tpot_ms,10") + line("b", "8,1024,101", "output_tokens_per_s,900") +
      line("c", "8,2048,101", "tpot_ms,12") + line("d", "8,2048,101", "output_tokens_per_s,800"));
  REQUIRE(p.has_value());
  CHECK(p->any_workload.groups.size() == 1);
  CHECK(p->same_workload.groups.empty());
}

TEST_CASE("tables without runs have no planning question", "[ingest]") {
  const CsvTable table = read_csv(
      "id,model,context,kv_mib,compute_mib,parallel\na,llama-3.1-8b,8192,1024,266.5,1\n", "m.csv");
  CHECK_FALSE(validate_table(table, test::built_in(), "m.csv", "").planning.has_value());
}

}  // namespace
}  // namespace dsplan::ingest
