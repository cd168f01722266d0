#include "options.hpp"

#include <algorithm>
#include <array>

namespace dsplan::cli {
namespace {

constexpr std::string_view kModel = "Model";
constexpr std::string_view kLoad = "Load";
constexpr std::string_view kHardware = "Hardware and layout";
constexpr std::string_view kEngine = "Engine";
constexpr std::string_view kPrefillPool = "Prefill pool";
constexpr std::string_view kTraining = "Training";
constexpr std::string_view kLimits = "Limits and search";
constexpr std::string_view kCost = "Cost";
constexpr std::string_view kHost = "Host";
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

    Option{"latency", 0, "T", Kind::text, "most time per output token, or to the first token where there is no second: 16ms, 2s@p99", "", kLoad},
    Option{"max-ttft", 0, "T", Kind::text, "most time to the first token: 2s, 2s@p99", "", kLoad},
    Option{"max-tpot", 0, "T", Kind::text, "most time per output token: 50ms, 50ms@p99", "", kLoad},
    Option{"throughput", 0, "N", Kind::count, "output tokens a second that all devices must give together", "", kLoad},

    Option{"gpu", 'g', "G", Kind::text, "device: catalog name or alias", "none: lists the devices that hold it", kHardware, Words::gpus, "", true},
    Option{"gpus", 'n', "N", Kind::count, "number of devices", "1, or as the layout needs", kHardware},
    Option{"tp", 0, "N", Kind::count, "tensor parallel size", "the best that fits", kHardware},
    Option{"pp", 0, "N", Kind::count, "pipeline stages, or the layer split of llama.cpp", "the best that fits", kHardware},
    Option{"dp", 0, "N", Kind::count, "copies of the model", "1", kHardware},
    Option{"ep", 0, "N", Kind::count, "expert parallel size, within tp x attention-dp", "1", kHardware},
    Option{"cp", 0, "N", Kind::count, "context parallel size", "1", kHardware},
    Option{"attention-dp", 0, "N", Kind::count, "copies of attention that share the experts", "1", kHardware},
    Option{"nodes", 0, "N", Kind::count, "machines", "", kHardware},
    Option{"gpus-per-node", 0, "N", Kind::count, "devices of one machine", "the device's fast link, or 8", kHardware},
    Option{"link", 0, "L", Kind::text, "link between the devices of a machine: catalog name", "the device's", kHardware, Words::links},
    Option{"network", 0, "L", Kind::text, "link between machines: catalog name", "the usual of the device's generation", kHardware, Words::links},
    Option{"mig", 0, "SLICE", Kind::text, "a slice of the device: 1g, 3g, 1g.20gb", "the whole device", kHardware},
    Option{"max-gpus", 0, "N", Kind::count, "most devices that are tried", "64; 1024 by memory alone, and 65536 by copies", kHardware},
    Option{"tp-across-nodes", 0, "", Kind::flag, "let a tensor parallel group reach beyond the fast link of a node", "", kHardware},
    Option{"reserve", 0, "F", Kind::share, "share of each card kept free beyond what is counted", "0.1 with --method rule, else the engine's rule", kHardware},

    Option{"engine", 'e', "E", Kind::text, "serving engine; for training the framework", "vllm; megatron; transformers for lora", kEngine, Words::engines},
    Option{"engine-version", 0, "V", Kind::text, "its version", "the newest known", kEngine},
    Option{"max-batched-tokens", 0, "N", Kind::count, "tokens of one step", "the engine's", kEngine},
    Option{"ubatch", 0, "N", Kind::count, "the same as --max-batched-tokens, in llama.cpp's words", "", kEngine, Words::free, "", false, "max-batched-tokens"},
    Option{"chunk", 0, "N", Kind::count, "the same as --max-batched-tokens: prompts run in chunks of so many", "", kEngine, Words::free, "", false, "max-batched-tokens"},
    Option{"max-seqs", 0, "N", Kind::count, "sequences of one step, most", "the engine's", kEngine},
    Option{"gpu-memory-utilization", 0, "F", Kind::share, "share of the memory that the engine may use", "the engine's", kEngine},
    Option{"gpu-layers", 0, "N", Kind::count, "llama.cpp: layers in device memory, the head included", "all", kEngine},
    Option{"flash-attention", 0, "on|off", Kind::toggle, "llama.cpp: attention without a score matrix", "on", kEngine, Words::listed, "on|off"},
    Option{"prefix-hit", 0, "F", Kind::share, "share of each prompt whose keys and values are cached", "0", kEngine},
    Option{"draft-tokens", 0, "N", Kind::count, "tokens proposed ahead for each sequence and step", "0", kEngine},
    Option{"accepted-tokens", 0, "N", Kind::number, "of them that hold, in the mean: 1.8", "0", kEngine},
    Option{"stream-interval", 0, "N", Kind::count, "steps between two pieces that a client sees", "the engine's", kEngine},
    Option{"poll-interval", 0, "N", Kind::count, "decode steps between two looks at new requests", "the engine's", kEngine},

