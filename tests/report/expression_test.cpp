// --fail-if: what parses, what it is compared with, and what it refuses.
#include "dsplan/report/expression.hpp"

#include <nlohmann/json.hpp>

#include "../support/built_in.hpp"

namespace dsplan::report {
namespace {

const Json& result() {
  static const Json json = Json::parse(R"({
    "per_gpu": {"total_bytes": 85899345920, "headroom_bytes": -1073741824,
                "headroom_fraction": -0.0125, "capacity_bytes": null},
    "fits": false,
    "max_batch": 20000,
    "kv_bytes_per_token": 131072,
    "ttft_s": {"value": 0.25, "low": 0.2, "high": 0.3},
    "usd_per_hour": 12.5,
    "name": "h100-sxm",
    "empty": [],
    "cost": null,
    "fits_on": [{"gpu": "l40s", "gpus": 2}, {"gpu": "h100-sxm", "gpus": 1}]
  })");
  return json;
}

struct Parsed {
  const char* text;
  const char* path;
  const char* comparison;
  const char* value;
};

TEST_CASE("an expression is a path, a comparison and a value", "[report]") {
  constexpr Parsed kRows[] = {{"a < 1", "a", "<", "1"},
                              {"a<=1", "a", "<=", "1"},
                              {" a.b[0].c  >=  80GiB ", "a.b[0].c", ">=", "80GiB"},
                              {"fits == false", "fits", "==", "false"},
                              {"gpu != \"h100\"", "gpu", "!=", "h100"},
                              {"x > -1", "x", ">", "-1"},
                              {"x\t>\t$2.50", "x", ">", "$2.50"}};
  for (const Parsed& row : kRows) {
    const Expression e = parse_expression(row.text);
    INFO(row.text);
    CHECK(e.path == row.path);
    CHECK(e.comparison == row.comparison);
    CHECK(e.value == row.value);
  }
}

TEST_CASE("what is no comparison is refused with the form", "[report]") {
  for (const char* text : {"", "a", "a <", "< 1", "a = 1", " ", "a b", "<", "=="}) {
    INFO(text);
    CHECK(test::refusal([&] { (void)parse_expression(text); }) ==
          "--fail-if '" + std::string(text) +
              "' is not a comparison | write it like 'per_gpu.headroom_fraction < 10%'");
  }
}

struct Judged {
  const char* text;
  bool holds;
};

constexpr Judged kJudged[] = {{"per_gpu.total_bytes > 79GiB", true},
                              {"per_gpu.total_bytes > 80GiB", false},
                              {"per_gpu.total_bytes >= 80GiB", true},
                              {"per_gpu.total_bytes == 80GiB", true},
                              {"per_gpu.total_bytes == 85899345920", true},
                              {"per_gpu.total_bytes < 86GB", true},
                              {"per_gpu.total_bytes != 80GiB", false},
                              {"per_gpu.headroom_bytes < 0", true},
                              {"per_gpu.headroom_bytes < -512MiB", true},
                              {"per_gpu.headroom_bytes < -2GiB", false},
                              {"per_gpu.headroom_bytes == -1GiB", true},
                              {"per_gpu.headroom_fraction < 10%", true},
                              {"per_gpu.headroom_fraction < -1%", true},
                              {"per_gpu.headroom_fraction < -0.0126", false},
                              {"fits == false", true},
                              {"fits != false", false},
                              {"fits == true", false},
                              {"max_batch >= 20k", true},
                              {"max_batch > 20k", false},
                              {"max_batch < 1M", true},
                              {"kv_bytes_per_token <= 131072", true},
                              {"kv_bytes_per_token < 131kB", false},
                              {"kv_bytes_per_token == 128KiB", true},
                              {"max_batch > 50%", true},
                              {"ttft_s > 200ms", true},
                              {"ttft_s > 0.2s", true},
                              {"ttft_s <= 250ms", true},
                              {"ttft_s.high > 280ms", true},
                              {"usd_per_hour > $12", true},
                              {"usd_per_hour > 12.50", false},
                              {"name == h100-sxm", true},
                              {"name != h100-sxm", false},
                              {"fits_on[0].gpus == 2", true},
                              {"fits_on[1].gpu == \"h100-sxm\"", true}};

TEST_CASE("a comparison reads its value in the unit of the key", "[report]") {
  for (const Judged& row : kJudged) {
    INFO(row.text);
    CHECK(holds(parse_expression(row.text), result()) == row.holds);
  }
}

struct Refused {
  const char* text;
  const char* message;
};

constexpr Refused kRefused[] = {
    {"per_gpu.total_byte > 1",
     "the result has no 'per_gpu.total_byte' | did you mean 'per_gpu.total_bytes'?"},
    {"total_bytes > 1", nullptr},
    {"zzzzzzzzzzz > 1",
     "the result has no 'zzzzzzzzzzz' | `-o json` shows the paths of the result"},
    {"fits_on[2].gpus > 1", nullptr},
    {"fits_on[x].gpus > 1", nullptr},
    {"fits_on[0.gpus > 1", nullptr},
    {"fits_on[-1].gpus > 1", nullptr},
    {"empty[0] > 1", nullptr},
    {"per_gpu.capacity_bytes > 1",
     "'per_gpu.capacity_bytes' is unknown here | it needs an input that was not given, such as "
     "--gpu, or a figure that the catalog lacks"},
    {"cost.usd_per_hour > 1",
     "'cost.usd_per_hour' is unknown here | it needs an input that was not given, such as --gpu, "
     "or "
     "a figure that the catalog lacks"},
    {"per_gpu > 1", "'per_gpu' is not a single value | go on to one of its keys or entries"},
    {"fits_on > 1", "'fits_on' is not a single value | go on to one of its keys or entries"},
    {"fits < true", "'fits' is a word and has no order | compare it with == or !="},
    {"name > a", "'name' is a word and has no order | compare it with == or !="},
    {"max_batch > lots",
     "'lots' is not a value that 'max_batch' can be compared with | give it in the key's unit: "
     "80GiB, 200ms, 10%, $5000, 3kW or a plain number"},
    {"per_gpu.total_bytes > 10%", nullptr},
    {"usd_per_hour > 10%", nullptr},
    {"ttft_s > 10%", nullptr},
    {"per_gpu.headroom_fraction < 10GB", nullptr},
    {"per_gpu.headroom_fraction < 10", nullptr},
    {"usd_per_hour > 5s", nullptr},
    {"max_batch > nan", nullptr},
    {"max_batch > 0x10", nullptr}};

TEST_CASE("what cannot be compared is refused with the reason", "[report]") {
  for (const Refused& row : kRefused) {
    const std::string got =
        test::refusal([&] { (void)holds(parse_expression(row.text), result()); });
    const std::string lead = "--fail-if '" + std::string(row.text) + "': ";
    INFO(row.text << " -> " << got);
    if (row.message == nullptr) {
      CHECK(got.starts_with(lead));
    } else {
      CHECK(got == lead + row.message);
    }
  }
}

}  // namespace
}  // namespace dsplan::report
