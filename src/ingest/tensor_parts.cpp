#include "tensor_parts.hpp"

#include <array>
#include <charconv>
#include <span>

namespace dsplan::ingest {
namespace {

/// A name that contains (or, with `whole`, is) `word` belongs to `part`. First match wins.
struct NameRule {
  std::string_view word;
  Part part;
  bool whole = false;
};

// Towers come first: they have layers, embeddings and heads of their own.
constexpr std::array kHfRules{
    NameRule{"vision", &TensorSizes::vision},
    NameRule{"visual", &TensorSizes::vision},
    NameRule{"audio", &TensorSizes::vision},
    NameRule{"multi_modal_projector", &TensorSizes::vision},
    NameRule{"mm_projector", &TensorSizes::vision},
    NameRule{"patch_merger", &TensorSizes::vision},
    NameRule{"image_newline", &TensorSizes::vision},
    NameRule{"mtp.", &TensorSizes::mtp},
    NameRule{"mtp_", &TensorSizes::mtp},
    NameRule{"nextn", &TensorSizes::mtp},
    NameRule{".experts.", &TensorSizes::experts},
    NameRule{"embed_tokens", &TensorSizes::embedding},
    NameRule{"embed_positions", &TensorSizes::embedding},
    NameRule{"word_embeddings.", &TensorSizes::embedding},
    NameRule{"word_embedding.", &TensorSizes::embedding},
    NameRule{"position_embeddings", &TensorSizes::embedding},
    NameRule{"token_type_embeddings", &TensorSizes::embedding},
    NameRule{"tok_embeddings", &TensorSizes::embedding},
    NameRule{"embed_in.", &TensorSizes::embedding},
    NameRule{"wte.", &TensorSizes::embedding},
    NameRule{"wpe.", &TensorSizes::embedding},
    NameRule{"embed.weight", &TensorSizes::embedding, true},
    NameRule{"lm_head", &TensorSizes::head},
    NameRule{"embed_out.", &TensorSizes::head},
    NameRule{"output_layer.", &TensorSizes::head},
    NameRule{"output.weight", &TensorSizes::head, true},
    NameRule{"head.weight", &TensorSizes::head, true},
    NameRule{"layers.", &TensorSizes::layers},
    NameRule{"layer.", &TensorSizes::layers},
    NameRule{"blocks.", &TensorSizes::layers},
    NameRule{"h.", &TensorSizes::layers},
};

constexpr std::array kGgufRules{
    NameRule{"v.", &TensorSizes::vision, false},
    NameRule{"mm.", &TensorSizes::vision, false},
    NameRule{"nextn", &TensorSizes::mtp},
    NameRule{"_exps.", &TensorSizes::experts},
    NameRule{"token_embd.", &TensorSizes::embedding},
    NameRule{"token_types.", &TensorSizes::embedding},
    NameRule{"position_embd.", &TensorSizes::embedding},
    NameRule{"output.weight", &TensorSizes::head, true},
    NameRule{"output.bias", &TensorSizes::head, true},
    NameRule{"blk.", &TensorSizes::layers},
};

bool at_word_start(std::string_view name, std::size_t at) { return at == 0 || name[at - 1] == '.'; }

/// Short words ("h.", "v.") must begin a path element, or they would match inside others.
bool matches(const NameRule& rule, std::string_view name) {
  if (rule.whole) return name == rule.word;
  const std::size_t at = name.find(rule.word);
  return at != name.npos &&
         (rule.word.size() > 4 || at_word_start(name, at) || rule.word[0] == '.');
}

Part first_match(std::span<const NameRule> rules, std::string_view name) {
  for (const NameRule& rule : rules) {
    if (matches(rule, name)) return rule.part;
  }
  return &TensorSizes::other;
}

}  // namespace

std::optional<std::int64_t> layer_of(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kBefore{
      "layers.", "layer.", "blocks.", "blk.", "h."};
  for (const std::string_view word : kBefore) {
    const std::size_t at = name.find(word);
    if (at == name.npos || !at_word_start(name, at)) continue;
    std::int64_t layer = 0;
    const char* begin = name.data() + at + word.size();
    const auto [end, error] = std::from_chars(begin, name.data() + name.size(), layer);
    if (error == std::errc() && layer >= 0) return layer;
  }
  return std::nullopt;
}

Part part_of_hf_tensor(std::string_view name, bool in_mtp_layer) {
  const Part part = first_match(kHfRules, name);
  return in_mtp_layer && part != &TensorSizes::vision ? &TensorSizes::mtp : part;
}

Part part_of_gguf_tensor(std::string_view name, bool in_mtp_layer) {
  return in_mtp_layer ? &TensorSizes::mtp : first_match(kGgufRules, name);
}

}  // namespace dsplan::ingest
