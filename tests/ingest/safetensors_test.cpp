#include "dsplan/ingest/safetensors.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsplan/base/error.hpp"

namespace dsplan::ingest {
namespace {

using namespace std::string_literals;

std::string tensor(const std::string& name,
                   const std::string& dtype,
                   const std::string& shape,
                   int begin,
                   int end) {
  return "\"" + name + R"(": {"dtype": ")" + dtype + R"(", "shape": )" + shape +
         R"(, "data_offsets": [)" + std::to_string(begin) + ", " + std::to_string(end) + "]}";
}

TensorSizes read(const std::string& tensors, std::int64_t layers = 0) {
  return read_safetensors_header("{" + tensors + "}", "m.safetensors", layers);
}

std::string message_of(const std::string& tensors) {
  try {
    (void)read(tensors);
  } catch (const Error& e) {
    REQUIRE(e.code() == ErrorCode::input);
    return e.what();
  }
  return "no error";
}

TEST_CASE("the header's length is eight little-endian bytes") {
  CHECK(safetensors_header_bytes("\x02\x01\0\0\0\0\0\0"s, "m.safetensors") == 258);
}

TEST_CASE("hostile header lengths are refused") {
  CHECK_THROWS_WITH(safetensors_header_bytes("\0\0\0\0\0\0\0\x80"s, "m.safetensors"),
                    "m.safetensors: states a header of 9223372036854775808 bytes at byte 0");
  CHECK_THROWS_AS(safetensors_header_bytes("\x01\0\0\0\0\0\0\0"s, "m.safetensors"), Error);
  CHECK_THROWS_AS(safetensors_header_bytes("version "s, "m.safetensors"), Error);
  CHECK_THROWS_WITH(safetensors_header_bytes("\x02\0\0"s, "m.safetensors"),
                    "m.safetensors: ends before byte 8, where the header's length ends");
}

TEST_CASE("tensors are summed by the part of the model they belong to") {
  const auto sizes =
      read(R"("__metadata__": {"format": "pt"}, )" +
           tensor("model.embed_tokens.weight", "BF16", "[4, 2]", 0, 16) + ", " +
           tensor("model.layers.0.mlp.experts.0.up_proj.weight", "F8_E4M3", "[8]", 16, 24) + ", " +
           tensor("model.layers.0.mlp.experts.0.up_proj.weight_scale_inv", "F32", "[1]", 24, 28) +
           ", " + tensor("model.layers.0.mlp.shared_experts.up_proj.weight", "F4", "[6]", 28, 31) +
           ", " + tensor("model.norm.weight", "BF16", "[2]", 31, 35) + ", " +
           tensor("lm_head.weight", "BF16", "[4, 2]", 35, 51) + ", " +
           tensor("model.visual.blocks.0.attn.proj.weight", "F16", "[5]", 51, 61) + ", " +
           tensor("mtp.layers.0.mlp.gate.weight", "F64", "[]", 61, 69));
  CHECK(sizes.embedding == bytes(16));
  CHECK(sizes.experts == bytes(12));
  CHECK(sizes.layers == bytes(3));
  CHECK(sizes.head == bytes(16));
  CHECK(sizes.vision == bytes(10));
  CHECK(sizes.mtp == bytes(8));
  CHECK(sizes.other == bytes(4));
  CHECK(sizes.tensors == 8);
  CHECK(total(sizes) == bytes(69));
}

TEST_CASE("a layer with eh_proj is of multi-token prediction, whatever else it holds") {
  const auto sizes = read(tensor("model.layers.1.mlp.experts.0.w", "U8", "[8]", 0, 8) + ", " +
                          tensor("model.layers.1.eh_proj.weight", "U8", "[2]", 8, 10));
  CHECK(sizes.mtp == bytes(10));
}

TEST_CASE("layers past the decoder's are of multi-token prediction") {
  const std::string text = tensor("model.layers.1.mlp.up_proj.weight", "I32", "[2]", 0, 8);
  CHECK(read(text, 1).mtp == bytes(8));
  CHECK(read(text, 2).layers == bytes(8));
}

TEST_CASE("names of older families are known") {
  const auto sizes = read(tensor("wte.weight", "F32", "[2]", 0, 8) + ", " +
                          tensor("h.0.attn.c_attn.weight", "F32", "[1]", 8, 12) + ", " +
                          tensor("ln_f.weight", "F32", "[1]", 12, 16));
  CHECK(sizes.embedding == bytes(8));
  CHECK(sizes.layers == bytes(4));
  CHECK(sizes.other == bytes(4));
}

TEST_CASE("a dtype newer than the table is taken by its offsets") {
  CHECK(read(tensor("lm_head.weight", "Q3", "[100]", 0, 7)).head == bytes(7));
}

TEST_CASE("a size that disagrees with its shape is refused") {
  CHECK(message_of(tensor("a", "BF16", "[4, 2]", 0, 15)) ==
        "m.safetensors: 'a.data_offsets' span 15 bytes, which is not the shape's size as 'BF16'");
}

TEST_CASE("holes and overlaps are refused") {
  CHECK(message_of(tensor("a", "U8", "[4]", 0, 4) + ", " + tensor("b", "U8", "[4]", 3, 7)) ==
        "m.safetensors: tensor 'b' starts at byte 3 of the data, where 4 was due");
  CHECK(message_of(tensor("a", "U8", "[4]", 1, 5)) ==
        "m.safetensors: tensor 'a' starts at byte 1 of the data, where 0 was due");
}

TEST_CASE("offsets and shapes must be whole numbers") {
  CHECK(message_of(tensor("a", "U8", "[4]", 4, 0)).find("two ascending") != std::string::npos);
  CHECK(message_of(tensor("a", "U8", "[-4]", 0, 4)).find("whole numbers") != std::string::npos);
  CHECK(message_of(tensor("a", "U8", "[4.5]", 0, 4)).find("whole numbers") != std::string::npos);
  CHECK(message_of(R"("a": {"dtype": "U8", "data_offsets": [0, 4]})") ==
        "m.safetensors: 'a.shape' is missing");
  CHECK(message_of(R"("a": 3)") == "m.safetensors: 'a' must be an object, got 3");
}

TEST_CASE("the index names each shard once and states the total") {
  const auto index = read_safetensors_index(
      R"({"metadata": {"total_size": 1000}, "weight_map": {"a": "m-2.safetensors",
          "b": "m-1.safetensors", "c": "m-2.safetensors"}})",
      "index.json");
  CHECK(index.files == std::vector<std::string>{"m-1.safetensors", "m-2.safetensors"});
  CHECK(index.total == bytes(1000));
  CHECK(index.tensors == 3);
}

TEST_CASE("an index without a weight map is refused") {
  CHECK_THROWS_WITH(read_safetensors_index("{}", "index.json"),
                    "index.json: 'weight_map' is missing");
}

TEST_CASE("shards add up") {
  TensorSizes a;
  a.layers = bytes(5);
  a.tensors = 1;
  TensorSizes b;
  b.head = bytes(7);
  b.layers = bytes(1);
  b.tensors = 2;
  const std::vector<TensorSizes> shards{a, b};
  const auto sum = merged(shards);
  CHECK(sum.layers == bytes(6));
  CHECK(total(sum) == bytes(13));
  CHECK(sum.tensors == 3);
}

}  // namespace
}  // namespace dsplan::ingest
