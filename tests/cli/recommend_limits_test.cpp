// Each limit of `recommend` by its flag, on both sides of what the best deployment does.
#include <algorithm>
#include <set>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "surroundings.hpp"

namespace dsplan::cli {
namespace {

using Json = nlohmann::json;
using Line = std::vector<std::string>;

Json answer(Line line, const Line& more) {
  line.insert(line.begin(), "recommend");
  line.insert(line.end(), more.begin(), more.end());
  line.emplace_back("--json");
  const test::Outcome o = test::run_line(line);
  INFO(o.err);
  REQUIRE((o.code == 0 || o.code == 3));
  return Json::parse(o.out).at("result");
}

Json deployments(const Line& line, const Line& more) {
  return answer(line, more).at("deployments");
}

std::string number(double value) { return std::to_string(value); }

Line question() {
  return {"--model",
          "llama-3.1-8b",
          "--gpu",
          "a100-sxm-80",
          "--gpu",
          "h100-sxm",
          "--input-tokens",
          "1024",
          "--output-tokens",
          "128",
          "--concurrency",
          "16",
          "--max-gpus",
          "4"};
}

struct Limit {
  const char* flag;
  const char* path;
  double scale;  ///< from the figure to the flag
  const char* unit;
};

TEST_CASE("a limit just above what the best does leaves it, one just below takes it away",
          "[recommend]") {
  const Json best = answer(question(), {}).at("deployments").at(0);
  for (const Limit& l : {Limit{"--max-ttft", "/performance/ttft_s/value", 1e3, "ms"},
                         {"--max-tpot", "/performance/tpot_s/value", 1e3, "ms"},
                         {"--max-latency", "/performance/e2e_s/value", 1e3, "ms"},
                         {"--max-ttft", "/performance/ttft_p99_s/value", 1e3, "ms@p99"},
                         {"--max-tpot", "/performance/tpot_p99_s/value", 1e3, "ms@p99"},
                         {"--max-power", "/power_w", 1.0, "W"},
                         {"--budget-per-month", "/cost/usd_per_month", 1.0, ""},
                         {"--budget-capex", "/cost/capex_usd", 1.0, ""}}) {
    const Json::json_pointer path(l.path);
    INFO(l.flag << " " << l.path);
    REQUIRE(best.at(path).is_number());
    const double figure = best.at(path);
    const auto at = [&](double factor) {
      return answer(question(), {l.flag, number(figure * factor * l.scale) + l.unit});
    };
    const Json above = at(1.001);
    REQUIRE_FALSE(above.at("deployments").empty());
    const auto price = "/cost/usd_per_hour"_json_pointer;
    CHECK(above.at("deployments").at(0).at(price) == best.at(price));
    const Json kept = at(0.999).at("deployments");
    for (const Json& d : kept) {
      CHECK(d.at("flags") != best.at("flags"));
      CHECK(d.at(path).get<double>() <= figure * 0.999);
    }
  }
}

TEST_CASE("a rate that is asked for is reached, by more copies if need be", "[recommend]") {
  const Line free{"--model", "llama-3.1-8b", "--gpu", "l40s", "--max-tpot", "40ms"};
  for (const double rate : {500.0, 6000.0, 20000.0}) {
    const Json a = answer(free, {"--min-throughput", number(rate)});
    REQUIRE_FALSE(a.at("deployments").empty());
    for (const Json& d : a.at("deployments"))
      CHECK(d.at("/performance/output_tokens_per_s/value"_json_pointer).get<double>() >= rate);
  }
  const Json none = answer(free, {"--min-throughput", "20000", "--max-gpus", "1"});
  CHECK(none.at("deployments").empty());
}

TEST_CASE("devices, makers, providers and regions are those that were asked for", "[recommend]") {
  const Line base{"--model", "llama-3.1-8b", "--concurrency", "4", "--max-gpus", "1"};
  for (const Json& d : deployments(base, {"--vendor", "amd"}))
    CHECK_THAT(d.at("gpu").get<std::string>(), Catch::StartsWith("mi") || Catch::StartsWith("r"));
  for (const Json& d : deployments(question(), {"--provider", "aws"}))
    CHECK_THAT(d.at("/cost/rented_from"_json_pointer).get<std::string>(),
               Catch::StartsWith("aws "));
  for (const Json& d : deployments(question(), {"--region", "us-east"}))
    CHECK_FALSE(d.at("/cost/rented_from"_json_pointer).is_null());
  const double usual =
      answer(base, {"--gpu", "a100-sxm-80"}).at("/deployments/0/cost/usd_per_hour"_json_pointer);
  const Json spot = answer(base, {"--gpu", "a100-sxm-80", "--spot"});
  CHECK(spot.at("/deployments/0/cost/usd_per_hour"_json_pointer).get<double>() < usual);
}

TEST_CASE("a context is that of every deployment, and takes its memory", "[recommend]") {
  const Line base{"--model", "llama-3.1-8b", "--gpu", "l4", "--gpus", "1", "--concurrency", "1"};
  const Json shorter = answer(base, {"--context", "4096"});
  REQUIRE_FALSE(shorter.at("deployments").empty());
  for (const Json& d : shorter.at("deployments")) CHECK(d.at("context_tokens") == 4096);
  const auto bf16 = [](const Json& a) {
    return std::count_if(a.at("deployments").begin(), a.at("deployments").end(), [](const Json& d) {
      return d.at("precision") == "bf16" && d.at("kv_precision") == "bf16";
    });
  };
  // 16.1 GB of weights and 0.13 MB a token: 60,000 tokens are 7.9 GB, more than 24 GB leave.
  const Json longer = answer(base, {"--context", "60000", "--top", "20"});
  CHECK(bf16(longer) == 0);
  CHECK(bf16(answer(base, {"--context", "4096", "--top", "20"})) > 0);
}

TEST_CASE("a context beyond what the model is made for is warned of", "[recommend]") {
  const auto warned = [](const char* tokens) {
    const test::Outcome o = test::run_line({"recommend",
                                            "--model",
                                            "llama-3.1-8b",
                                            "--gpu",
                                            "h200-sxm",
                                            "--gpus",
                                            "1",
                                            "--context",
                                            tokens,
                                            "--json"});
    return o.out.find("context-limit") != std::string::npos;
  };
  CHECK_FALSE(warned("131072"));
  CHECK(warned("131073"));
}

TEST_CASE("a reserve leaves so much of the memory free", "[recommend]") {
  const Line base{"--model", "llama-3.1-8b", "--gpu", "l4", "--gpus", "1", "--concurrency", "1"};
  for (const char* share : {"0.1", "0.4"}) {
    for (const Json& d : deployments(base, {"--reserve", share})) {
      const double capacity = d.at("/memory/capacity_bytes"_json_pointer);
      CHECK(d.at("/memory/total_bytes"_json_pointer).get<double>() <=
            capacity * (1.0 - std::stod(share)));
    }
  }
  CHECK(answer(base, {"--reserve", "0.9"}).at("deployments").empty());
}

TEST_CASE("an objective ranks by what it names", "[recommend]") {
  const auto growing = [](const char* objective, auto figure) {
    const Json all = answer(question(), {"--objective", objective, "--top", "8"});
    double last = 0.0;
    REQUIRE(all.at("deployments").size() > 2);
    for (const Json& d : all.at("deployments")) {
      CHECK(figure(d) >= last * (1.0 - 1e-12));
      last = figure(d);
    }
  };
  const auto at = [](const Json& d, const char* path) {
    return d.at(Json::json_pointer(path)).get<double>();
  };
  growing("latency", [&](const Json& d) { return at(d, "/performance/e2e_s/value"); });
  growing("cost", [&](const Json& d) { return at(d, "/cost/usd_per_hour"); });
  growing("throughput",
          [&](const Json& d) { return at(d, "/cost/usd_per_million_output_tokens/value"); });
  growing("energy", [&](const Json& d) {
    return at(d, "/power_w") / at(d, "/performance/output_tokens_per_s/value");
  });
}

TEST_CASE("the change of a near miss admits it", "[recommend]") {
  const Line base{
      "--model", "llama-3.1-8b", "--gpu", "l40s", "--concurrency", "64", "--max-ttft", "2s@p99"};
  const Json first = answer(base, {"--max-tpot", "30ms"});
  const Json& misses = first.at("rejected");
  REQUIRE_FALSE(misses.empty());
  const Json& miss = misses.at(0);
  REQUIRE(miss.at("gain").is_string());
  const std::string change = miss.at("change");
  const auto space = change.find(' ');
  const Json then = answer(base, {change.substr(0, space), change.substr(space + 1)});
  const auto price = "/cost/usd_per_hour"_json_pointer;
  CHECK(then.at("deployments").at(0).at(price) < first.at("deployments").at(0).at(price));
  CHECK(then.at("deployments").at(0).at("gpus") == miss.at("gpus"));
}

TEST_CASE("without a model each device lists models that hold the limits, and how many GPUs",
          "[recommend]") {
  const Json a = answer({"--scenario", "production", "--gpu", "l40s", "--gpu", "h100-sxm"}, {});
  std::size_t listed = 0;
  for (const Json& d : a.at("devices")) listed += d.at("models").get<std::size_t>();
  REQUIRE(a.at("devices").size() == 2);
  CHECK(listed == a.at("deployments").size());
  std::set<std::pair<std::string, std::string>> pairs;
  for (const Json& d : a.at("deployments")) {
    CHECK(pairs.emplace(d.at("gpu"), d.at("model")).second);
    CHECK(d.at("tp").get<int>() <= 8);
    CHECK(d.at("/performance/tpot_s/value"_json_pointer).get<double>() <= 0.05);
  }
}

TEST_CASE("copies on the slices of one device share its price", "[recommend]") {
  const Line base{"--model", "llama-3.2-1b", "--gpu", "a100-sxm-80", "--mig", "1g"};
  const auto cost = [&](const char* copies) {
    const test::Outcome o = test::run_line({"cost",
                                            "--model",
                                            "llama-3.2-1b",
                                            "--gpu",
                                            "a100-sxm-80",
                                            "--mig",
                                            "1g",
                                            "--gpus",
                                            copies,
                                            "--dp",
                                            copies,
                                            "--concurrency",
                                            "7",
                                            "--json"});
    return Json::parse(o.out).at("result");
  };
  const auto price = "/usd_per_hour"_json_pointer;
  CHECK(cost("7").at(price) == cost("1").at(price));
  CHECK(cost("8").at(price).get<double>() == 2.0 * cost("7").at(price).get<double>());
  const Json a = answer(base, {"--concurrency", "4", "--max-gpus", "1"});
  REQUIRE_FALSE(a.at("deployments").empty());
  CHECK(a.at("/deployments/0/mig"_json_pointer) == "1g");
  CHECK_THAT(a.at("/deployments/0/flags"_json_pointer).get<std::string>(),
             Catch::Contains("--mig 1g"));
}

TEST_CASE("what is far too large for the devices is told by how much, with a way out",
          "[recommend]") {
  const Json a = answer({"--model", "llama-3.1-70b", "--gpu", "h100-sxm", "--gpus", "1"},
                        {"--precision", "bf16"});
  CHECK(a.at("deployments").empty());
  REQUIRE_FALSE(a.at("rejected").empty());
  const Json& miss = a.at("rejected").front();
  CHECK(miss.at("binding_constraint") == "memory");
  CHECK(miss.at("needed").get<double>() > 1.5 * miss.at("limit").get<double>());
  CHECK_FALSE(miss.at("change").get<std::string>().empty());
}

TEST_CASE("a limit on an amount that nobody knows says so", "[recommend]") {
  const Json a = answer({"--model", "llama-3.1-8b", "--gpu", "l4"}, {"--budget-capex", "10"});
  CHECK(a.at("deployments").empty());
  CHECK_THAT(a.at("relax").get<std::string>(), Catch::Contains("--gpu-usd"));
}

}  // namespace
}  // namespace dsplan::cli
