// Training memory: hand-derived shares, what other tools get wrong, and measured peaks. The
// ceilings only go down (tests/accuracy/SOURCES.md).
#include "dsplan/estimate/training_memory.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "dsplan/estimate/parameters.hpp"
#include "dsplan/ingest/training_table.hpp"

#include "../support/built_in.hpp"

namespace dsplan::estimate {
namespace {

using workload::Method;
using workload::Recompute;
using workload::Training;

Training training(std::string_view model, std::string_view framework) {
  Training t;
  t.model = &test::model(model);
  t.framework = &test::entry<catalog::Framework>(framework);
  t.optimizer = &test::entry<catalog::Optimizer>("adamw");
  t.seq_len = 4096;
  return t;
}

Training on(Training t, workload::Layout layout, std::int64_t micro_batches = 1) {
  t.layout = layout;
  t.global_batch = t.micro_batch * layout.dp * micro_batches;
  return t;
}

constexpr workload::LoraTargets kQueryAndValue{true, false, true, false, false, false, false};

double states(const TrainingGpu& g) { return (g.weights + g.gradients + g.optimizer).value; }

double states_per_parameter(const Training& t) {
  return states(training_memory(t).worst_gpu()) / static_cast<double>(total(parameters(*t.model)));
}

TrainingGpu worst(const Training& t) { return training_memory(t).worst_gpu(); }

Approx near(double value) { return Approx(value).epsilon(1e-6); }

// ---- states: bytes per parameter, derived by hand ----

TEST_CASE("Megatron without its distributed optimizer takes 18 bytes a parameter") {
  Training t = on(training("llama-3.1-8b", "megatron"), {.dp = 8});
  t.sharding = workload::zero_stage(0);
  CHECK(states_per_parameter(t) == near(2 + 4 + 12));
}

TEST_CASE("Megatron's distributed optimizer takes 6 + 12 / D bytes a parameter") {
  CHECK(states_per_parameter(on(training("llama-3.1-8b", "megatron"), {.dp = 8})) ==
        near(6 + 12 / 8.0));
  CHECK(states_per_parameter(on(training("llama-3.1-8b", "megatron"), {.dp = 4, .cp = 4})) ==
        near(6 + 12 / 16.0));
}

TEST_CASE("FP8 recipes of NVIDIA reduce gradients in 16 bits: 4 + 12 / D bytes a parameter") {
  Training t = on(training("llama-3.1-8b", "megatron"), {.dp = 8});
  t.compute = workload::Compute::fp8;
  CHECK(states_per_parameter(t) == near(4 + 12 / 8.0));
}

TEST_CASE("ZeRO stages shard the optimizer, then gradients, then weights") {
  Training t = on(training("llama-3.1-8b", "deepspeed"), {.dp = 16});
  const double expected[] = {18, 6 + 12 / 16.0, 2 + 16 / 16.0, 18 / 16.0};
  for (int stage = 0; stage < 4; ++stage) {
    t.sharding = workload::zero_stage(stage);
    CHECK(states_per_parameter(t) == near(expected[stage]));
  }
}

TEST_CASE("FSDP2 shards 16 bytes a parameter: 15 GiB for 8B on 8 GPUs") {
  const Training t = on(training("llama-3.1-8b", "fsdp2"), {.dp = 8});
  CHECK(states_per_parameter(t) == near(16 / 8.0));
  CHECK(states(worst(t)) / kGibi == Approx(14.96).epsilon(1e-3));
}

TEST_CASE("pure bf16 recipes take 8 bytes a parameter") {
  CHECK(states_per_parameter(training("llama-3.1-8b", "litgpt")) == near(8));
  Training t = training("llama-3.1-8b", "transformers");
  t.master_weights = false;
  CHECK(states_per_parameter(t) == near(2 + 2 + 4));
}

TEST_CASE("nanotron holds gradients twice: 2 + 6 + 12 / D bytes a parameter") {
  CHECK(states_per_parameter(on(training("llama-3.1-8b", "nanotron"), {.dp = 4})) ==
        near(8 + 12 / 4.0));
}

TEST_CASE("fp32 training takes 16 bytes a parameter whatever the framework") {
  for (const char* framework : {"megatron", "transformers", "litgpt", "fsdp2"}) {
    Training t = training("llama-3.2-1b", framework);
    t.sharding = workload::zero_stage(0);
    t.compute = workload::Compute::fp32;
    CHECK(states_per_parameter(t) == near(16));
  }
}

TEST_CASE("optimizers differ by their states alone") {
  Training t = training("llama-3.2-1b", "transformers");
  const std::map<std::string_view, double> optimizer_bytes{{"adamw", 12},
                                                           {"lion", 8},
                                                           {"sgd-momentum", 8},
                                                           {"sgd", 4},
                                                           {"adafactor", 4 + 8.0 / 2048},
                                                           {"adamw-8bit", 2.03125},
                                                           {"paged-adamw-8bit", 0}};
  for (const auto& [id, each] : optimizer_bytes) {
    t.optimizer = &test::entry<catalog::Optimizer>(id);
    INFO(id);
    CHECK(worst(t).optimizer.value / static_cast<double>(total(parameters(*t.model))) ==
          near(each));
  }
}

TEST_CASE("paged states are outside the allocator but on the device") {
  Training t = training("llama-3.2-1b", "transformers");
  t.optimizer = &test::entry<catalog::Optimizer>("paged-adamw");
  const TrainingGpu g = worst(t);
  CHECK(g.paged.value > 0.0);
  CHECK(device_used(t, g) - reserved(t, g) > g.paged);
}

TEST_CASE("Muon keeps one state for matrices and two for embedding and head") {
  Training t = training("llama-3.1-8b", "fsdp2");
  t.optimizer = &test::entry<catalog::Optimizer>("muon");
  const Parameters p = parameters(*t.model);
  const auto ends = static_cast<double>(p.embedding + p.head);
  const auto all = static_cast<double>(total(p));
  CHECK(worst(t).optimizer.value == near(4 * (all - ends) + 8 * ends));
}

TEST_CASE("experts are sharded over the ranks that hold the same ones") {
  Training t = on(training("mixtral-8x7b", "megatron"), {.dp = 8, .ep = 8});
  const Parameters p = parameters(*t.model);
  const auto routed = static_cast<double>(p.moe.routed * p.layers.moe);
  const double dense = static_cast<double>(total(p)) - routed;
  CHECK(states(worst(t)) == near(dense * (6 + 12 / 8.0) + routed / 8 * 18));
}

TEST_CASE("offloading moves optimizer or weights to the host") {
  Training t = training("llama-3.2-1b", "transformers");
  const TrainingGpu before = worst(t);
  t.offload.optimizer = true;
  CHECK(worst(t).optimizer.value == 0.0);
  CHECK(worst(t).host == before.optimizer);
  t.offload.parameters = true;
  CHECK(worst(t).weights.value == 0.0);
  CHECK(worst(t).host == before.optimizer + before.weights);
}

TEST_CASE("an optimizer in the backward pass holds one gradient at a time") {
  Training t = training("llama-3.1-8b", "torchtune");
  CHECK(worst(t).gradients.value == near(2.0 * 128256 * 4096));
  t.optimizer_in_backward = false;
  CHECK(worst(t).gradients.value == near(2.0 * 8030261248));
}

// ---- activations ----

TEST_CASE("without flash attention a GPT layer keeps s b h (34 + 5 a s / h) bytes") {
  Training t = training("gpt2", "deepspeed-megatron");
  t.micro_batch = t.global_batch = 4;
  t.seq_len = 1024;
  const double h = 768, a = 12, s = 1024, layers = 12;
  CHECK(worst(t).activations.value == near(layers * s * 4 * h * (34 + 5 * a * s / h)));
}

TEST_CASE("tensor parallelism without sequence parallelism leaves 10 h whole") {
  Training t = on(training("gpt2", "deepspeed-megatron"), {.tp = 4});
  t.seq_len = 1024;
  const double h = 768, a = 12, s = 1024, layers = 12;
  CHECK(worst(t).activations.value == near(layers * s * h * (10 + 24 / 4.0 + 5 * a * s / h / 4)));
  t.sequence_parallel = true;
  CHECK(worst(t).activations.value == near(layers * s * h / 4 * (34 + 5 * a * s / h)));
}

TEST_CASE("the first stage holds p micro-batches, interleaved (p - 1) / (p v) more") {
  Training t = on(training("llama-3.1-8b", "megatron"), {.pp = 4}, 16);
  const Training whole = training("llama-3.1-8b", "megatron");
  const double one = worst(whole).activations.value;
  const auto stages = training_memory(t).stages;
  CHECK(stages.front().activations.value == near(one));
  CHECK(stages.back().activations.value == near(one / 4));
  t.vpp = 2;
  CHECK(training_memory(t).stages.front().activations.value == near(one * (1 + 3 / 8.0)));
  t.vpp = 1;
  t.global_batch = 2;
  CHECK(training_memory(t).stages.front().activations.value == near(one / 2));
}

TEST_CASE("the last stage alone holds logits, 6 bytes each if fused, 12 if not") {
  Training t = on(training("llama-3.1-8b", "fsdp2"), {.pp = 4, .dp = 2}, 8);
  const auto stages = training_memory(t).stages;
  CHECK(stages.front().logits.value == 0.0);
  CHECK(stages.back().logits.value == near(12.0 * 4096 * 128256));
  t.fused_loss = true;
  CHECK(training_memory(t).stages.back().logits.value == near(6.0 * 4096 * 128256));
}

TEST_CASE("a token passes the experts it is routed to, not all") {
  Training t = training("mixtral-8x7b", "megatron");
  const double routed = 2 * (4 * 4096 + 6 * 14336.0) + 4 * 8;
  const double attention = 8 * 4096 + 4 * 4096 + 4 * 8 * 128 + 4 * 32;
  CHECK(worst(t).activations.value == near(32 * 4096.0 * (attention + routed)));
}

// ---- what other tools get wrong ----

TEST_CASE("tensor and pipeline parallelism divide gradients and optimizer too") {
  const Training whole = training("llama-3.1-405b", "megatron");
  const Training split = on(whole, {.tp = 8, .pp = 7}, 28);
  const TrainingGpu one = worst(whole);
  const TrainingGpu part = worst(split);
  CHECK(part.gradients.value == Approx(one.gradients.value / 56).epsilon(0.05));
  CHECK(part.optimizer.value == Approx(one.optimizer.value / 56).epsilon(0.05));
}

TEST_CASE("context parallelism divides activations and logits") {
  const Training whole = training("llama-3.1-8b", "megatron");
  const Training split = on(whole, {.cp = 4});
  CHECK(worst(split).activations.value == near(worst(whole).activations.value / 4));
  CHECK(worst(split).logits.value == near(worst(whole).logits.value / 4));
}

TEST_CASE("full recomputation stays below selective, and selective below none") {
  for (const auto& framework : test::built_in().all<catalog::Framework>()) {
    for (const char* model : {"llama-3.1-8b", "mixtral-8x7b", "deepseek-v3", "gpt2"}) {
      Training t = training(model, framework.id);
      INFO(framework.id << " " << model);
      const Bytes none = total(worst(t));
      t.recompute = Recompute::selective;
      const Bytes selective = total(worst(t));
      t.recompute = Recompute::full;
      CHECK(total(worst(t)) < selective);
      CHECK(selective < none);
    }
  }
}

TEST_CASE("LoRA counts its logits: 20.8 GiB for 3B and 4 x 768 tokens, not 13") {
  Training t = training("llama-3.2-3b", "transformers");
  t.method = Method::lora;
  t.lora.rank = 32;
  t.lora.targets = kQueryAndValue;
  t.micro_batch = t.global_batch = 4;
  t.seq_len = 768;
  const TrainingGpu g = worst(t);
  CHECK(g.logits.value == near(12.0 * 4 * 768 * 128256));
  CHECK(in_gib(reserved(t, g)) == Approx(20.76).epsilon(0.07));
}

// ---- adapters ----

TEST_CASE("an adapter has rank x (in + out) parameters per target") {
  Training t = training("llama-3.2-3b", "transformers");
  t.method = Method::lora;
  t.lora.rank = 32;
  t.lora.targets = kQueryAndValue;
  const TrainingGpu g = worst(t);
  CHECK(g.gradients.value == near(4.0 * 9175040));
  CHECK(g.optimizer.value == near(8.0 * 9175040));
  CHECK(g.weights.value == near(2.0 * 3212749824 + 4.0 * 9175040));
}

TEST_CASE("a 4-bit base shrinks the matrices of the decoder, not embedding and head") {
  Training t = training("llama-3.1-8b", "torchtune");
  t.method = Method::qlora;
  t.lora.trainable_parameters = 0;
  const Parameters p = parameters(*t.model);
  const double quantized = 32.0 * static_cast<double>(matrices(p.softmax) + matrices(p.dense));
  const double rest = static_cast<double>(total(p)) - quantized;
  CHECK(worst(t).weights.value == near(quantized * 4.5 / 8 + rest * 2));
}

TEST_CASE("adapters that leave the MLP alone keep less of each layer") {
  Training t = training("llama-3.1-8b", "transformers");
  t.method = Method::lora;
  const Bytes all = worst(t).activations;
  t.lora.targets = kQueryAndValue;
  const Bytes some = worst(t).activations;
  CHECK((all - some).value == near(32.0 * 4096 * (2 * 4096 + 2 * 14336)));
  t.method = Method::full;
  CHECK(all < worst(t).activations);
}

// ---- properties ----

std::vector<Training> grid() {
  std::vector<Training> result;
  const std::vector<workload::Layout> layouts{{},
                                              {.dp = 8},
                                              {.tp = 4, .dp = 2},
                                              {.tp = 2, .pp = 4, .dp = 2},
                                              {.tp = 2, .dp = 4, .ep = 8, .cp = 2}};
  for (const auto& framework : test::built_in().all<catalog::Framework>()) {
    for (const char* model :
         {"llama-3.2-1b", "mixtral-8x7b", "deepseek-v3", "qwen3-next-80b-a3b"}) {
      for (const auto& layout : layouts) {
        for (const Method method : {Method::full, Method::lora, Method::qlora}) {
          Training t = on(training(model, framework.id), layout, 8);
          t.method = method;
          result.push_back(t);
        }
      }
    }
  }
  return result;
}

bool is_whole(Bytes n) {
  return std::isfinite(n.value) && n.value >= 0.0 && n.value == std::floor(n.value);
}

TEST_CASE("terms are whole, not negative, and add up, on every stage") {
  for (const Training& t : grid()) {
    const TrainingMemory memory = training_memory(t);
    for (const TrainingGpu& g : memory.stages) {
      for (const Bytes part : {g.weights,
                               g.gradients,
                               g.optimizer,
                               g.activations,
                               g.logits,
                               g.transient,
                               g.runtime,
                               g.paged,
                               g.host,
                               total(g),
                               reserved(t, g),
                               device_used(t, g)})
        REQUIRE(is_whole(part));
      REQUIRE(total(g) <= total(memory.worst_gpu()));
    }
  }
}

TEST_CASE("more batch or longer sequences never take less") {
  for (const Training& t : grid()) {
    const Bytes before = total(worst(t));
    Training wider = t;
    wider.micro_batch *= 2;
    wider.global_batch *= 2;
    REQUIRE(total(worst(wider)) > before);
    Training longer = t;
    longer.seq_len *= 2;
    REQUIRE(total(worst(longer)) >= total(worst(wider)));
  }
}

double most_states(const Training& t) {
  double most = 0.0;
  for (const TrainingGpu& g : training_memory(t).stages) most = std::max(most, states(g));
  return most;
}

TEST_CASE("a higher ZeRO stage and more ranks never hold more states") {
  for (Training t : grid()) {
    double before = 1e300;
    for (int stage = 0; stage < 4; ++stage) {
      t.sharding = workload::zero_stage(stage);
      const double now = most_states(t);
      REQUIRE(now <= before);
      before = now;
    }
    Training more = on(t, t.layout, 8);
    more.layout.dp *= 2;
    REQUIRE(most_states(more) <= before);
  }
}

TEST_CASE("reserved lies above allocated, and what the device shows above that") {
  for (const Training& t : grid()) {
    const TrainingGpu g = worst(t);
    REQUIRE(total(g) < reserved(t, g));
    REQUIRE(reserved(t, g) < reserved_p90(t, g));
    REQUIRE(reserved(t, g) < device_used(t, g));
  }
}

TEST_CASE("the layout's sum is at most as many times the fullest GPU") {
  for (const Training& t : grid()) {
    const TrainingMemory memory = training_memory(t);
    const auto gpus = static_cast<double>(workload::gpu_count(t));
    REQUIRE(memory.all_gpus.value <= gpus * total(memory.worst_gpu()).value);
    REQUIRE(memory.all_gpus.value > 0.0);
  }
}

// ---- what cannot run ----

TEST_CASE("an impossible run says why") {
  Training t = training("llama-3.1-8b", "megatron");
  CHECK(workload::obstacle(t).empty());
  t.layout = {.dp = 3};
  t.global_batch = 8;
  CHECK(workload::obstacle(t) ==
        "the global batch of 8 is no multiple of 3 (micro-batch 1 x dp 3)");
  t = on(training("llama-3.1-8b", "megatron"), {.pp = 4}, 8);
  t.vpp = 3;
  CHECK(workload::obstacle(t) == "pp x vpp = 12 does not divide the 32 layers");
  t = on(training("llama-3.1-8b", "megatron"), {.tp = 5});
  CHECK(workload::obstacle(t) == "tp 5 does not divide the 32 attention heads");
  t = on(training("llama-3.1-8b", "megatron"), {.dp = 8, .ep = 8});
  CHECK(workload::obstacle(t) == "ep 8 needs a model with experts");
  t = on(training("llama-3.1-8b", "megatron"), {.tp = 8, .cp = 3});
  CHECK(workload::obstacle(t) == "the sequence of 4096 tokens is no multiple of 24 (cp x tp)");
}

// ---- rows of measurements ----

ingest::TrainingRow row_of(ingest::TrainingCells cells) {
  return ingest::read_training_row(cells, test::built_in());
}

ingest::TrainingCells complete_row() {
  return {{"id", "x"},
          {"framework", "torchtitan"},
          {"model", "Llama 3.1 8B"},
          {"peak_bytes", "80e9"},
          {"scope", "reserved"},
          {"seq_len", "8192"},
          {"micro_batch", "2"}};
}

TEST_CASE("a row needs its peak, scope, model, sequence and micro-batch") {
  CHECK(row_of(complete_row()).training.has_value());
  const std::map<std::string, std::string> reasons{
      {"peak_bytes", "peak_bytes is not a size"},
      {"scope", "scope '' is none of allocated, reserved, nvidia-smi"},
      {"model", "layers is not stated"},
      {"seq_len", "seq_len is not stated"},
      {"micro_batch", "micro_batch is not stated"}};
  for (const auto& [column, reason] : reasons) {
    auto cells = complete_row();
    cells.erase(column);
    const auto row = row_of(cells);
    CHECK_FALSE(row.training.has_value());
    CHECK(row.skipped == reason);
  }
}

TEST_CASE("sharding is read as its source words it") {
  const std::map<std::string, int> stages{{"zero1", 1},
                                          {"ZeRO-2", 2},
                                          {"zero3/ds (finetune_ds.sh)", 3},
                                          {"fsdp8", 3},
                                          {"none", 0},
                                          {"ddp", 0},
                                          {"SHARD_GRAD_OP", 2},
                                          {"FULL_SHARD", 3},
                                          {"distributed optimizer", 1}};
  for (const auto& [label, stage] : stages) {
    auto cells = complete_row();
    cells["sharding"] = label;
    INFO(label);
    CHECK(row_of(cells).training->sharding == workload::zero_stage(stage));
  }
  CHECK_FALSE(row_of(complete_row()).training->sharding.has_value());
}

TEST_CASE("labels of optimizer, precision and loss are read by their words") {
  auto cells = complete_row();
  cells["optimizer"] = "PagedAdamW8bit, optimizer_in_bwd";
  cells["precision"] = "mxfp8_cublas";
  cells["note"] = "FSDP + torch.compile";
  cells["n_gpus"] = "16";
  cells["tp"] = "2";
  const auto row = row_of(cells);
  CHECK(row.training->optimizer->id == "paged-adamw-8bit");
  CHECK(row.training->optimizer_in_backward == true);
  CHECK(row.training->compute == workload::Compute::fp8);
  CHECK(row.training->fused_loss == true);
  CHECK(row.training->layout.dp == 8);
  cells["source"] = "pytorch/torchtitan@b5bcd76:benchmarks/llama3_h100_202412_torchtitan.md";
  CHECK_FALSE(row_of(cells).training->fused_loss.has_value());
}

TEST_CASE("what a row does not say is the framework's usual recipe") {
  auto cells = complete_row();
  cells["framework"] = "torchtune";
  const auto alone = row_of(cells);
  CHECK(alone.training->optimizer->id == "paged-adamw-8bit");
  CHECK(alone.training->recompute == Recompute::full);
  CHECK(workload::optimizer_in_backward(*alone.training));
  cells["n_gpus"] = "2";
  const auto pair = row_of(cells);
  CHECK(pair.training->optimizer->id == "adamw");
  CHECK(workload::sharding(*pair.training) == workload::zero_stage(3));
  CHECK_FALSE(workload::optimizer_in_backward(*pair.training));
  cells["recompute"] = "none";
  CHECK(row_of(cells).training->recompute == Recompute::none);
}

TEST_CASE("a framework that is not known is answered by the generic one, and said so") {
  auto cells = complete_row();
  cells["framework"] = "frobnicate";
  CHECK(row_of(cells).training->framework->id == "generic");
  CHECK(row_of(cells).note == "framework 'frobnicate' is answered as generic");
}

TEST_CASE("a trimmed model keeps what the row does not change") {
  auto cells = complete_row();
  cells["model"] = "deepseekv3 trimmed to 4 layers";
  cells["layers"] = "4";
  cells["moe_layers"] = "3";
  const auto row = row_of(cells);
  CHECK(row.training->model->layers == 4);
  CHECK(row.training->model->moe_layers == 3);
  CHECK(row.training->model->kv_lora_rank == 512);
}

TEST_CASE("cells that hold nonsense skip the row and do no harm") {
  for (const char* column : {"layers", "seq_len", "tp", "micro_batches", "vocab", "hidden"}) {
    for (const char* text : {"1e300", "1e12", "-1", "x", "1.5", "nan"}) {
      auto cells = complete_row();
      cells[column] = text;
      CHECK_FALSE(row_of(cells).training.has_value());
    }
  }
}

// ---- measured peaks ----

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::size_t begin = 0;
  for (std::size_t end; (end = line.find(',', begin)) != std::string::npos; begin = end + 1)
    cells.push_back(line.substr(begin, end - begin));
  cells.push_back(line.substr(begin));
  return cells;
}

using Errors = std::map<std::string, std::vector<double>>;

/// Relative errors by framework, method and scope, and of all rows together.
Errors measured_errors() {
  std::istringstream text(test::file_text(DSPLAN_TEST_DATA_DIR "/training_memory.csv"));
  std::string line;
  std::getline(text, line);
  const auto columns = cells_of(line);
  Errors errors;
  while (std::getline(text, line)) {
    const auto values = cells_of(line);
    ingest::TrainingCells cells;
    for (std::size_t i = 0; i < columns.size(); ++i) cells[columns[i]] = values.at(i);
    const auto row = row_of(cells);
    INFO(line << "\n" << row.skipped);
    REQUIRE(row.training.has_value());
    const double error = std::abs(ingest::predicted_peak(row) / row.peak - 1.0);
    errors[cells["framework"] + " " + cells["method"] + " " + cells["scope"]].push_back(error);
    errors["all"].push_back(error);
  }
  return errors;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return (values[(n - 1) / 2] + values[n / 2]) / 2.0;
}

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

struct Ceiling {
  const char* group;
  std::size_t rows;
  double median;
  double mean;
};

/// Largest errors so far, rounded up to 0.1 %.
constexpr Ceiling kCeilings[] = {
    {"all", 366, 0.066, 0.1},
    {"deepspeed-megatron full nvidia-smi", 84, 0.07, 0.089},
    {"fsdp2 full reserved", 26, 0.085, 0.125},
    {"litgpt full allocated", 8, 0.781, 0.74},
    {"litgpt lora allocated", 37, 0.075, 0.094},
    {"litgpt qlora allocated", 24, 0.123, 0.125},
    {"megatron full allocated", 47, 0.009, 0.023},
    {"transformers full reserved", 10, 0.085, 0.189},
    {"transformers lora reserved", 88, 0.068, 0.072},
    {"transformers lora+embeddings reserved", 18, 0.09, 0.1},
    {"transformers qlora reserved", 24, 0.067, 0.1},
};

TEST_CASE("measured peaks are met within the ceilings of their group") {
  Errors errors = measured_errors();
  for (const Ceiling& c : kCeilings) {
    const auto& group = errors[c.group];
    INFO(c.group << ": median " << median(group) << ", mean " << mean(group));
    CHECK(group.size() == c.rows);
    CHECK(median(group) <= c.median);
    CHECK(mean(group) <= c.mean);
  }
  CHECK(errors.size() == std::size(kCeilings));
}

}  // namespace
}  // namespace dsplan::estimate
