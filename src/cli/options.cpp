#include "options.hpp"

#include <algorithm>
#include <array>

namespace dsplan::cli {
namespace {

constexpr std::string_view kModel = "Model";
constexpr std::string_view kLoad = "Load";
constexpr std::string_view kHardware = "Hardware and layout";
constexpr std::string_view kEngine = "Engine";
constexpr std::string_view kTraining = "Training";
constexpr std::string_view kMethod = "Method";
constexpr std::string_view kOutput = "Output";

// clang-format off
constexpr std::array kOptions{
    Option{"model", 'm', "M", Kind::text,
           "catalog name or alias, Hugging Face name, config.json, folder with one, .gguf, hf:ORG/NAME", "", kModel, Words::models},
    Option{"params", 0, "13B", Kind::count,
           "only the number of parameters is known: a typical shape of that size is assumed and named", "", kModel},
    Option{"active-params", 0, "3B", Kind::count, "with --params: parameters that a token uses (mixture of experts)", "all of them", kModel},
    Option{"precision", 'p', "P", Kind::text, "format of the weights, or DENSE+EXPERTS", "the checkpoint's own; bf16 with --params", kModel, Words::formats},
    Option{"kv-precision", 0, "P", Kind::text, "format of the KV cache", "the engine's rule", kModel, Words::kv_formats},
    Option{"workload", 'w', "W", Kind::text, "what is planned", "inference", kModel, Words::listed, "inference|training|lora|qlora"},

    Option{"batch", 'b', "N", Kind::count, "concurrent sequences over all copies of the model", "1", kLoad},
    Option{"concurrency", 0, "N", Kind::count, "the same as --batch", "", kLoad, Words::free, "", false, "batch"},
    Option{"context", 'c', "N", Kind::count, "tokens that each sequence holds, prompt and output together", "2048 + 256", kLoad},
    Option{"input-tokens", 0, "N", Kind::count, "prompt of each sequence", "2048", kLoad},
    Option{"output-tokens", 0, "N", Kind::count, "tokens generated for each sequence", "256", kLoad},
    Option{"seq-len", 0, "N", Kind::count, "the same as --input-tokens", "", kLoad, Words::free, "", false, "input-tokens"},

    Option{"gpu", 'g', "G", Kind::text, "device: catalog name or alias", "none: lists the devices that hold it", kHardware, Words::gpus},
    Option{"gpus", 'n', "N", Kind::count, "number of devices", "1, or as the layout needs", kHardware},
    Option{"tp", 0, "N", Kind::count, "tensor parallel size", "the best that fits", kHardware},
    Option{"pp", 0, "N", Kind::count, "pipeline stages, or the layer split of llama.cpp", "the best that fits", kHardware},
    Option{"dp", 0, "N", Kind::count, "copies of the model", "1", kHardware},
    Option{"ep", 0, "N", Kind::count, "expert parallel size, within tp x attention-dp", "1", kHardware},
    Option{"cp", 0, "N", Kind::count, "context parallel size", "1", kHardware},
    Option{"attention-dp", 0, "N", Kind::count, "copies of attention that share the experts", "1", kHardware},
    Option{"nodes", 0, "N", Kind::count, "machines", "", kHardware},
    Option{"gpus-per-node", 0, "N", Kind::count, "devices of one machine", "the device's fast link, or 8", kHardware},
    Option{"reserve", 0, "F", Kind::share, "share of each card kept free beyond what is counted", "0.1 with --method rule, else the engine's rule", kHardware},

    Option{"engine", 'e', "E", Kind::text, "serving engine; for training the framework", "vllm; megatron; transformers for lora", kEngine, Words::engines},
    Option{"engine-version", 0, "V", Kind::text, "its version", "the newest known", kEngine},
    Option{"max-batched-tokens", 0, "N", Kind::count, "tokens of one step", "the engine's", kEngine},
    Option{"ubatch", 0, "N", Kind::count, "the same as --max-batched-tokens, in llama.cpp's words", "", kEngine, Words::free, "", false, "max-batched-tokens"},
    Option{"max-seqs", 0, "N", Kind::count, "sequences of one step, most", "the engine's", kEngine},
    Option{"gpu-memory-utilization", 0, "F", Kind::share, "share of the memory that the engine may use", "the engine's", kEngine},
    Option{"gpu-layers", 0, "N", Kind::count, "llama.cpp: layers in device memory, the head included", "all", kEngine},
    Option{"flash-attention", 0, "on|off", Kind::toggle, "llama.cpp: attention without a score matrix", "on", kEngine, Words::listed, "on|off"},

    Option{"micro-batch", 0, "N", Kind::count, "training: sequences that pass at once", "1", kTraining},
    Option{"global-batch", 0, "N", Kind::count, "training: sequences of a step, over all ranks", "micro-batch x dp x pp", kTraining},
    Option{"optimizer", 0, "O", Kind::text, "training: optimizer", "the framework's", kTraining, Words::optimizers},
    Option{"grad-precision", 0, "P", Kind::text, "training: format of the gradients", "the framework's", kTraining, Words::formats},
    Option{"zero", 0, "0..3", Kind::count, "training: ZeRO stage, 3 for FSDP", "the framework's", kTraining},
    Option{"recompute", 0, "R", Kind::text, "training: what the backward pass computes again", "the framework's", kTraining, Words::listed, "none|selective|full"},
    Option{"vpp", 0, "N", Kind::count, "training: model chunks of a pipeline stage (interleaving)", "1", kTraining},
    Option{"sequence-parallel", 0, "on|off", Kind::toggle, "training: activations split over tp too", "the framework's", kTraining, Words::listed, "on|off"},
    Option{"offload", 0, "WHAT", Kind::text, "training: kept in host memory, optimizer or parameters", "", kTraining, Words::listed, "optimizer|parameters", true},
    Option{"lora-rank", 0, "N", Kind::count, "lora, qlora: rank of the adapters", "16", kTraining},
    Option{"lora-targets", 0, "T", Kind::text, "lora, qlora: all, attention, mlp, or a list of q,k,v,o,gate,up,down", "all", kTraining},

    Option{"method", 0, "M", Kind::text, "detailed estimate, or the sizing guides' arithmetic", "detailed", kMethod, Words::listed, "detailed|rule"},
    Option{"adjust-batch", 0, "N", Kind::count, "the batch that runs now: the guides' next batch, beside what fits", "", kMethod},
    Option{"utilization", 0, "F", Kind::share, "with --adjust-batch: memory use measured", "", kMethod},

    Option{"group-by", 0, "COLUMN", Kind::text, "column of the table that groups are made by", "metric", kMethod},

    Option{"output", 'o', "FORM", Kind::text, "form of the answer", "table", kOutput, Words::listed, "table|json|csv|markdown|yaml"},
    Option{"json", 0, "", Kind::flag, "the same as --output json", "", kOutput, Words::free, "", false, "output", "json"},
    Option{"out", 0, "FILE", Kind::text, "write the answer to a file, whole or not at all", "standard output", kOutput, Words::files},
    Option{"explain", 0, "", Kind::flag, "add each number as formula and values, and where each input came from", "", kOutput},
    Option{"fail-if", 0, "EXPR", Kind::text, "exit 4 when a comparison holds: 'per_gpu.headroom_fraction < 10%'", "", kOutput, Words::free, "", true},
    Option{"catalog", 0, "FILE", Kind::text, "overlay of catalog entries", "", kOutput, Words::files, "", true},
    Option{"stats", 0, "", Kind::flag, "print the time taken on standard error, but not with JSON", "", kOutput},
    Option{"no-color", 0, "", Kind::flag, "no colour on a terminal", "", kOutput},
};

const std::vector<std::string_view> kDeployment{
    "model", "params", "active-params", "precision", "kv-precision", "workload",
    "batch", "concurrency", "context", "input-tokens", "output-tokens", "seq-len",
    "gpu", "gpus", "tp", "pp", "dp", "ep", "cp", "attention-dp", "nodes", "gpus-per-node", "reserve",
    "engine", "engine-version", "max-batched-tokens", "ubatch", "max-seqs", "gpu-memory-utilization",
    "gpu-layers", "flash-attention", "method"};
// clang-format on

const std::vector<std::string_view> kTrainingOptions{"micro-batch",
                                                     "global-batch",
                                                     "optimizer",
                                                     "grad-precision",
                                                     "zero",
                                                     "recompute",
                                                     "vpp",
                                                     "sequence-parallel",
                                                     "offload",
                                                     "lora-rank",
                                                     "lora-targets"};

std::vector<std::string_view> with(std::vector<std::string_view> names,
                                   const std::vector<std::string_view>& more,
                                   std::initializer_list<std::string_view> last) {
  names.insert(names.end(), more.begin(), more.end());
  names.insert(names.end(), last.begin(), last.end());
  return names;
}

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands{
      {"memory",
       "What a deployment occupies, whether it fits, and what would make it fit",
       "dsplan memory --model llama-3.1-70b --gpu h100 --gpus 4 --batch 16",
       with(kDeployment, kTrainingOptions, {"adjust-batch", "utilization"}),
       {},
       true},
      {"flops",
       "Work and traffic of one step",
       "dsplan flops --model qwen3-32b --batch 8 --input-tokens 4096",
       with(kDeployment, kTrainingOptions, {}),
       {},
       true},
      {"catalog",
       "What is known of GPUs, models, formats, links, prices and engines",
       "dsplan catalog show a100",
       {},
       {{"ACTION", "list or show", true, Words::listed, "list|show"},
        {"KIND", "gpus, models, formats, links, prices or engines", false, Words::kinds},
        {"ID", "an entry's id or alias (show; KIND may be left out)", false, Words::entries}},
       true},
      {"validate",
       "Predicted against measured, figure by figure, for a table of measurements",
       "dsplan validate measurements.csv --group-by model",
       {"group-by"},
       {{"FILE", "CSV table, or - for standard input", true}},
       true},
      {"schema",
       "JSON Schema of the answers",
       "dsplan schema memory",
       {},
       {{"COMMAND", "one command's answer; otherwise all", false, Words::answering}},
       false},
      {"completion",
       "Completion script for a shell",
       "dsplan completion bash",
       {},
       {{"SHELL", "bash, zsh or fish", true, Words::listed, "bash|zsh|fish"}},
       false},
      {"help",
       "This help, or that of a command",
       "dsplan help memory",
       {},
       {{"COMMAND",
         "a command, or `all` for the whole reference in Markdown",
         false,
         Words::commands}},
       false},
  };
  return kCommands;
}

}  // namespace

