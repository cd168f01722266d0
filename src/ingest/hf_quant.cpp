// The names of quantized formats in checkpoints, turned into catalog ids.
#include <algorithm>
#include <array>
#include <map>

#include "hf_parts.hpp"

namespace dsplan::ingest {
namespace {

using nlohmann::json;

struct Name {
  std::string_view theirs;
  std::string_view ours;
};

// NVIDIA ModelOpt, modelopt/torch/export/quant_utils.py.
constexpr std::array kAlgorithms{
    Name{"FP8", "fp8"},
    Name{"FP8_PB_WO", "fp8_block"},
    Name{"FP8_PB_REAL", "fp8_block"},
    Name{"FP8_PER_CHANNEL_PER_TOKEN", "fp8"},
    Name{"NVFP4", "nvfp4"},
    Name{"NVFP4_AWQ", "nvfp4"},
    Name{"NVFP4_SVDQUANT", "nvfp4"},
    Name{"W4A16_NVFP4", "nvfp4"},
    Name{"W4A8_NVFP4_FP8", "nvfp4"},
    Name{"MXFP8", "mxfp8"},
    Name{"MXFP4", "mxfp4"},
    Name{"W4A8_MXFP4_FP8", "mxfp4"},
    Name{"W4A16_MXFP4", "mxfp4"},
    Name{"W4A16", "int4-w4a16"},
    Name{"INT4_AWQ", "awq"},
    Name{"W4A16_AWQ", "awq"},
    Name{"W4A8_AWQ", "awq"},
    Name{"W4A16_GPTQ", "gptq"},
    Name{"W8A16_GPTQ", "gptq-int8"},
    Name{"W8A16", "int8"},
    Name{"INT8_WO", "int8"},
    Name{"W8A8_SQ_PER_CHANNEL", "w8a8-int8"},
    Name{"W8A8_SQ_PER_CHANNEL_PER_TOKEN_PLUGIN", "w8a8-int8"},
    Name{"INT8_SQ", "w8a8-int8"},
};

constexpr std::array kKvAlgorithms{Name{"FP8", "fp8"},
                                   Name{"INT8", "int8"},
                                   Name{"NVFP4", "nvfp4"},
                                   Name{"NVFP4_AFFINE", "nvfp4"}};

// quant_method values that need no further key.
constexpr std::array kMethods{Name{"fbgemm_fp8", "fp8"},
                              Name{"mxfp4", "mxfp4"},
                              Name{"modelopt_fp4", "nvfp4"},
                              Name{"modelopt_fp8", "fp8"}};

/// GPTQ by bits and group size; -1 is a scale per column, which costs less than any group.
struct Gptq {
  std::int64_t bits;
  double group;
  std::string_view ours;
};
constexpr std::array kGptqs{Gptq{4, 128, "gptq"},
                            Gptq{4, 64, "gptq-g64"},
                            Gptq{4, 32, "gptq-g32"},
                            Gptq{4, -1, "int4-w4a16"},
                            Gptq{3, 128, "gptq-3bit"},
                            Gptq{8, 128, "gptq-int8"}};

constexpr std::string_view kMend = "leave the quantization out of the file and give --precision";

std::string_view find_name(std::span<const Name> names, std::string_view theirs) {
  const auto found = std::ranges::find(names, theirs, &Name::theirs);
  return found == names.end() ? std::string_view{} : found->ours;
}

Error not_modelled(const JsonObject& q, std::string_view key, std::string_view value) {
  return q.error(
      key, "names a quantization that is not modelled: " + in_quotes(value), std::string(kMend));
}

std::string by_algorithm(const JsonObject& q, std::string_view key, std::string_view algorithm) {
  const auto ours = find_name(kAlgorithms, algorithm);
  if (ours.empty()) throw not_modelled(q, key, algorithm);
  return std::string(ours);
}

/// The commonest algorithm of the modules whose name contains `word`, or empty.
std::string commonest_algorithm(const JsonObject& layers, std::string_view word) {
  std::map<std::string, int> counts;
  for (const auto& [name, unused] : layers.raw().items()) {
    if (name.find(word) == name.npos) continue;
    const auto layer = layers.object(name);
    if (const auto algorithm = layer ? layer->text("quant_algo") : std::nullopt)
      ++counts[*algorithm];
  }
  const auto most = std::ranges::max_element(
      counts, {}, [](const std::pair<const std::string, int>& c) { return c.second; });
  return most == counts.end() ? std::string() : most->first;
}

/// What holds most weights: the experts, else the MLPs, else anything.
std::string main_algorithm(const JsonObject& layers) {
  for (const std::string_view word : {".experts", ".mlp", ""}) {
    if (auto algorithm = commonest_algorithm(layers, word); !algorithm.empty()) return algorithm;
  }
  return {};
}

void read_mixed(const JsonObject& q, Checkpoint& checkpoint) {
  const auto layers = q.object("quantized_layers");
  const std::string algorithm = layers ? main_algorithm(*layers) : std::string();
  if (algorithm.empty()) throw q.error("quantized_layers", "must name each layer's quant_algo");
  checkpoint.format = by_algorithm(q, "quantized_layers", algorithm);
  checkpoint.notes.push_back(
      "the checkpoint mixes formats by layer; all linear layers are taken as " + checkpoint.format +
      ", which most of its weights have");
}

/// An int8 or float scheme of the KV cache, by its width.
std::string_view kv_of_scheme(const JsonObject& scheme) {
  const auto bits = scheme.count("num_bits", 64).value_or(0);
  const bool floats = scheme.text("type").value_or("float") == "float";
  if (bits == 8) return floats ? "fp8" : "int8";
  return bits == 4 && floats ? std::string_view("nvfp4") : std::string_view{};
}

void read_kv(const JsonObject& q, Checkpoint& checkpoint) {
  for (const std::string_view key : {"kv_cache_quant_algo", "kv_cache_scheme"}) {
    const json* value = q.find(key);
    if (value == nullptr) continue;
    const auto ours = value->is_object() ? kv_of_scheme(*q.object(key))
                                         : find_name(kKvAlgorithms, q.text(key).value_or(""));
    if (ours.empty())
      throw q.error(key, "names a KV format that is not modelled", "give --kv-precision");
    checkpoint.kv_format = ours;
    return;
  }
}

/// Modules kept at 16 bits beyond the head, which every method leaves out.
void note_excluded(const JsonObject& q, Checkpoint& checkpoint) {
  for (const std::string_view key : {"exclude_modules", "ignore", "modules_to_not_convert"}) {
    const json* list = q.list(key);
    if (list == nullptr || list->size() < 2) continue;
    checkpoint.notes.push_back(
        std::to_string(list->size()) + " module patterns stay at 16 bits (" + std::string(key) +
        "); sizes by format take embedding, head, norms and routers alone as such");
    return;
  }
}

std::string gptq(const JsonObject& q) {
  const auto bits = q.count("bits", 64).value_or(4);
  const json* group = q.find("group_size");
  const double size = group != nullptr && group->is_number() ? group->get<double>() : 128.0;
  for (const Gptq& known : kGptqs) {
    if (known.bits == bits && known.group == size) return std::string(known.ours);
  }
  // At 8 bits the group hardly matters: 8.19 bits with 128, 8.56 with 32.
  if (bits == 8) return "gptq-int8";
  throw q.error(
      "bits", "and 'group_size' are a GPTQ variant that is not modelled", std::string(kMend));
}

std::string awq(const JsonObject& q) {
  static constexpr std::array<std::string_view, 2> kBits{"bits", "w_bit"};
  if (q.count(kBits, 64).value_or(4) == 4) return "awq";
  throw q.error("bits", "must be 4 for AWQ", std::string(kMend));
}

std::string bitsandbytes(const JsonObject& q) {
  static constexpr std::array<std::string_view, 2> kFour{"load_in_4bit", "_load_in_4bit"};
  static constexpr std::array<std::string_view, 2> kEight{"load_in_8bit", "_load_in_8bit"};
  if (q.flag(kFour).value_or(false)) {
    // FP4 and NF4 take the same space.
    return q.flag("bnb_4bit_use_double_quant").value_or(false) ? "nf4-dq" : "nf4";
  }
  if (q.flag(kEight).value_or(false)) return "bnb-int8";
  throw q.error("load_in_4bit", "or 'load_in_8bit' must be true", std::string(kMend));
}

std::string float_scheme(const JsonObject& weights, std::int64_t bits, std::int64_t group) {
  if (bits == 4) return group == 32 ? "mxfp4" : "nvfp4";
  if (weights.text("strategy").value_or("") == "block" || weights.has("block_structure")) {
    return "fp8_block";
  }
  return group == 32 ? "mxfp8" : "fp8";
}

/// compressed-tensors and ModelOpt: groups of weights {num_bits, type, group_size, strategy}.
std::string by_group(const JsonObject& q, const JsonObject& group) {
  const auto weights = group.object("weights");
  if (!weights) throw q.error("config_groups", "must say the format of the weights");
  const auto bits = weights->count("num_bits", 64).value_or(0);
  const auto size = weights->count("group_size", kMostWidth).value_or(0);
  const bool floats = weights->text("type").value_or("int") == "float";
  if (floats && (bits == 4 || bits == 8)) return float_scheme(*weights, bits, size);
  if (!floats && bits == 4) return size == 32 ? "int4-g32" : "int4-w4a16";
  if (!floats && bits == 8) return group.has("input_activations") ? "w8a8-int8" : "int8";
  throw q.error("config_groups",
                "has weights of " + std::to_string(bits) + " bits, which is not modelled",
                std::string(kMend));
}

std::string by_groups(const JsonObject& q, Checkpoint& checkpoint) {
  const auto groups = q.object("config_groups");
  if (!groups || groups->raw().empty()) throw q.error("config_groups", "must have a group");
  std::string format;
  for (const auto& [name, unused] : groups->raw().items()) {
    const auto group = groups->object(name);
    const std::string found = group ? by_group(q, *group) : format;
    if (!format.empty() && found != format) {
      checkpoint.notes.push_back("the checkpoint mixes formats; all linear layers are taken as " +
                                 format + ", its first group");
      break;
    }
    format = found;
  }
  return format;
}

/// MLX stores a 16-bit scale and bias per group: 4 bits in groups of 64 are 4.5 bits a weight.
std::string mlx(const JsonObject& q, Checkpoint& checkpoint) {
  if (q.count("bits", 64) != 4 || q.count("group_size", kMostWidth) != 64) {
    throw q.error(
        "bits", "and 'group_size' are an MLX variant that is not modelled", std::string(kMend));
  }
  checkpoint.notes.push_back("MLX 4-bit groups of 64 are read as int4-g32: both 4.5 bits a weight");
  return "int4-g32";
}

std::string by_method(const JsonObject& q, const std::string& method, Checkpoint& checkpoint) {
  if (method == "fp8") return q.has("weight_block_size") ? "fp8_block" : "fp8";
  if (method == "gptq" || method == "gptq_marlin") return gptq(q);
  if (method == "awq" || method == "awq_marlin") return awq(q);
  if (method == "bitsandbytes") return bitsandbytes(q);
  if (method == "compressed-tensors" || method == "compressed_tensors") {
    return by_groups(q, checkpoint);
  }
  const auto ours = find_name(kMethods, method);
  if (ours.empty()) throw not_modelled(q, "quant_method", method);
  return std::string(ours);
}

}  // namespace

void read_modelopt(const JsonObject& q, Checkpoint& checkpoint) {
  if (const auto algorithm = q.text("quant_algo")) {
    if (*algorithm == "MIXED_PRECISION") {
      read_mixed(q, checkpoint);
    } else {
      checkpoint.format = by_algorithm(q, "quant_algo", *algorithm);
    }
  }
  read_kv(q, checkpoint);
  note_excluded(q, checkpoint);
}

void read_quantization(const JsonObject& q, Checkpoint& checkpoint) {
  if (q.has("quant_algo")) return read_modelopt(q, checkpoint);
  if (const auto method = q.text("quant_method")) {
    checkpoint.format = by_method(q, *method, checkpoint);
  } else if (q.has("config_groups")) {
    checkpoint.format = by_groups(q, checkpoint);
  } else {
    checkpoint.format = mlx(q, checkpoint);
  }
  read_kv(q, checkpoint);
  // Every FP8 and MXFP4 checkpoint lists norms and routers here; that is what the formats assume.
}

}  // namespace dsplan::ingest
