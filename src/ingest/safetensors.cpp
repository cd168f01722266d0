#include "dsplan/ingest/safetensors.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "json_object.hpp"
#include "tensor_parts.hpp"

namespace dsplan::ingest {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostHeaderBytes = 100'000'000;
constexpr std::int64_t kMostOffset = std::int64_t{1} << 50;  // a petabyte, exact as a double

struct Dtype {
  std::string_view name;
  int bits;
};

constexpr std::array kDtypes{
    Dtype{"F4", 4},      Dtype{"I4", 4},          Dtype{"U4", 4},      Dtype{"F6_E2M3", 6},
    Dtype{"F6_E3M2", 6}, Dtype{"BOOL", 8},        Dtype{"U8", 8},      Dtype{"I8", 8},
    Dtype{"F8_E5M2", 8}, Dtype{"F8_E4M3", 8},     Dtype{"F8_E8M0", 8}, Dtype{"F8_E4M3FNUZ", 8},
    Dtype{"U16", 16},    Dtype{"F8_E5M2FNUZ", 8}, Dtype{"I16", 16},    Dtype{"F16", 16},
    Dtype{"BF16", 16},   Dtype{"U32", 32},        Dtype{"I32", 32},    Dtype{"F32", 32},
    Dtype{"U64", 64},    Dtype{"I64", 64},        Dtype{"F64", 64},    Dtype{"C64", 64},
};

struct Tensor {
  std::string_view name;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// Bits of one element, or 0 for a dtype newer than this table.
int bits_of(std::string_view dtype) {
  const auto found = std::ranges::find(kDtypes, dtype, &Dtype::name);
  return found == kDtypes.end() ? 0 : found->bits;
}

/// Bytes that the shape asks for, in doubles, which cannot overflow; exact up to a petabyte.
double bytes_of_shape(const JsonObject& tensor, int bits) {
  const json* shape = tensor.list("shape");
  if (shape == nullptr) throw tensor.error("shape", "is missing", "download the file again");
  double elements = 1.0;
  for (const json& side : *shape) {
    const auto n = as_count(side, kMostOffset);
    if (!n) throw tensor.error("shape", "must hold whole numbers of 0 or more");
    elements *= static_cast<double>(*n);
  }
  return elements * bits / 8.0;
}

std::pair<std::int64_t, std::int64_t> offsets_of(const JsonObject& tensor) {
  const json* pair = tensor.list("data_offsets");
  if (pair == nullptr || pair->size() != 2) {
    throw tensor.error("data_offsets", "must be two byte offsets", "download the file again");
  }
  const auto begin = as_count(pair->front(), kMostOffset);
  const auto end = as_count(pair->back(), kMostOffset);
  if (!begin || !end || *begin > *end) {
    throw tensor.error(
        "data_offsets", "must be two ascending byte offsets", "download the file again");
  }
  return {*begin, *end};
}

Tensor read_tensor(std::string_view name, const JsonObject& tensor) {
  const auto dtype = tensor.text("dtype");
  if (!dtype) throw tensor.error("dtype", "is missing", "download the file again");
  const auto [begin, end] = offsets_of(tensor);
  const int bits = bits_of(*dtype);
  const double wanted = bytes_of_shape(tensor, bits);
  if (bits != 0 && wanted != static_cast<double>(end - begin)) {
    throw tensor.error("data_offsets",
                       "span " + std::to_string(end - begin) + " bytes, which is not the shape's " +
                           "size as " + in_quotes(*dtype),
                       "download the file again");
  }
  return {name, begin, end};
}

std::vector<Tensor> read_tensors(const json& document, std::string_view file) {
  std::vector<Tensor> tensors;
  const JsonObject header(document, file);
  for (const auto& [name, value] : document.items()) {
    if (name == "__metadata__") continue;
    const auto tensor = header.object(name);
    if (!tensor) throw header.error(name, "must be an object");
    // items() hands out a copy of the name: the view must be of the document's own key.
    tensors.push_back(read_tensor(document.find(name).key(), *tensor));
  }
  return tensors;
}

/// The format allows neither holes nor overlaps: the data are the tensors, end to end.
void check_contiguous(std::vector<Tensor>& tensors, std::string_view file) {
  std::ranges::sort(tensors, {}, [](const Tensor& t) { return std::pair(t.begin, t.end); });
  std::int64_t at = 0;
  for (const Tensor& t : tensors) {
    if (t.begin != at) {
      throw input_error(file,
                        "tensor " + in_quotes(t.name) + " starts at byte " +
                            std::to_string(t.begin) + " of the data, where " + std::to_string(at) +
                            " was due",
                        "download the file again");
    }
    at = t.end;
  }
}

/// Layers that hold a multi-token-prediction module, known by the projection only they have.
std::set<std::int64_t> mtp_layers(const std::vector<Tensor>& tensors) {
  std::set<std::int64_t> layers;
  for (const Tensor& t : tensors) {
    const auto layer = layer_of(t.name);
    if (layer && t.name.find(".eh_proj.") != t.name.npos) layers.insert(*layer);
  }
  return layers;
}

}  // namespace

std::uint64_t safetensors_header_bytes(std::string_view first8, std::string_view file) {
  if (first8.size() < 8) {
    throw input_error(
        file, "ends before byte 8, where the header's length ends", "download the file again");
  }
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) {
    length = length << 8 | static_cast<unsigned char>(first8[i]);
  }
  if (length < 2 || length > kMostHeaderBytes) {
    throw input_error(file,
                      "states a header of " + std::to_string(length) + " bytes at byte 0",
                      "check that this is a .safetensors file and not a Git LFS pointer");
  }
  return length;
}

