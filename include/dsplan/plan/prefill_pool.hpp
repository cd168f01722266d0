// The pool of devices that runs the prompts of a deployment whose other pool decodes [P-POOLS].
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dsplan::plan {

/// As far as it was said: the other settings are those of the decode pool. Without a layout it gets
/// the best that fits.
struct PrefillPool {
  std::optional<std::int64_t> gpus;
  std::optional<std::int64_t> tp;
  std::optional<std::int64_t> pp;
  std::optional<std::int64_t> dp;
  std::optional<std::int64_t> ep;
  std::optional<std::int64_t> cp;
  std::optional<std::int64_t> attention_dp;
  std::optional<std::int64_t> max_batched_tokens;
};

/// From "tp=2,dp=4,max-batched-tokens=16384". Throws usage errors: an unknown key (with the
/// nearest), one said twice, a value that is no count of at least 1.
[[nodiscard]] PrefillPool parse_prefill_pool(std::string_view text);

/// The same text, sizes of 1 left out but for tp.
[[nodiscard]] std::string text_of(const PrefillPool& pool);

}  // namespace dsplan::plan
