// The loader: what it merges, what it marks, and every refusal with its place.
#include "dsplan/catalog/load.hpp"

#include <string>

#include "../support/built_in.hpp"

namespace dsplan::catalog {
namespace {

Catalog fresh() { return Catalog(builtin_tables()); }

/// What the loader says of `yaml` laid over the built-in catalog.
std::string refusal_of(const std::string& yaml) {
  return test::refusal([&] {
    Catalog catalog = fresh();
    merge_yaml(catalog, yaml, "over.yaml");
    check_consistency(catalog);
  });
}

TEST_CASE("an overlay changes only the fields that it names", "[catalog]") {
  Catalog catalog = fresh();
  const Gpu before = *catalog.find<Gpu>("h100-sxm");
  merge_yaml(catalog, "gpus:\n  - id: h100-sxm\n    power_w: 650\n", "over.yaml");
  const Gpu& after = *catalog.find<Gpu>("h100-sxm");
  CHECK(after.power_w == 650.0);
  CHECK(after.memory_gb == before.memory_gb);
  CHECK(after.dense_fp8_tflops == before.dense_fp8_tflops);
  CHECK(after.name == before.name);
  CHECK(catalog.all<Gpu>().size() == builtin_tables().gpus.size());
  CHECK_NOTHROW(check_consistency(catalog));
}

TEST_CASE("every field that an overlay sets is marked with its place", "[catalog]") {
  Catalog catalog = fresh();
  merge_yaml(catalog, "gpus:\n  - id: h100-sxm\n    power_w: 650\n", "over.yaml");
  const FieldOrigin* power = catalog.origin("gpu", "h100-sxm", "power_w");
  REQUIRE(power != nullptr);
  CHECK(power->place == "over.yaml:3:5");
  REQUIRE(catalog.origin("gpu", "h100-sxm", "") != nullptr);
  CHECK(catalog.origin("gpu", "h100-sxm", "")->place == "over.yaml:2:5");
  CHECK(catalog.origin("gpu", "h100-sxm", "memory_gb") == nullptr);
  CHECK(catalog.origin("gpu", "h100-pcie", "power_w") == nullptr);
}

TEST_CASE("the last of several overlays wins", "[catalog]") {
  Catalog catalog = fresh();
  merge_yaml(catalog, "gpus: [{id: h100-sxm, power_w: 650}]", "a.yaml");
  merge_yaml(catalog, "gpus: [{id: h100-sxm, power_w: 600, year: 2023}]", "b.yaml");
  CHECK(catalog.find<Gpu>("h100-sxm")->power_w == 600.0);
  CHECK(catalog.find<Gpu>("h100-sxm")->year == 2023);
  CHECK(catalog.origin("gpu", "h100-sxm", "power_w")->place == "b.yaml:1:23");
}

TEST_CASE("a new entry may extend another and takes no aliases from it", "[catalog]") {
  Catalog catalog = fresh();
  merge_yaml(
      catalog, "gpus:\n  - id: my-h100\n    extends: h100-sxm\n    memory_gb: 64\n", "over.yaml");
  const Gpu& mine = *catalog.find<Gpu>("my-h100");
  CHECK(mine.id == "my-h100");
  CHECK(mine.memory_gb == 64);
  CHECK(mine.bandwidth_gb_per_s == catalog.find<Gpu>("h100-sxm")->bandwidth_gb_per_s);
  CHECK(mine.aliases.empty());
  CHECK(catalog.find<Gpu>("h100")->id == "h100-sxm");
  CHECK(catalog.all<Gpu>().size() == builtin_tables().gpus.size() + 1);
  CHECK_NOTHROW(check_consistency(catalog));
}

TEST_CASE("an overlay may hold all kinds at once", "[catalog]") {
  Catalog catalog = fresh();
  merge_yaml(catalog,
             "models: [{id: my-llama, extends: llama-3.1-8b, layers: 40}]\n"
             "formats: [{id: my-fp8, extends: fp8, bits_per_weight: 8.25}]\n"
             "engines: [{id: my-engine, extends: vllm}]\n"
             "links: [{id: my-link, name: L, reach: scale-up, gb_per_s: 10, sources: [me]}]\n"
             "prices: [{id: me/one, provider: me, instance: one, gpu: h100-sxm, gpus: 1, "
             "on_demand_usd_per_hour: 2.5, date: '2026-01-01', sources: [me]}]\n",
             "over.yaml");
  CHECK_NOTHROW(check_consistency(catalog));
  CHECK(catalog.find<Model>("my-llama")->layers == 40);
  CHECK(catalog.find<Format>("my-fp8")->bits_per_weight == 8.25);
  CHECK(catalog.find<Engine>("my-engine")->memory_utilization ==
        catalog.find<Engine>("vllm")->memory_utilization);
  CHECK(catalog.find<Link>("my-link")->gb_per_s == 10);
  CHECK(catalog.find<Price>("me/one")->on_demand_usd_per_hour == 2.5);
}

TEST_CASE("numbers of a catalog read like those of the command line", "[catalog]") {
  Catalog catalog = fresh();
  merge_yaml(catalog,
             "models: [{id: llama-3.1-8b, layers: 010, vocab_size: 128k, mlp_bias: true}]",
             "over.yaml");
  CHECK(catalog.find<Model>("llama-3.1-8b")->layers == 10);
  CHECK(catalog.find<Model>("llama-3.1-8b")->vocab_size == 128000);
  CHECK(catalog.find<Model>("llama-3.1-8b")->mlp_bias);
}

TEST_CASE("an overlay survives the text it came from", "[catalog]") {
  Catalog catalog = fresh();
  {
    std::string yaml = "gpus: [{id: h100-sxm, name: Another, aliases: [quickest]}]";
    merge_yaml(catalog, yaml, "over.yaml");
    yaml.assign(yaml.size(), '#');
  }
  const Catalog moved = std::move(catalog);
  CHECK(moved.find<Gpu>("quickest")->name == "Another");
}

struct Refused {
  const char* what;
  const char* yaml;
  const char* message;
};

constexpr Refused kUnreadable[] = {
    {"an unknown key",
     "gpus:\n  - id: h100-sxm\n    memory_gib: 80\n",
     "over.yaml:3:5: gpu 'h100-sxm': unknown key 'memory_gib' | did you mean 'memory_gb'?"},
    {"an unknown key that is like none",
     "gpus:\n  - id: h100-sxm\n    zzz: 80\n",
     "over.yaml:3:5: gpu 'h100-sxm': unknown key 'zzz' | docs/catalog.md lists the keys"},
    {"a repeated key",
     "gpus:\n  - id: h100-sxm\n    year: 2022\n    year: 2023\n",
     "over.yaml:4:5: a gpu: key 'year' appears twice | keep one of them"},
    {"a repeated section",
     "gpus: []\nmodels: []\ngpus: []\n",
     "over.yaml:3:1: the file: key 'gpus' appears twice | keep one of them"},
    {"a repeated id",
     "gpus:\n  - id: h100-sxm\n  - id: h100-sxm\n",
     "over.yaml:3:5: id 'h100-sxm' appears twice in this list | keep one of them"},
    {"a missing id",
     "gpus:\n  - name: X\n",
     "over.yaml:2:5: a gpu has no 'id' | start with `- id: ...`"},
    {"a missing required key",
     "gpus:\n  - id: new\n    name: New\n",
     "over.yaml:2:5: gpu 'new': missing key 'vendor' | vendor: maker"},
    {"a text for a number",
     "gpus:\n  - id: h100-sxm\n    memory_gb: lots\n",
     "over.yaml:3:16: gpu 'h100-sxm': 'memory_gb' must be a finite number, not negative, got "
     "'lots' | mend the value, or leave the key out when it is unknown"},
    {"infinity",
     "gpus:\n  - id: h100-sxm\n    memory_gb: .inf\n",
     "over.yaml:3:16: gpu 'h100-sxm': 'memory_gb' must be a finite number, not negative, got "
     "'.inf' | mend the value, or leave the key out when it is unknown"},
    {"not a number",
     "gpus:\n  - id: h100-sxm\n    memory_gb: .nan\n",
     "over.yaml:3:16: gpu 'h100-sxm': 'memory_gb' must be a finite number, not negative, got "
     "'.nan' | mend the value, or leave the key out when it is unknown"},
    {"a negative number",
     "gpus:\n  - id: h100-sxm\n    power_w: -700\n",
     "over.yaml:3:14: gpu 'h100-sxm': 'power_w' must be a finite number, not negative, got "
     "'-700' | mend the value, or leave the key out when it is unknown"},
    {"a fraction for a count",
     "models:\n  - id: llama-3.1-8b\n    layers: 1.5\n",
     "over.yaml:3:13: model 'llama-3.1-8b': 'layers' must be a whole number, not negative, got "
     "'1.5' | mend the value, or leave the key out when it is unknown"},
    {"a word for true or false",
     "models:\n  - id: llama-3.1-8b\n    mlp_bias: yes\n",
     "over.yaml:3:15: model 'llama-3.1-8b': 'mlp_bias' must be true or false, got 'yes' | mend "
     "the value, or leave the key out when it is unknown"},
    {"a list for a number",
     "gpus:\n  - id: h100-sxm\n    year: [2022]\n",
     "over.yaml:3:11: gpu 'h100-sxm': 'year' must be a whole number, not negative, got a list or "
     "map | mend the value, or leave the key out when it is unknown"},
    {"a text for a list",
     "gpus:\n  - id: h100-sxm\n    aliases: fast\n",
     "over.yaml:3:14: gpu 'h100-sxm': 'aliases' must be a list of texts, got 'fast' | mend the "
     "value, or leave the key out when it is unknown"},
    {"a list of lists",
     "gpus:\n  - id: h100-sxm\n    aliases: [[a]]\n",
     "over.yaml:3:14: gpu 'h100-sxm': 'aliases' must be a list of texts, got a list or map | "
     "mend the value, or leave the key out when it is unknown"},
    {"a word out of a closed list",
     "gpus:\n  - id: h100-sxm\n    status: sold\n",
     "over.yaml:3:13: gpu 'h100-sxm': 'status' must be one of shipping, announced, rent-only, got "
     "'sold' | mend the value, or leave the key out when it is unknown"},
    {"an unknown section",
     "gpu:\n  - id: h100-sxm\n",
     "over.yaml:1:1: unknown section 'gpu' | did you mean 'gpus'?"},
    {"a section that is no list",
     "gpus:\n  id: h100-sxm\n",
     "over.yaml:2:3: 'gpus' must be a list | start each entry with `- id: ...`"},
    {"an entry that is no map",
     "gpus:\n  - h100-sxm\n",
     "over.yaml:2:5: a gpu must be a map of keys | start with `- id: ...`"},
    {"a file that is no map",
     "- a\n- b\n",
     "over.yaml:1:1: a catalog file must be a map of lists | start with `gpus:`, `models:`, "
     "`formats:`, `engines:`, `links:` or `prices:`"},
    {"an unknown base",
     "gpus:\n  - id: new\n    extends: h999\n",
     "over.yaml:3:14: gpu 'new' extends an unknown entry 'h999' | name an entry that stands "
     "before it"},
    {"several documents",
     "gpus: []\n---\nmodels: []\n",
     "over.yaml: holds 2 YAML documents, not one | put all sections into one document"},
    {"no document",
     "",
     "over.yaml: holds 0 YAML documents, not one | put all sections into one document"},
    {"malformed YAML",
     "gpus: [\n",
     "over.yaml:2:1: end of sequence flow not found | the file is not well-formed YAML"},
    {"a tab as indent", "gpus:\n\t- id: x\n", nullptr},
    {"an unknown anchor", "gpus: *nowhere\n", nullptr},
};

TEST_CASE("what is no catalog is refused with its line and column", "[catalog]") {
  for (const Refused& row : kUnreadable) {
    INFO(row.what);
    if (row.message == nullptr) {
      CHECK(refusal_of(row.yaml).starts_with("over.yaml:"));
    } else {
      CHECK(refusal_of(row.yaml) == row.message);
    }
  }
}

constexpr Refused kInconsistent[] = {
    {"an alias of another",
     "gpus:\n  - id: h100-sxm\n    aliases: [a100]\n",
     "over.yaml:3:5: gpu 'h100-sxm': alias 'a100' already means 'a100-sxm-80' | keep it in one "
     "entry, and in shared_aliases of the other"},
    {"an alias that is an id",
     "gpus:\n  - id: h100-sxm\n    aliases: [RTX_4090]\n",
     "over.yaml:3:5: gpu 'h100-sxm': alias 'RTX_4090' already means 'rtx-4090' | keep it in one "
     "entry, and in shared_aliases of the other"},
    {"an unknown link",
     "gpus:\n  - id: h100-sxm\n    link: nvlink44\n",
     "over.yaml:3:5: gpu 'h100-sxm': 'link' names an unknown link 'nvlink44' | did you mean "
     "'nvlink4'?"},
    {"an unknown format",
     "models:\n  - id: llama-3.1-8b\n    native_format: qqqqqqq\n",
     "over.yaml:3:5: model 'llama-3.1-8b': 'native_format' names an unknown format 'qqqqqqq' | "
     "use an id of the catalog"},
    {"an unknown engine",
     "engines:\n  - id: vllm-0.17\n    engine: vllm2\n",
     "over.yaml:3:5: engine 'vllm-0.17': 'engine' names an unknown engine 'vllm2' | did you mean "
     "'vllm'?"},
    {"an unknown cache format",
     "engines:\n  - id: vllm\n    kv_precisions: [bf17]\n",
     "over.yaml:3:5: engine 'vllm': 'kv_precisions' names an unknown format 'bf17' | did you mean "
     "'bf16'?"},
    {"an unknown device of a price",
     "prices: [{id: me/x, provider: me, instance: x, gpu: h1000, gpus: 1, sources: [me]}]",
     nullptr},
    {"falling tiers",
     "engines:\n  - id: vllm\n    batched_tokens_by_gib: ['70:1', '0:2']\n",
     "over.yaml:3:5: engine 'vllm': tiers must be texts like \"70:8192\", growing | write "
     "[\"0:2048\", \"70:8192\"]"},
    {"a tier without a value",
     "engines:\n  - id: vllm\n    batched_tokens_by_gib: ['70:']\n",
     "over.yaml:3:5: engine 'vllm': tiers must be texts like \"70:8192\", growing | write "
     "[\"0:2048\", \"70:8192\"]"},
    {"KV heads that do not divide",
     "models:\n  - id: llama-3.1-8b\n    kv_heads: 5\n",
     "over.yaml:3:5: model 'llama-3.1-8b': kv_heads must divide attention_heads | mend the "
     "counts"},
    {"more special layers than layers",
     "models:\n  - id: gemma-3-27b\n    layers: 20\n",
     "over.yaml:3:5: model 'gemma-3-27b': sliding and linear layers exceed layers | mend the "
     "counts"},
    {"more active experts than experts",
     "models:\n  - id: mixtral-8x7b\n    experts: 1\n",
     "over.yaml:3:5: model 'mixtral-8x7b': more MoE layers than layers, or more active experts "
     "than experts | mend the counts"},
    {"all memory for ECC",
     "gpus:\n  - id: h100-sxm\n    ecc_cost_fraction: 1\n",
     "over.yaml:3:5: gpu 'h100-sxm': must be below 1 | write 6.25 % as 0.0625"},
    {"kernels of an unknown device",
     "kernels:\n  - id: any/gemm/bf16\n    gpu: h100-sxn\n",
     "over.yaml:3:5: kernel 'any/gemm/bf16': 'gpu' names an unknown gpu 'h100-sxn' | did you mean "
     "'h100-sxm'?"},
    {"kernels of an unknown engine",
     "kernels:\n  - id: any/gemm/bf16\n    engine: vllm2\n",
     "over.yaml:3:5: kernel 'any/gemm/bf16': 'engine' names an unknown engine 'vllm2' | did you "
     "mean 'vllm'?"},
    {"kernels much faster than the device",
     "kernels:\n  - id: any/gemm/bf16\n    compute_efficiency: 1.3\n",
     "over.yaml:3:5: kernel 'any/gemm/bf16': 'compute_efficiency' must be above 0 and at most 1.2 "
     "| docs/catalog.md says what a kernel row holds"},
    {"attention that reads nothing",
     "kernels:\n  - id: any/decode_attention/bf16\n    memory_efficiency: 0\n",
     "over.yaml:3:5: kernel 'any/decode_attention/bf16': 'memory_efficiency' must be above 0 and "
     "at "
     "most 1.2 | docs/catalog.md says what a kernel row holds"},
    {"a norm below the sum",
     "kernels:\n  - id: any/gemm/bf16\n    sharpness: 0.5\n",
     "over.yaml:3:5: kernel 'any/gemm/bf16': 'sharpness' must be 1 or more | docs/catalog.md says "
     "what a kernel row holds"},
    {"a framework that takes no time",
     "frameworks:\n  - id: fsdp2\n    time_factor: 0\n",
     "over.yaml:3:5: framework 'fsdp2': 'time_factor' must be above 0 | leave the key out for its "
     "default"},
    {"a training rate of zero",
     "training_rates:\n  - id: hopper\n    fp8_share: 0\n",
     "over.yaml:3:5: training_rate 'hopper': 'fp8_share' must be above 0 | leave the key out for "
     "its default"},
    {"kernels of no format", "kernels: [{id: mine, operation: gemm, sources: [me]}]", nullptr},
    {"a collective of one device",
     "kernels: [{id: mine, operation: all_reduce, gpus: 1, gb_per_s: 1, sources: [me]}]",
     nullptr},
    {"a collective without a rate",
     "kernels: [{id: mine, operation: all_reduce, gpus: 2, sources: [me]}]",
     nullptr},
};

TEST_CASE("entries that contradict one another are refused at their place", "[catalog]") {
  for (const Refused& row : kInconsistent) {
    INFO(row.what);
    if (row.message == nullptr) {
      CHECK(refusal_of(row.yaml).starts_with("over.yaml:1:"));
    } else {
      CHECK(refusal_of(row.yaml) == row.message);
    }
  }
}

TEST_CASE("a refused overlay is an input error", "[catalog]") {
  Catalog catalog = fresh();
  try {
    merge_yaml(catalog, "gpus: 1", "over.yaml");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::input);
  }
}

}  // namespace
}  // namespace dsplan::catalog
