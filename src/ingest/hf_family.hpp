// What a model_type implies beyond the keys of its config.json. Private to the ingest floor.
#pragma once

#include <cstdint>
#include <string_view>

namespace dsplan::ingest {

/// Whether a bias exists: fixed by the family, or said by a key with a default.
enum class Bias { no, yes, key_or_no, key_or_yes };
/// Norm of queries and keys: fixed, or only with `use_qk_norm`.
enum class QkNorm { none, head, full, head_by_key, full_by_key };

/// Facts that are yes or no, as bits.
using Trait = std::uint32_t;
inline constexpr Trait kTied = 1u << 0;  ///< tied embeddings unless the config says otherwise
inline constexpr Trait kLayerNormBias = 1u << 1;  ///< LayerNorm with bias
inline constexpr Trait kPlainMlp = 1u << 2;       ///< two matrices rather than three
inline constexpr Trait kRouterBias = 1u << 3;     ///< bias or correction of the router, always
inline constexpr Trait kExpertBias = 1u << 4;
inline constexpr Trait kSharedGate = 1u << 5;
inline constexpr Trait kOutputGate = 1u << 6;
inline constexpr Trait kSinks = 1u << 7;
inline constexpr Trait kHeadBias = 1u << 8;
inline constexpr Trait kLearnedPositions = 1u << 9;
inline constexpr Trait kEncoder = 1u << 10;
inline constexpr Trait kFourfoldMlp = 1u << 11;  ///< intermediate size defaults to 4 x hidden
inline constexpr Trait kHalfMlp = 1u << 12;      ///< intermediate_size counts gate and up together
inline constexpr Trait kNoNormWeights = 1u << 13;  ///< norms without weights
inline constexpr Trait kEmbeddingNorm = 1u << 14;  ///< LayerNorm after the embedding
inline constexpr Trait kLlama4Mlp =
    1u << 15;  ///< intermediate_size is the experts', one shared expert each
inline constexpr Trait kParallelByKey =
    1u << 16;  ///< attention and MLP in parallel share a norm, by a key
inline constexpr Trait kMultiQuery =
    1u << 17;  ///< kv heads by `multi_query` (and new_decoder_architecture)
inline constexpr Trait kAllExperts =
    1u << 18;  ///< intermediate_size is the experts' when no moe size is given
inline constexpr Trait kWindowByFlag = 1u
                                       << 19;  ///< the window counts only with use_sliding_window
inline constexpr Trait kLinear = 1u << 20;     ///< hybrid by full_attention_interval

inline constexpr Trait kFusedQkv = 1u << 21;
inline constexpr Trait kFusedGateUp = 1u << 22;
inline constexpr Trait kParallelMlp = 1u << 23;    ///< always; falcon and stablelm say it by key
inline constexpr Trait kBareLayerNorm = 1u << 24;  ///< LayerNorm without bias
inline constexpr Trait kNormsAfter = 1u << 25;     ///< norms of outputs alone
inline constexpr Trait kSigmoid = 1u << 26;        ///< router scores, unless the config says
inline constexpr Trait kNope = 1u << 27;           ///< no rotary positions at all (ALiBi)
inline constexpr Trait kNopeFull = 1u << 28;       ///< none in layers that attend to everything
inline constexpr Trait kNopeFourth = 1u << 29;     ///< none in every fourth layer

struct Family {
  std::string_view type;
  std::uint32_t traits = 0;
  Bias qkv = Bias::key_or_no;
  Bias out = Bias::key_or_no;
  Bias mlp = Bias::key_or_no;
  QkNorm qk = QkNorm::none;
  std::int64_t norms = 2;
  std::int64_t window_period = 0;  ///< 0: no window; 1: every layer; n: all but each nth layer
  std::string_view note{};         ///< what the reading leaves out
};

[[nodiscard]] constexpr bool has(const Family& family, Trait trait) {
  return (family.traits & trait) != 0;
}

/// The family of a model_type ("qwen3_vl_text" and the like included), or null.
[[nodiscard]] const Family* find_family(std::string_view model_type);

/// Why a model_type cannot be expressed, or empty.
[[nodiscard]] std::string_view why_refused(std::string_view model_type);

/// The value that transformers assumes when a published config leaves a key out; 0: none.
[[nodiscard]] std::int64_t default_of(std::string_view model_type, std::string_view key);

}  // namespace dsplan::ingest
