#include "dsplan/ingest/gguf.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsplan/base/error.hpp"

namespace dsplan::ingest {
namespace {

/// Little-endian bytes of a number.
template <typename Number>
std::string le(Number n) {
  std::string out;
  auto bits = static_cast<std::uint64_t>(n);
  for (std::size_t i = 0; i < sizeof n; ++i, bits >>= 8) out += static_cast<char>(bits & 0xff);
  return out;
}

std::string text(const std::string& s) { return le(std::uint64_t{s.size()}) + s; }

/// A GGUF file's header, built value by value.
class Builder {
 public:
  explicit Builder(std::string architecture = "llama") : architecture_(std::move(architecture)) {
    word("general.architecture", architecture_);
  }
  Builder& raw(const std::string& key, std::uint32_t type, const std::string& value) {
    keys_ += text(key) + le(type) + value;
    ++key_count_;
    return *this;
  }
  Builder& word(const std::string& key, const std::string& value) {
    return raw(key, 8, text(value));
  }
  Builder& number(const std::string& key, std::uint32_t value) { return raw(key, 4, le(value)); }
  Builder& own(const std::string& key, std::uint32_t value) {
    return number(architecture_ + "." + key, value);
  }
  Builder& tensor(const std::string& name, std::vector<std::uint64_t> shape, std::uint32_t type) {
    tensors_ += text(name) + le(static_cast<std::uint32_t>(shape.size()));
    for (const auto side : shape) tensors_ += le(side);
    tensors_ += le(type) + le(std::uint64_t{0});
    ++tensor_count_;
    return *this;
  }
  [[nodiscard]] std::string bytes(std::uint32_t version = 3) const {
    return "GGUF" + le(version) + le(tensor_count_) + le(key_count_) + keys_ + tensors_;
  }