std::span<const Option> all_options() { return kOptions; }
std::span<const Command> all_commands() { return commands(); }

const Option* option_named(std::string_view name) {
  const auto found = std::find_if(
      kOptions.begin(), kOptions.end(), [&](const Option& o) { return o.name == name; });
  return found == kOptions.end() ? nullptr : &*found;
}

const Command* command_named(std::string_view name) {
  const auto& list = commands();
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Command& c) { return c.name == name; });
  return found == list.end() ? nullptr : &*found;
}

std::vector<const Option*> options_of(const Command& command) {
  std::vector<const Option*> result;
  for (const auto name : command.options) result.push_back(option_named(name));
  if (!command.answers) return result;
  for (const Option& option : kOptions) {
    if (option.group == kOutput) result.push_back(&option);
  }
  return result;
}

std::vector<std::string_view> listed_words(std::string_view listed) {
  std::vector<std::string_view> words;
  while (!listed.empty()) {
    const auto bar = listed.find('|');
    words.push_back(listed.substr(0, bar));
    listed = bar == std::string_view::npos ? std::string_view{} : listed.substr(bar + 1);
  }
  return words;
}

std::string snake_case(std::string_view name) {
  std::string result(name);
  std::replace(result.begin(), result.end(), '-', '_');
  return result;
}

std::string variable_of(std::string_view name) {
  std::string result = "DSPLAN_" + snake_case(name);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return result;
}

}  // namespace dsplan::cli
