// The names people write, and what they mean.
#include <string_view>

#include "../support/built_in.hpp"

namespace dsplan::catalog {
namespace {

using test::built_in;

struct Named {
  const char* written;
  const char* id;
  const char* format;  ///< empty: the name does not say
};

constexpr Named kModels[] = {
    {"llama-3.1-8b", "llama-3.1-8b", ""},
    {"LLAMA_3.1_8B", "llama-3.1-8b", ""},
    {"llama3.1-8b", "llama-3.1-8b", ""},
    {"meta-llama/Llama-3.1-70B-Instruct", "llama-3.1-70b", ""},
    {"meta-llama/Llama-2-13b-chat-hf", "llama-2-13b", ""},
    {"meta-llama/Meta-Llama-3-8B-Instruct", "llama-3-8b", ""},
    {"meta-llama/Meta-Llama-3.1-8B-Instruct", "llama-3.1-8b", ""},
    {"Qwen/Qwen3-32B", "qwen3-32b", ""},
    {"Qwen/Qwen3-32B-AWQ", "qwen3-32b", "awq"},
    {"Qwen2.5-7B-Instruct-GPTQ-Int4", "qwen2.5-7b", "gptq"},
    {"Qwen/Qwen2.5-7B-Instruct-GPTQ-Int8", "qwen2.5-7b", "gptq-int8"},
    {"Qwen/Qwen3-235B-A22B-Thinking-2507", "qwen3-235b-a22b", ""},
    {"RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic", "llama-3.1-8b", "fp8row"},
    {"RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w4a16", "llama-3.1-8b", "int4-w4a16"},
    {"RedHatAI/Qwen2.5-7B-Instruct-quantized.w8a8", "qwen2.5-7b", "w8a8-int8"},
    {"unsloth/gemma-3-27b-it-GGUF", "gemma-3-27b", ""},
    {"google/gemma-3-27b-it", "gemma-3-27b", ""},
    {"TheBloke/Llama-2-13B-AWQ", "llama-2-13b", "awq"},
    {"TheBloke/Llama-2-13B-GPTQ", "llama-2-13b", "gptq"},
    {"nvidia/DeepSeek-R1-NVFP4", "deepseek-r1", "nvfp4"},
    {"deepseek-ai/DeepSeek-R1", "deepseek-r1", ""},
    {"deepseek-ai/DeepSeek-R1-0528", "deepseek-r1", ""},
    {"deepseek-ai/DeepSeek-V3-0324", "deepseek-v3", ""},
    {"deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "deepseek-r1-distill-llama-70b", ""},
    {"openai/gpt-oss-120b", "gpt-oss-120b", ""},
    {"mistralai/Mixtral-8x7B-Instruct-v0.1", "mixtral-8x7b", ""},
    {"mistralai/Mistral-7B-Instruct-v0.3", "mistral-7b-v0.3", ""},
    {"TheBloke/Mixtral-8x7B-Instruct-v0.1-GPTQ", "mixtral-8x7b", "gptq"},
    {"mistralai/Mistral-Large-Instruct-2407", "mistral-large-2407", ""},
    {"facebook/opt-13b", "opt-13b", ""},
    {"opt-1.3b", "opt-1.3b", ""},
    {"nvidia/Llama-3.1-405B-Instruct-FP8", "llama-3.1-405b", "fp8"},
    {"Qwen3-8B-Q4_K_M", "qwen3-8b", "q4_k_m"},
    {"bartowski/Qwen2.5-32B-Instruct-Q8_0", "qwen2.5-32b", "q8_0"},
};

TEST_CASE("model names as people write them resolve to an id and a format", "[catalog]") {
  for (const Named& row : kModels) {
    INFO(row.written);
    ModelName name;
    REQUIRE_NOTHROW(name = resolve_model(built_in(), row.written));
    CHECK(name.model->id == row.id);
    CHECK((name.format == nullptr ? std::string_view{} : name.format->id) == row.format);
  }
}

TEST_CASE("every model answers to its id, its aliases and its repository", "[catalog]") {
  for (const Model& m : built_in().all<Model>()) {
    INFO(m.id);
    CHECK(resolve_model(built_in(), m.id).model == &m);
    for (const auto alias : m.aliases) CHECK(resolve_model(built_in(), alias).model == &m);
    if (!m.hf_repo.empty()) {
      CHECK(resolve_model(built_in(), m.hf_repo).model->hf_repo == m.hf_repo);
    }
  }
}

TEST_CASE("an unusual reading of a name is said", "[catalog]") {
  CHECK(resolve_model(built_in(), "TheBloke/Llama-2-13B-AWQ").note ==
        "'TheBloke/Llama-2-13B-AWQ' is read as llama-2-13b with weights in awq");
  CHECK(resolve_model(built_in(), "llama-3.1-8b").note.empty());
  CHECK(resolve_model(built_in(), "llama3").note.find("it can also mean llama-3-70b") !=
        std::string::npos);
}

TEST_CASE("a name with two readings and no separator is no name", "[catalog]") {
  CHECK(built_in().find<Model>("opt13b") == nullptr);
  CHECK(test::refusal([] {
          (void)resolve_model(built_in(), "opt13b");
        }).starts_with("unknown model 'opt13b' | did you mean 'opt-1"));
}

TEST_CASE("an unknown model is refused with the nearest name", "[catalog]") {
  CHECK(test::refusal([] { (void)resolve_model(built_in(), "lama-3.1-8b"); }) ==
        "unknown model 'lama-3.1-8b' | did you mean 'llama-3.1-8b'?");
  CHECK(test::refusal([] { (void)resolve_model(built_in(), "xyzzy-corporate-megamodel"); }) ==
        "unknown model 'xyzzy-corporate-megamodel' | `dsplan catalog list models` shows what is "
        "known");
}

TEST_CASE("odd model names neither hang nor crash", "[catalog]") {
  for (const char* name : {"", "-", "/", "a/", "-fp8", "--", ".", "fp8", "-instruct", "awq-awq"}) {
    INFO(name);
    CHECK_FALSE(test::refusal([&] { (void)resolve_model(built_in(), name); }).empty());
  }
}

constexpr Named kGpus[] = {{"h100", "h100-sxm", ""},
                           {"H100", "h100-sxm", ""},
                           {"h100_sxm", "h100-sxm", ""},
                           {"H100-80GB", "h100-sxm", ""},
                           {"h100-sxm-80gb", "h100-sxm", ""},
                           {"NVIDIA H100 80GB HBM3", "h100-sxm", ""},
                           {"h100-pcie", "h100-pcie", ""},
                           {"rtx4090", "rtx-4090", ""},
                           {"4090", "rtx-4090", ""},
                           {"NVIDIA GeForce RTX 4090", "rtx-4090", ""},
                           {"A100-80GB", "a100-sxm-80", ""},
                           {"a100", "a100-sxm-80", ""},
                           {"NVIDIA A100-SXM4-80GB", "a100-sxm-80", ""},
                           {"L40S", "l40s", ""},
                           {"mi300x", "mi300x", ""},
                           {"b200", "b200-sxm", ""}};

TEST_CASE("device names as people write them resolve to an id", "[catalog]") {
  for (const Named& row : kGpus) {
    INFO(row.written);
    REQUIRE(built_in().find<Gpu>(row.written) != nullptr);
    CHECK(built_in().find<Gpu>(row.written)->id == row.id);
  }
}

TEST_CASE("a device name with several meanings says which was taken", "[catalog]") {
  CHECK(built_in().resolve<Gpu>("h100").note ==
        "'h100' is taken as h100-sxm; it can also mean h100-pcie, h100-nvl");
  CHECK(built_in().resolve<Gpu>("h100-sxm").note.empty());
  CHECK(built_in().resolve<Gpu>("rtx4090").note.empty());
}

template <typename Entry>
std::string unknown(const char* name) {
  return test::refusal([&] { (void)built_in().resolve<Entry>(name); });
}

TEST_CASE("an unknown name of any kind is refused with the nearest", "[catalog]") {
  CHECK(unknown<Gpu>("h100-smx") == "unknown gpu 'h100-smx' | did you mean 'h100-sxm'?");
  CHECK(unknown<Engine>("vlm") == "unknown engine 'vlm' | did you mean 'vllm'?");
  CHECK(unknown<Format>("bf61") == "unknown format 'bf61' | did you mean 'bf16'?");
  CHECK(unknown<Link>("zzzzzz") ==
        "unknown link 'zzzzzz' | `dsplan catalog list links` shows what is known");
}

TEMPLATE_TEST_CASE("ids and aliases of a kind find their own entry",
                   "[catalog]",
                   Gpu,
                   Model,
                   Format,
                   Engine,
                   Link) {
  for (const auto& row : built_in().all<TestType>()) {
    INFO(row.id);
    CHECK(built_in().find<TestType>(row.id) == &row);
    for (const auto alias : row.aliases) CHECK(built_in().find<TestType>(alias) == &row);
  }
}

TEST_CASE("labels of the measurement tables are aliases of formats and engines", "[catalog]") {
  constexpr const char* kFormats[] = {
      "fp8",  "fp8_block", "w8a8-int8",  "int8",  "gptq",     "gptq-int8", "awq",    "int4",
      "nf4",  "mxfp4",     "nvfp4",      "mxfp8", "mlx-4bit", "mlx-8bit",  "fp8row", "q4_k_m",
      "q8_0", "int8-w8a8", "int4-w4a16", "fp16",  "bf16",     "fp32"};
  for (const char* label : kFormats) {
    INFO(label);
    CHECK(built_in().find<Format>(label) != nullptr);
  }
  constexpr const char* kEngines[] = {"vllm",
                                      "sglang",
                                      "trtllm",
                                      "llamacpp",
                                      "transformers",
                                      "mlx",
                                      "lmdeploy",
                                      "deepspeed",
                                      "gpt-fast",
                                      "exllama",
                                      "mlc",
                                      "autoawq",
                                      "tinychat",
                                      "tgi",
                                      "mindie",
                                      "fastertransformer"};
  for (const char* label : kEngines) {
    INFO(label);
    CHECK(built_in().find<Engine>(label) != nullptr);
  }
}

struct AtVersion {
  const char* version;
  const char* id;
};
constexpr AtVersion kVersions[] = {{"0.11.0", "vllm"},
                                   {"0.16.9", "vllm"},
                                   {"0.17.0", "vllm-0.17"},
                                   {"0.17", "vllm-0.17"},
                                   {"v0.17.0", "vllm-0.17"},
                                   {"0.17.0rc1", "vllm-0.17"},
                                   {"0.17.9", "vllm-0.17"},
                                   {"0.18.0", "vllm-0.18"},
                                   {"0.19.0", "vllm-0.18"},
                                   {"0.20.99", "vllm-0.18"},
                                   {"0.21.0", "vllm-0.21"},
                                   {"1.0", "vllm-0.21"},
                                   {"0.9.2", "vllm"},
                                   {"", "vllm-0.21"}};

TEST_CASE("an engine's version picks the latest entry that is not newer", "[catalog]") {
  for (const AtVersion& row : kVersions) {
    INFO(row.version);
    CHECK(engine_at(built_in(), test::engine("vllm"), row.version).id == row.id);
  }
  CHECK(engine_at(built_in(), test::engine("llamacpp"), "b7698").id == "llamacpp");
  CHECK(engine_at(built_in(), test::engine("transformers"), "4.45").id == "transformers");
}

TEST_CASE("what is no version is refused", "[catalog]") {
  for (const char* version : {"new", "v", ".1", "-1"}) {
    INFO(version);
    CHECK_FALSE(
        test::refusal([&] { (void)engine_at(built_in(), test::engine("vllm"), version); }).empty());
  }
  CHECK(test::refusal([] { (void)engine_at(built_in(), test::engine("vllm"), "new"); }) ==
        "'new' is not a version | write it as the engine does, for example 0.11.0");
}

TEST_CASE("tiers give the value of the highest that starts at or below", "[catalog]") {
  const TextList tiers = test::engine("vllm").batched_tokens_by_gib;
  CHECK(tier_value(tiers, 0.0) == 2048);
  CHECK(tier_value(tiers, 69.99) == 2048);
  CHECK(tier_value(tiers, 70.0) == 8192);
  CHECK(tier_value(tiers, 159.99) == 8192);
  CHECK(tier_value(tiers, 160.0) == 16384);
  CHECK(tier_value({}, 80.0) == 0);
}

TEST_CASE("an engine runs on the devices of its makers and capabilities", "[catalog]") {
  CHECK(runs_on(test::engine("vllm"), test::gpu("h100-sxm")));
  CHECK(runs_on(test::engine("vllm"), test::gpu("mi300x")));
  CHECK_FALSE(runs_on(test::engine("vllm"), test::gpu("p40")));
  CHECK_FALSE(runs_on(test::engine("trtllm"), test::gpu("mi300x")));
  CHECK_FALSE(runs_on(test::engine("trtllm"), test::gpu("t4")));
  CHECK(runs_on(test::engine("llamacpp"), test::gpu("epyc-9755")));
  CHECK_FALSE(runs_on(test::engine("vllm"), test::gpu("epyc-9755")));
}

}  // namespace
}  // namespace dsplan::catalog
