#include "dsplan/catalog/catalog.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "dsplan/base/error.hpp"
#include "dsplan/base/suggest.hpp"

#include "version.hpp"

namespace dsplan::catalog {
namespace {

bool is_punctuation(char c) { return c == ' ' || c == '-' || c == '_' || c == '.' || c == '/'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

template <typename Entry>
concept HasAliases = requires(const Entry& e) {
  e.aliases;
};
template <typename Entry>
concept SharesAliases = requires(const Entry& e) {
  e.shared_aliases;
};

bool contains_name(TextList list, std::string_view name) {
  return std::any_of(
      list.begin(), list.end(), [&](std::string_view alias) { return same_name(alias, name); });
}

template <typename Entry>
bool answers_to(const Entry& entry, std::string_view name) {
  if (same_name(entry.id, name)) return true;
  if constexpr (HasAliases<Entry>) return contains_name(entry.aliases, name);
  return false;
}

std::string squeezed(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (!is_punctuation(c)) result.push_back(lower(c));
  }
  return result;
}

/// "rtx4090" for "rtx-4090": names that agree without any punctuation, when only one entry does
/// ("opt13b" could be opt-13b or opt-1.3b, and so is neither).
template <typename Entry>
const Entry* find_squeezed(std::span<const Entry> rows, std::string_view name) {
  const std::string wanted = squeezed(name);
  const Entry* found = nullptr;
  for (const Entry& row : rows) {
    bool answers = squeezed(row.id) == wanted;
    if constexpr (HasAliases<Entry>) {
      answers = answers || std::any_of(row.aliases.begin(),
                                       row.aliases.end(),
                                       [&](std::string_view a) { return squeezed(a) == wanted; });
    }
    if (answers && found != nullptr) return nullptr;
    if (answers) found = &row;
  }
  return found;
}

/// "'h100' can also mean h100-pcie or h100-nvl; taken as h100-sxm" when others share the name.
template <typename Entry>
std::string ambiguity_note(std::span<const Entry> rows, const Entry& taken, std::string_view name) {
  if constexpr (SharesAliases<Entry>) {
    std::string others;
    for (const Entry& row : rows) {
      if (&row == &taken || !contains_name(row.shared_aliases, name)) continue;
      others += (others.empty() ? "" : ", ") + std::string(row.id);
    }
    if (!others.empty() && !same_name(taken.id, name)) {
      return "'" + std::string(name) + "' is taken as " + std::string(taken.id) +
             "; it can also mean " + others;
    }
  }
  return {};
}

template <typename Entry>
std::vector<std::string_view> known_names(std::span<const Entry> rows) {
  std::vector<std::string_view> names;
  for (const Entry& row : rows) names.push_back(row.id);
  if constexpr (HasAliases<Entry>) {
    for (const Entry& row : rows) names.insert(names.end(), row.aliases.begin(), row.aliases.end());
  }
  return names;
}

template <typename Entry>
[[noreturn]] void fail_unknown(std::span<const Entry> rows, std::string_view name) {
  const KindName kind = kind_of<Entry>();
  const auto names = known_names(rows);
  throw Error(
      ErrorCode::usage,
      "unknown " + std::string(kind.one) + " '" + std::string(name) + "'",
      did_you_mean(
          name, names, "`dsplan catalog list " + std::string(kind.many) + "` shows what is known"));
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return lower(x) == lower(y) || (is_punctuation(x) && is_punctuation(y));
         });
}

Catalog::Catalog(const Tables& t)
    : tables_{Table<Gpu>{t.gpus, {}},
              Table<Model>{t.models, {}},
              Table<Format>{t.formats, {}},
              Table<Engine>{t.engines, {}},
              Table<Link>{t.links, {}},
              Table<Price>{t.prices, {}},
              Table<Framework>{t.frameworks, {}},
              Table<Optimizer>{t.optimizers, {}},
              Table<Kernel>{t.kernels, {}},
              Table<Stack>{t.stacks, {}},
              Table<Protocol>{t.protocols, {}},
              Table<Scenario>{t.scenarios, {}},
              Table<TrainingRate>{t.training_rates, {}},
              Table<Band>{t.bands, {}},
              Table<Toolkit>{t.toolkits, {}}} {}