 private:
  std::string architecture_;
  std::string keys_;
  std::string tensors_;
  std::uint64_t key_count_ = 0;
  std::uint64_t tensor_count_ = 0;
};

Builder small_model(const std::string& architecture = "llama") {
  Builder b(architecture);
  b.own("block_count", 2).own("embedding_length", 256).own("attention.head_count", 4);
  b.own("attention.head_count_kv", 2).own("feed_forward_length", 512).own("context_length", 4096);
  b.number("general.file_type", 15);
  return b;
}

void add_layer(Builder& b, int n) {
  const std::string blk = "blk." + std::to_string(n) + ".";
  b.tensor(blk + "attn_norm.weight", {256}, 0).tensor(blk + "ffn_norm.weight", {256}, 0);
  b.tensor(blk + "attn_q.weight", {256, 256}, 12).tensor(blk + "ffn_gate.weight", {256, 512}, 12);
}

GgufHeader header_of(const Builder& b) {
  auto read = read_gguf_header(b.bytes(), "m.gguf");
  REQUIRE(read.header.has_value());
  return *std::move(read.header);
}

Checkpoint model_of(const Builder& b) {
  const std::vector<GgufHeader> files{header_of(b)};
  return read_gguf_model(files, "m.gguf");
}

std::string message_of(const std::string& bytes) {
  try {
    (void)read_gguf_header(bytes, "m.gguf");
  } catch (const Error& e) {
    REQUIRE(e.code() == ErrorCode::input);
    return e.what();
  }
  return "no error";
}

TEST_CASE("a GGUF model is read from its keys and tensors") {
  Builder b = small_model();
  b.tensor("token_embd.weight", {256, 1000}, 14).tensor("output_norm.weight", {256}, 0);
  add_layer(b, 0);
  add_layer(b, 1);
  const auto c = model_of(b);
  CHECK(c.format == "q4_k_m");
  CHECK(c.model.layers == 2);
  CHECK(c.model.hidden_size == 256);
  CHECK(c.model.kv_heads == 2);
  CHECK(c.model.head_dim == 64);
  CHECK(c.model.vocab_size == 1000);
  CHECK(c.model.tied_embeddings);
  CHECK(c.model.gated_mlp);
  CHECK(c.model.norms_per_layer == 2);
  CHECK_FALSE(c.model.qkv_bias);
  CHECK(c.model.exact_parameters == 256 * 1000 + 256 + 2 * (512 + 256 * 256 + 256 * 512));
}

TEST_CASE("tensor sizes are whole blocks of their type") {
  Builder b = small_model();
  b.tensor("token_embd.weight", {256, 1000}, 14).tensor("output.weight", {256, 1000}, 8);
  b.tensor("output_norm.weight", {256}, 0).tensor("blk.0.ffn_up_exps.weight", {256, 64, 2}, 39);
  add_layer(b, 1);
  const auto c = model_of(b);
  REQUIRE(c.has_sizes);
  CHECK(c.sizes.embedding == bytes(210.0 * 1000));
  CHECK(c.sizes.head == bytes(34.0 * 8 * 1000));
  CHECK(c.sizes.experts == bytes(17.0 * 8 * 64 * 2));
  CHECK(c.sizes.layers == bytes(2 * 1024 + 144.0 * 256 + 144.0 * 512));
  CHECK(c.sizes.other == bytes(1024));
  CHECK(c.sizes.tensors == 8);
  CHECK_FALSE(c.model.tied_embeddings);
}

TEST_CASE("biases, query norms and sinks are read off the tensors") {
  Builder b = small_model("gpt-oss");
  b.own("attention.sliding_window", 128);
  b.tensor("token_embd.weight", {256, 10}, 1).tensor("blk.0.attn_q.bias", {256}, 0);
  b.tensor("blk.0.attn_output.bias", {256}, 0).tensor("blk.0.attn_sinks.weight", {4}, 0);
  b.tensor("blk.0.attn_q_norm.weight", {64}, 0);
  const auto c = model_of(b);
  CHECK(c.model.qkv_bias);
  CHECK(c.model.attention_output_bias);
  CHECK(c.model.attention_sinks);
  CHECK(c.model.qk_norm == "head");
  CHECK(c.model.sliding_layers == 1);
  CHECK(c.model.sliding_window_tokens == 128);
}

TEST_CASE("experts, shared experts and MTP blocks are told apart") {
  Builder b = small_model("glm4moe");
  b.own("expert_count", 8).own("expert_used_count", 2).own("expert_feed_forward_length", 64);
  b.own("nextn_predict_layers", 1);
  b.tensor("token_embd.weight", {256, 10}, 1).tensor("blk.0.ffn_gate_inp.weight", {256, 8}, 0);
  b.tensor("blk.0.ffn_up_shexp.weight", {256, 96}, 1).tensor("blk.0.exp_probs_b.bias", {8}, 0);
  b.tensor("blk.1.nextn.eh_proj.weight", {512, 256}, 1).tensor("blk.1.attn_q.weight", {256, 2}, 1);
  const auto c = model_of(b);
  CHECK(c.model.layers == 1);
  CHECK(c.model.mtp_layers == 1);
  CHECK(c.model.moe_layers == 1);
  CHECK(c.model.intermediate_size == 0);
  CHECK(c.model.moe_intermediate_size == 64);
  CHECK(c.model.shared_intermediate_size == 96);
  CHECK(c.model.router_bias);
  CHECK(c.sizes.mtp == bytes(2.0 * 512 * 256 + 2 * 512));
  CHECK(c.model.exact_parameters == 256 * 10 + 256 * 8 + 256 * 96 + 8);
}

TEST_CASE("latent attention takes its head sizes from the MLA keys") {
  Builder b = small_model("deepseek2");
  b.own("attention.kv_lora_rank", 128).own("attention.key_length", 160);
  b.own("attention.key_length_mla", 48).own("attention.value_length_mla", 32);
  b.own("rope.dimension_count", 16).tensor("token_embd.weight", {256, 10}, 1);
  const auto c = model_of(b);
  CHECK(c.model.head_dim == 48);
  CHECK(c.model.v_head_dim == 32);
  CHECK(c.model.qk_rope_head_dim == 16);
  CHECK(c.model.qk_nope_head_dim == 32);
  CHECK(c.model.kv_heads == 4);
}

TEST_CASE("every kind of metadata value is read") {
  Builder b = small_model();
  b.raw("a.u8", 0, "\xff").raw("a.i8", 1, "\xff").raw("a.u16", 2, le(std::uint16_t{65535}));
  b.raw("a.i16", 3, le(std::int16_t{-2})).raw("a.i32", 5, le(std::int32_t{-3}));
  b.raw("a.f32", 6, le(std::uint32_t{0x3fc00000})).raw("a.bool", 7, "\x01");
  b.raw("a.u64", 10, le(~std::uint64_t{0})).raw("a.i64", 11, le(std::int64_t{-5}));
  b.raw("a.f64", 12, le(std::uint64_t{0x3ff8000000000000}));
  b.raw("a.list", 9, le(std::uint32_t{8}) + le(std::uint64_t{2}) + text("x") + text("y"));
  b.raw("a.flags", 9, le(std::uint32_t{7}) + le(std::uint64_t{2}) + std::string("\x01\x00", 2));
  const auto h = header_of(b);
  const auto number = [&](const char* key) { return std::get<std::int64_t>(h.metadata.at(key)); };
  CHECK(number("a.u8") == 255);
  CHECK(number("a.i8") == -1);
  CHECK(number("a.u16") == 65535);
  CHECK(number("a.i16") == -2);
  CHECK(number("a.i32") == -3);
  CHECK(number("a.i64") == -5);
  CHECK(std::get<double>(h.metadata.at("a.f32")) == 1.5);
  CHECK(std::get<double>(h.metadata.at("a.f64")) == 1.5);
  CHECK(std::get<double>(h.metadata.at("a.u64")) == 18446744073709551616.0);
  CHECK(std::get<bool>(h.metadata.at("a.bool")));
  CHECK(std::get<GgufArray>(h.metadata.at("a.list")).length == 2);
  CHECK(std::get<GgufArray>(h.metadata.at("a.flags")).numbers == std::vector<std::int64_t>{1, 0});
}

TEST_CASE("a list by layer gives a pattern of windows") {
  Builder b = small_model("olmo3");
  b.own("attention.sliding_window", 64).tensor("token_embd.weight", {256, 10}, 1);
  b.raw("olmo3.attention.sliding_window_pattern",
        9,
        le(std::uint32_t{7}) + le(std::uint64_t{2}) + std::string("\x01\x00", 2));
  CHECK(model_of(b).model.sliding_layers == 1);
}

TEST_CASE("every prefix of a header asks for more and never for less than it has") {
  Builder b = small_model();
  b.tensor("token_embd.weight", {256, 10}, 1);
  const std::string whole = b.bytes();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto read = read_gguf_header(std::string_view(whole).substr(0, n), "m.gguf");
    REQUIRE_FALSE(read.header.has_value());
    REQUIRE(read.need_bytes > n);
  }
  const auto read = read_gguf_header(whole, "m.gguf");
  REQUIRE(read.header.has_value());
  CHECK(read.header->data_offset.value >= static_cast<double>(whole.size()));
  CHECK(static_cast<long>(read.header->data_offset.value) % 32 == 0);
}

TEST_CASE("the files of a split model are read together") {
  Builder first = small_model();
  first.raw("split.no", 2, le(std::uint16_t{0})).raw("split.count", 2, le(std::uint16_t{2}));
  first.tensor("token_embd.weight", {256, 10}, 1);
  const std::string second =
      "GGUF" + le(std::uint32_t{3}) + le(std::uint64_t{1}) + le(std::uint64_t{2}) +
      text("split.no") + le(std::uint32_t{2}) + le(std::uint16_t{1}) + text("split.count") +
      le(std::uint32_t{2}) + le(std::uint16_t{2}) + text("output.weight") + le(std::uint32_t{2}) +
      le(std::uint64_t{256}) + le(std::uint64_t{10}) + le(std::uint32_t{1}) + le(std::uint64_t{0});
  std::vector<GgufHeader> files{*read_gguf_header(second, "m-2.gguf").header, header_of(first)};
  const auto both = read_gguf_model(files, "m.gguf");
  CHECK(both.has_sizes);
  CHECK_FALSE(both.model.tied_embeddings);
  CHECK(both.sizes.head == bytes(2.0 * 256 * 10));

  files.erase(files.begin());
  const auto one = read_gguf_model(files, "m.gguf");
  CHECK_FALSE(one.has_sizes);
  CHECK(one.notes.size() == 1);
}

TEST_CASE("without a file type the format is that of most of the bytes") {
  Builder b("llama");
  b.own("block_count", 1).own("embedding_length", 256).own("attention.head_count", 4);
  b.tensor("token_embd.weight", {256, 10}, 1).tensor("blk.0.ffn_up.weight", {256, 5120}, 8);
  const auto c = model_of(b);
  CHECK(c.format == "q8_0");
  CHECK(c.notes.size() == 1);
}

TEST_CASE("what is not a readable GGUF file is refused") {
  CHECK(message_of("GGML" + le(std::uint32_t{3})) == "m.gguf: is not GGUF at byte 0");
  CHECK(message_of("GGUF" + le(std::uint32_t{1})) == "m.gguf: has GGUF version 1, not 2 or 3");
  CHECK(message_of("GGUF" + le(std::uint32_t{0x03000000})) ==
        "m.gguf: is big-endian GGUF, which is not read");
}

TEST_CASE("hostile counts are refused, not asked for") {
  const std::string start = "GGUF" + le(std::uint32_t{3});
  CHECK(message_of(start + le(~std::uint64_t{0}) + le(std::uint64_t{0})) ==
        "m.gguf: states 18446744073709551615 tensors, before byte 16");
  CHECK(message_of(start + le(std::uint64_t{0}) + le(~std::uint64_t{0})) ==
        "m.gguf: states 18446744073709551615 metadata keys, before byte 24");
  CHECK(message_of(start + le(std::uint64_t{0}) + le(std::uint64_t{1}) + le(~std::uint64_t{0})) ==
        "m.gguf: states 18446744073709551615 bytes of text, before byte 32");
}

TEST_CASE("broken tensors are refused") {
  const auto broken = [](std::vector<std::uint64_t> shape, std::uint32_t type) {
    return message_of(small_model().tensor("t", std::move(shape), type).bytes());
  };
  CHECK(broken({100, 2}, 12).find("tensor 't' has rows of broken blocks") != std::string::npos);
  CHECK(broken({256}, 99).find("tensor 't' has unknown type 99") != std::string::npos);
  CHECK(broken({1, 1, 1, 1, 1}, 0).find("over 4 dimensions") != std::string::npos);
  const std::uint64_t huge = std::uint64_t{1} << 40;
  CHECK(broken({huge, huge, huge, huge}, 0).find("too large") != std::string::npos);
  CHECK(message_of(small_model().tensor("t", {1}, 0).tensor("t", {1}, 0).bytes())
            .find("comes twice") != std::string::npos);
}

TEST_CASE("deeply nested arrays are refused") {
  std::string nested;
  for (int i = 0; i < 10; ++i) nested += le(std::uint32_t{9}) + le(std::uint64_t{1});
  CHECK(message_of(small_model().raw("a", 9, nested).bytes()).find("nests arrays") !=
        std::string::npos);
}

TEST_CASE("architectures that cannot be expressed are refused") {
  CHECK_THROWS_WITH(model_of(small_model("mamba2")),
                    "m.gguf: architecture 'mamba2' is not modelled: Mamba layers");
  Builder hybrid = small_model("brand_new");
  hybrid.own("ssm.inner_size", 512).tensor("token_embd.weight", {256, 10}, 1);
  CHECK_THROWS_WITH(model_of(hybrid), "m.gguf: has Mamba layers, not modelled");
}

TEST_CASE("layers with different head counts are refused") {
  Builder b("llama");
  b.own("block_count", 2).own("embedding_length", 256);
  b.raw("llama.attention.head_count",
        9,
        le(std::uint32_t{4}) + le(std::uint64_t{2}) + le(std::uint32_t{4}) + le(std::uint32_t{8}));
  CHECK_THROWS_WITH(model_of(b),
                    "m.gguf: 'llama.attention.head_count' must be one whole number: "
                    "layers that differ are not modelled");
}

TEST_CASE("a missing key is named") {
  CHECK_THROWS_WITH(model_of(Builder("llama")),
                    "m.gguf: 'llama.block_count' must be a positive whole number, got none");
  const std::vector<GgufHeader> none;
  CHECK_THROWS_WITH(read_gguf_model(none, "m.gguf"), "m.gguf: has no 'general.architecture'");
}

}  // namespace
}  // namespace dsplan::ingest