    Option{"prefill-pool", 0, "POOL", Kind::text, "a pool of devices for prompts alone: tp=2,dp=4 (or gpus, pp, ep, cp, attention-dp, max-batched-tokens); other flags are then of the pool that decodes, but --concurrency of both", "none", kPrefillPool},

    Option{"micro-batch", 0, "N", Kind::count, "training: sequences that pass at once", "1", kTraining},
    Option{"global-batch", 0, "N", Kind::count, "training: sequences of a step, over all ranks", "micro-batch x dp x pp", kTraining},
    Option{"optimizer", 0, "O", Kind::text, "training: optimizer", "the framework's", kTraining, Words::optimizers},
    Option{"grad-precision", 0, "P", Kind::text, "training: format of the gradients", "the framework's", kTraining, Words::formats},
    Option{"zero", 0, "0..3", Kind::count, "training: ZeRO stage, 3 for FSDP", "the framework's", kTraining},
    Option{"recompute", 0, "R", Kind::text, "training: what the backward pass computes again", "the framework's", kTraining, Words::listed, "none|selective|full"},
    Option{"vpp", 0, "N", Kind::count, "training: model chunks of a pipeline stage (interleaving)", "1", kTraining},
    Option{"sequence-parallel", 0, "on|off", Kind::toggle, "training: activations split over tp too", "the framework's", kTraining, Words::listed, "on|off"},
    Option{"async-tensor-parallel", 0, "on|off", Kind::toggle, "training: traffic of tensor parallelism overlaps the products that need it", "off", kTraining, Words::listed, "on|off"},
    Option{"offload", 0, "WHAT", Kind::text, "training: kept in host memory, optimizer or parameters", "", kTraining, Words::listed, "optimizer|parameters", true},
    Option{"lora-rank", 0, "N", Kind::count, "lora, qlora: rank of the adapters", "16", kTraining},
    Option{"lora-targets", 0, "T", Kind::text, "lora, qlora: all, attention, mlp, or a list of q,k,v,o,gate,up,down", "all", kTraining},
    Option{"tokens", 0, "1T", Kind::count, "training: tokens to train on, for the time that takes", "", kTraining},

    Option{"scenario", 0, "S", Kind::text, "named set of limits and choices: edge, personal, production, throughput ...", "no limits", kLimits, Words::scenarios},
    Option{"objective", 0, "O", Kind::text, "what deployments are ranked by", "cost, or the scenario's", kLimits, Words::listed, "cost|latency|throughput|energy"},
    Option{"pareto", 0, "", Kind::flag, "the frontier of cost and time in place of a ranking", "", kLimits},
    Option{"max-latency", 0, "T", Kind::text, "most time of a whole request: 2s, 2s@p99", "", kLimits},
    Option{"min-throughput", 0, "N", Kind::number, "output tokens a second, or tokens trained a second, at least", "", kLimits},
    Option{"budget-per-month", 0, "USD", Kind::money, "most rent of 730 hours", "", kLimits},
    Option{"budget-capex", 0, "USD", Kind::money, "most purchase", "", kLimits},
    Option{"max-power", 0, "W", Kind::text, "most power of all machines at the wall: 700W, 10kW", "", kLimits},
    Option{"vendor", 0, "V", Kind::text, "only devices of these makers: nvidia, amd, intel ...", "any", kLimits, Words::free, "", true},
    Option{"spare-copies", 0, "N", Kind::count, "copies of the model that may fail while the limits hold", "the scenario's", kLimits},
    Option{"top", 0, "N", Kind::count, "deployments shown; without a model, models of each device", "5", kLimits},
    Option{"jobs", 0, "N", Kind::count, "threads of the search; the answer does not depend on them", "1", kLimits},