template <typename Entry>
const Entry* Catalog::find(std::string_view name) const {
  const auto rows = all<Entry>();
  const auto by_id =
      std::find_if(rows.begin(), rows.end(), [&](const Entry& e) { return same_name(e.id, name); });
  if (by_id != rows.end()) return &*by_id;
  const auto by_alias =
      std::find_if(rows.begin(), rows.end(), [&](const Entry& e) { return answers_to(e, name); });
  return by_alias == rows.end() ? find_squeezed(rows, name) : &*by_alias;
}

template <typename Entry>
Match<Entry> Catalog::resolve(std::string_view name) const {
  const Entry* entry = find<Entry>(name);
  if (entry == nullptr) fail_unknown(all<Entry>(), name);
  return {entry, ambiguity_note(all<Entry>(), *entry, name)};
}

template <typename Entry>
void Catalog::put(const Entry& entry) {
  auto& table = std::get<Table<Entry>>(tables_);
  if (table.own.empty()) table.own.assign(table.rows.begin(), table.rows.end());
  const auto same = std::find_if(
      table.own.begin(), table.own.end(), [&](const Entry& e) { return e.id == entry.id; });
  if (same != table.own.end()) {
    *same = entry;
  } else {
    table.own.push_back(entry);
  }
  table.rows = table.own;
}

const FieldOrigin* Catalog::origin(std::string_view kind,
                                   std::string_view id,
                                   std::string_view key) const {
  const auto last = std::find_if(origins_.rbegin(), origins_.rend(), [&](const FieldOrigin& o) {
    return o.kind == kind && o.id == id && o.key == key;
  });
  return last == origins_.rend() ? nullptr : &*last;
}

std::string_view Catalog::keep(std::string text) {
  texts_->push_back(std::move(text));
  return texts_->back();
}

TextList Catalog::keep(std::vector<std::string_view> list) {
  lists_->push_back(std::move(list));
  return lists_->back();
}

#define DSPLAN_INSTANTIATE(Entry)                                        \
  template const Entry* Catalog::find<Entry>(std::string_view) const;    \
  template Match<Entry> Catalog::resolve<Entry>(std::string_view) const; \
  template void Catalog::put<Entry>(const Entry&);
DSPLAN_INSTANTIATE(Gpu)
DSPLAN_INSTANTIATE(Model)
DSPLAN_INSTANTIATE(Format)
DSPLAN_INSTANTIATE(Engine)
DSPLAN_INSTANTIATE(Link)
DSPLAN_INSTANTIATE(Price)
DSPLAN_INSTANTIATE(Framework)
DSPLAN_INSTANTIATE(Optimizer)
DSPLAN_INSTANTIATE(Kernel)
DSPLAN_INSTANTIATE(Stack)
DSPLAN_INSTANTIATE(Protocol)
DSPLAN_INSTANTIATE(Scenario)
DSPLAN_INSTANTIATE(TrainingRate)
DSPLAN_INSTANTIATE(Band)
DSPLAN_INSTANTIATE(Toolkit)
#undef DSPLAN_INSTANTIATE