TensorSizes read_safetensors_header(std::string_view json,
                                    std::string_view file,
                                    std::int64_t decoder_layers) {
  const nlohmann::json document = parse_json_object(json, file);
  std::vector<Tensor> tensors = read_tensors(document, file);
  check_contiguous(tensors, file);
  const auto mtp = mtp_layers(tensors);
  TensorSizes sizes;
  for (const Tensor& t : tensors) {
    const auto layer = layer_of(t.name);
    const bool past = decoder_layers > 0 && layer && *layer >= decoder_layers;
    const bool in_mtp = layer && (past || mtp.contains(*layer));
    sizes.*part_of_hf_tensor(t.name, in_mtp) += bytes(static_cast<double>(t.end - t.begin));
  }
  sizes.tensors = static_cast<std::int64_t>(tensors.size());
  return sizes;
}

SafetensorsIndex read_safetensors_index(std::string_view json, std::string_view file) {
  const nlohmann::json document = parse_json_object(json, file);
  const JsonObject index(document, file);
  const auto map = index.object("weight_map");
  if (!map) throw index.error("weight_map", "is missing", "give model.safetensors.index.json");
  std::set<std::string> files;
  for (const nlohmann::json& shard : map->raw()) {
    if (!shard.is_string()) throw index.error("weight_map", "must map tensors to file names");
    files.insert(shard.get<std::string>());
  }
  SafetensorsIndex out{{files.begin(), files.end()}, {}, {}};
  out.tensors = static_cast<std::int64_t>(map->raw().size());
  if (const auto metadata = index.object("metadata")) {
    const auto total = metadata->count("total_size", kMostOffset);
    out.total = bytes(static_cast<double>(total.value_or(0)));
  }
  return out;
}

TensorSizes merged(std::span<const TensorSizes> shards) {
  TensorSizes sum;
  for (const TensorSizes& s : shards) {
    for (const Part part : {&TensorSizes::embedding,
                            &TensorSizes::head,
                            &TensorSizes::experts,
                            &TensorSizes::layers,
                            &TensorSizes::vision,
                            &TensorSizes::mtp,
                            &TensorSizes::other}) {
      sum.*part += s.*part;
    }
    sum.tensors += s.tensors;
  }
  return sum;
}

}  // namespace dsplan::ingest