    Option{"provider", 0, "P", Kind::text, "only what these rent out: aws, azure, gcp, lambda", "any", kCost, Words::free, "", true},
    Option{"region", 0, "R", Kind::text, "only regions whose name holds this: us-east", "any", kCost, Words::free, "", true},
    Option{"term", 0, "T", Kind::text, "how machines are rented", "on-demand", kCost, Words::listed, "on-demand|spot|reserved-1y|reserved-3y"},
    Option{"spot", 0, "", Kind::flag, "the same as --term spot", "", kCost, Words::free, "", false, "term", "spot"},
    Option{"as-of", 0, "DATE", Kind::date, "warn of prices more than 90 days older than this day", "no warning", kCost},
    Option{"duty", 0, "F", Kind::share, "share of the hours in use: rented machines are given back meanwhile, bought ones idle", "1", kCost},
    Option{"load-factor", 0, "F", Kind::share, "share of its throughput that is asked for while in use", "1", kCost},
    Option{"tariff", 0, "USD", Kind::money, "price of a kWh", "0.12", kCost},
    Option{"pue", 0, "N", Kind::number, "power of the site over that of its machines", "1.5", kCost},
    Option{"amortization", 0, "3y", Kind::duration, "time over which a purchase is written off", "3y", kCost},
    Option{"gpu-usd", 0, "USD", Kind::money, "price of one device", "the catalog's", kCost},
    Option{"server-usd", 0, "USD", Kind::money, "price of one machine without its devices", "30 % of its devices", kCost},
    Option{"rack-usd-per-month", 0, "USD", Kind::money, "rent of space for all machines", "0", kCost},
    Option{"staff-usd-per-month", 0, "USD", Kind::money, "people who run them", "0", kCost},

    Option{"requests-per-day", 0, "N", Kind::count, "requests whose logs are kept", "all that the plan can serve", kHost},
    Option{"log-retention", 0, "183d", Kind::duration, "how long logs are kept", "183d", kHost},
    Option{"checkpoint-interval", 0, "1h", Kind::duration, "training: time between checkpoints", "1h", kHost},