namespace {

// Words that publishers add to a model's name without changing what is planned.
constexpr std::array<std::string_view, 18> kNeutralSuffixes{"instruct",
                                                            "chat",
                                                            "it",
                                                            "base",
                                                            "hf",
                                                            "gguf",
                                                            "preview",
                                                            "dynamic",
                                                            "static",
                                                            "pt",
                                                            "mlx",
                                                            "text",
                                                            "thinking",
                                                            "quantized",
                                                            "unsloth",
                                                            "bnb",
                                                            "qat",
                                                            "per-tensor"};

std::string_view without_organisation(std::string_view name) {
  const auto slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

bool is_date(std::string_view word) {
  return word.size() >= 4 && word.size() <= 8 &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_neutral_word(std::string_view word) {
  return std::any_of(kNeutralSuffixes.begin(),
                     kNeutralSuffixes.end(),
                     [&](std::string_view suffix) { return same_name(word, suffix); });
}

bool is_neutral(std::string_view word) { return is_date(word) || is_neutral_word(word); }

/// "Mixtral-8x7B-v0.1" for "Mixtral-8x7B-Instruct-v0.1".
std::string without_neutral_words(std::string_view name) {
  std::string result;
  while (!name.empty()) {
    const auto dash = name.find('-');
    const std::string_view word = name.substr(0, dash);
    name = dash == std::string_view::npos ? std::string_view{} : name.substr(dash + 1);
    if (!result.empty() && is_neutral_word(word)) continue;
    result += (result.empty() ? "" : "-") + std::string(word);
  }
  return result;
}

const Model* find_published(const Catalog& catalog, std::string_view name) {
  if (const Model* model = catalog.find<Model>(name)) return model;
  const auto models = catalog.all<Model>();
  const auto by_repo = std::find_if(models.begin(), models.end(), [&](const Model& m) {
    return !m.hf_repo.empty() &&
           (same_name(m.hf_repo, name) || same_name(without_organisation(m.hf_repo), name));
  });
  return by_repo == models.end() ? nullptr : &*by_repo;
}

/// Takes the last word, or the last two or three when together they name a format, off `rest`.
/// Returns false when the end of the name is neither a format nor a neutral word.
bool strip_suffix(const Catalog& catalog, std::string_view& rest, const Format*& format) {
  std::size_t cut = rest.size();
  const Format* longest = nullptr;
  std::size_t longest_cut = 0;
  for (int words = 0; words < 3; ++words) {
    const auto dash = rest.find_last_of("-._", cut == 0 ? 0 : cut - 1);
    if (dash == std::string_view::npos || dash == 0) break;
    cut = dash;
    if (const Format* found = catalog.find<Format>(rest.substr(dash + 1)); found != nullptr) {
      longest = found;
      longest_cut = dash;
    }
  }
  if (longest != nullptr) {
    if (format == nullptr) format = longest;
    rest = rest.substr(0, longest_cut);
    return true;
  }
  const auto dash = rest.find_last_of("-.");
  if (dash == std::string_view::npos || dash == 0 || !is_neutral(rest.substr(dash + 1)))
    return false;
  rest = rest.substr(0, dash);
  return true;
}

}  // namespace

ModelName resolve_model(const Catalog& catalog, std::string_view name) {
  if (const Model* model = find_published(catalog, name)) {
    return {model, nullptr, ambiguity_note(catalog.all<Model>(), *model, name)};
  }
  std::string_view rest = without_organisation(name);
  const Format* format = nullptr;
  do {
    const Model* model = find_published(catalog, rest);
    if (model == nullptr) model = find_published(catalog, without_neutral_words(rest));
    if (model != nullptr) {
      std::string note = "'" + std::string(name) + "' is read as " + std::string(model->id);
      if (format != nullptr) note += " with weights in " + std::string(format->id);
      return {model, format, std::move(note)};
    }
  } while (strip_suffix(catalog, rest, format));
  fail_unknown(catalog.all<Model>(), without_organisation(name));
}

namespace {}  // namespace

const Engine& engine_at(const Catalog& catalog, const Engine& engine, std::string_view version) {
  const Engine* best = &engine;
  for (const Engine& row : catalog.all<Engine>()) {
    if (row.engine != engine.id || !holds_at(row.from_version, version)) continue;
    if (!version_before(row.from_version, best == &engine ? "" : best->from_version)) best = &row;
  }
  return *best;
}

}  // namespace dsplan::catalog
