#include "dsplan/plan/prefill_pool.hpp"

#include <algorithm>
#include <array>

#include "dsplan/base/parse.hpp"
#include "dsplan/base/suggest.hpp"

#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using Member = std::optional<std::int64_t> PrefillPool::*;

struct Key {
  std::string_view name;
  Member member;
};
constexpr std::array<Key, 8> kKeys{{{"gpus", &PrefillPool::gpus},
                                    {"tp", &PrefillPool::tp},
                                    {"pp", &PrefillPool::pp},
                                    {"dp", &PrefillPool::dp},
                                    {"ep", &PrefillPool::ep},
                                    {"cp", &PrefillPool::cp},
                                    {"attention-dp", &PrefillPool::attention_dp},
                                    {"max-batched-tokens", &PrefillPool::max_batched_tokens}}};

const Key& key_named(std::string_view name) {
  const auto found =
      std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& k) { return k.name == name; });
  if (found != kKeys.end()) return *found;
  std::array<std::string_view, kKeys.size()> names{};
  std::transform(kKeys.begin(), kKeys.end(), names.begin(), [](const Key& k) { return k.name; });
  std::string all;
  for (const auto known : names) all += (all.empty() ? "" : ", ") + std::string(known);
  refuse("--prefill-pool: '" + std::string(name) + "' is not a key of a pool",
         did_you_mean(name, names, "its keys: " + all));
}

void set(PrefillPool& pool, std::string_view item) {
  const auto equals = item.find('=');
  if (item.empty() || equals == std::string_view::npos)
    refuse("--prefill-pool: '" + std::string(item) + "' is not KEY=COUNT", "write tp=2,dp=4");
  const Key& key = key_named(item.substr(0, equals));
  auto& member = pool.*key.member;
  const std::string name(key.name);
  if (member) refuse("--prefill-pool: " + name + " is said twice", "keep one of them");
  member = parse_count(item.substr(equals + 1));
  if (!member || *member < 1) {
    refuse("--prefill-pool: " + name + " must be a count of at least 1, got '" +
               std::string(item.substr(equals + 1)) + "'",
           "write " + name + "=2");
  }
}

}  // namespace

PrefillPool parse_prefill_pool(std::string_view text) {
  PrefillPool pool;
  while (true) {
    const auto comma = text.find(',');
    set(pool, text.substr(0, comma));
    if (comma == std::string_view::npos) return pool;
    text.remove_prefix(comma + 1);
  }
}

std::string text_of(const PrefillPool& pool) {
  std::string all;
  for (const Key& key : kKeys) {
    const auto& value = pool.*key.member;
    const bool unsaid = !value || (*value == 1 && key.name != "tp");
    if (!unsaid)
      all += (all.empty() ? "" : ",") + std::string(key.name) + "=" + std::to_string(*value);
  }
  return all;
}

}  // namespace dsplan::plan