    Option{"method", 0, "M", Kind::text, "detailed estimate, or the sizing guides' arithmetic", "detailed", kMethod, Words::listed, "detailed|rule"},
    Option{"peak", 0, "RATE", Kind::text, "with --method rule: the data sheet's rate", "dense", kMethod, Words::listed, "dense|sparse"},
    Option{"curve", 0, "OVER", Kind::text, "a table and a plot over clients, tokens of context, one batch at once, or GPUs", "", kMethod, Words::listed, "concurrency|context|batch|gpus"},
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
    "engine", "engine-version", "max-batched-tokens", "ubatch", "chunk", "max-seqs", "gpu-memory-utilization",
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
                                                     "async-tensor-parallel",
                                                     "offload",
                                                     "lora-rank",
                                                     "lora-targets"};

// What only times depend on, and the slice of a device.
const std::vector<std::string_view> kPace{"link",
                                          "network",
                                          "mig",
                                          "prefix-hit",
                                          "draft-tokens",
                                          "accepted-tokens",
                                          "stream-interval",
                                          "poll-interval",
                                          "prefill-pool",
                                          "tokens",
                                          "peak",
                                          "curve"};

const std::vector<std::string_view> kMoney{"provider",
                                           "region",
                                           "term",
                                           "spot",
                                           "as-of",
                                           "duty",
                                           "load-factor",
                                           "tariff",
                                           "pue",
                                           "amortization",
                                           "gpu-usd",
                                           "server-usd",
                                           "rack-usd-per-month",
                                           "staff-usd-per-month"};

std::vector<std::string_view> without(std::vector<std::string_view> names,
                                      std::initializer_list<std::string_view> others) {
  for (const std::string_view other : others)
    names.erase(std::remove(names.begin(), names.end(), other), names.end());
  return names;
}

/// `names` without those of the guides' rule and of curves, which only some commands have.
std::vector<std::string_view> plain(std::vector<std::string_view> names) {
  return without(std::move(names), {"method", "peak", "curve"});
}

std::vector<std::string_view> with(std::vector<std::string_view> names,
                                   const std::vector<std::string_view>& more,
                                   const std::vector<std::string_view>& last) {
  names.insert(names.end(), more.begin(), more.end());
  names.insert(names.end(), last.begin(), last.end());
  return names;
}

/// Those that estimate a deployment.
std::vector<Command> estimating_commands() {
  return {{"memory",
           "What a deployment occupies, whether it fits, and what would make it fit",
           "dsplan memory --model llama-3.1-70b --gpu h100 --gpus 4 --batch 16",
           with(kDeployment, kTrainingOptions, {"mig", "prefill-pool", "adjust-batch", "utilization"}),
           {},
           true},
          {"flops",
           "Work and traffic of one step",
           "dsplan flops --model qwen3-32b --batch 8 --input-tokens 4096",
           with(kDeployment, kTrainingOptions, {}),
           {},
           true},
          {"latency",
           "How fast a deployment serves, or a run trains, and how sure that is",
           "dsplan latency --model llama-3.1-70b --gpu h100 --gpus 4 --concurrency 32",
           with(kDeployment, kTrainingOptions, kPace),
           {},
           true}};
}

/// Those that look for a deployment: the number of devices, or the format of the weights.
std::vector<Command> solving_commands() {
  return {{"cards",
           "How many GPUs: by memory, by a time and by throughput, each with its layout",
           "dsplan cards --model llama-3.1-70b --gpu h100 --latency 30ms --throughput 5000",
           {"model", "params", "active-params", "precision", "kv-precision",
            "batch", "concurrency", "context", "input-tokens", "output-tokens", "seq-len",
            "latency", "max-ttft", "max-tpot", "throughput",
            "gpu", "gpus", "max-gpus", "gpus-per-node", "tp-across-nodes", "link", "network", "mig", "reserve",
            "engine", "engine-version", "max-batched-tokens", "ubatch", "chunk", "max-seqs", "gpu-memory-utilization",
            "flash-attention", "prefix-hit", "draft-tokens", "accepted-tokens", "stream-interval", "poll-interval",
            "method", "peak"},
           {},
           true},
          {"quantize",
           "The formats of the weights side by side: bytes, fit, speed, price, hardware support",
           "dsplan quantize --model llama-3.1-8b --gpu rtx-4090 --concurrency 8",
           {"model", "params", "active-params", "kv-precision",
            "batch", "concurrency", "context", "input-tokens", "output-tokens", "seq-len",
            "gpu", "gpus", "tp", "pp", "dp", "ep", "cp", "attention-dp", "nodes", "gpus-per-node", "link", "network", "mig", "reserve",
            "engine", "engine-version", "max-batched-tokens", "ubatch", "chunk", "max-seqs", "gpu-memory-utilization",
            "gpu-layers", "flash-attention", "prefix-hit", "draft-tokens", "accepted-tokens", "stream-interval", "poll-interval",
            "provider", "region", "term", "spot", "as-of"},
           {},
           true}};
}

/// The one that searches.
Command recommending_command() {
  return {"recommend",
          "Ranked deployments that hold the limits, with reasons and near misses",
          "dsplan recommend --model qwen3-32b --gpu h200 --gpus 8 --max-ttft 2s --max-tpot 30ms",
          with(without(plain(with(kDeployment, kTrainingOptions, kPace)), {"prefill-pool"}),
               kMoney,
               {"method", "scenario", "objective", "pareto", "max-ttft", "max-tpot", "max-latency",
                "min-throughput", "budget-per-month", "budget-capex", "max-gpus", "max-power", "vendor",
                "spare-copies", "top", "jobs"}),
          {},
          true};
}

/// Those that judge a deployment further.
std::vector<Command> server_commands() {
  const auto timed = plain(with(kDeployment, kTrainingOptions, kPace));
  return {{"host",
           "The rest of the server: CPU, memory, storage, network, power, cooling",
           "dsplan host --model llama-3.1-70b --gpu h100 --gpus 4 --concurrency 32",
           with(timed, {"requests-per-day", "log-retention", "checkpoint-interval"}, {}),
           {},
           true},
          {"cost",
           "Rent or buy: by the hour, month, query, token and training run",
           "dsplan cost --model llama-3.1-70b --gpu h100 --gpus 4 --concurrency 32",
           with(timed, kMoney, {}),
           {},
           true}};
}

std::vector<Command> other_commands() {
  return {{"catalog",
           "What is known of GPUs, models, formats, links, prices, engines and scenarios",
           "dsplan catalog show a100",
           {},
           {{"ACTION", "list or show", true, Words::listed, "list|show"},
            {"KIND", "gpus, models, formats, links, prices, engines or scenarios", false, Words::kinds},
            {"ID", "an entry's id or alias (show; KIND may be left out)", false, Words::entries}},
           true},
          {"validate",
           "Predicted against measured, figure by figure, for a table of measurements",
           "dsplan validate measurements.csv --group-by model",
           {"group-by"},
           {{"FILE", "CSV table, or - for standard input", true}},
           true},
          {"calibrate",
           "Fits a few constants to your own runs and prints an overlay for --catalog",
           "dsplan calibrate runs.csv --out mine.yaml",
           {},
           {{"FILE", "CSV table of serving runs or training speed, or - for standard input", true}},
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
           false}};
}

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = [] {
    std::vector<Command> all = estimating_commands();
    for (const auto& more : {solving_commands(),
                             std::vector<Command>{recommending_command()},
                             server_commands(),
                             other_commands()})
      all.insert(all.end(), more.begin(), more.end());
    return all;
  }();
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
