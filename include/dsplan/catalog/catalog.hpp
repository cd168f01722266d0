// The catalog: built-in tables, merged with the user's overlays, looked up by the names people use.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "dsplan/catalog/band.hpp"
#include "dsplan/catalog/engine.hpp"
#include "dsplan/catalog/format.hpp"
#include "dsplan/catalog/framework.hpp"
#include "dsplan/catalog/gpu.hpp"
#include "dsplan/catalog/kernel.hpp"
#include "dsplan/catalog/link.hpp"
#include "dsplan/catalog/model.hpp"
#include "dsplan/catalog/optimizer.hpp"
#include "dsplan/catalog/price.hpp"
#include "dsplan/catalog/protocol.hpp"
#include "dsplan/catalog/scenario.hpp"
#include "dsplan/catalog/stack.hpp"
#include "dsplan/catalog/toolkit.hpp"
#include "dsplan/catalog/training_rate.hpp"

namespace dsplan::catalog {

/// All rows of every kind. The built-in ones are constants of the program.
struct Tables {
  std::span<const Gpu> gpus;
  std::span<const Model> models;
  std::span<const Format> formats;
  std::span<const Engine> engines;
  std::span<const Link> links;
  std::span<const Price> prices;
  std::span<const Framework> frameworks;
  std::span<const Optimizer> optimizers;
  std::span<const Kernel> kernels;
  std::span<const Stack> stacks;
  std::span<const Protocol> protocols;
  std::span<const Scenario> scenarios;
  std::span<const TrainingRate> training_rates;
  std::span<const Band> bands;
  std::span<const Toolkit> toolkits;
};

/// The tables compiled from data/*.yaml.
[[nodiscard]] const Tables& builtin_tables();

/// Where an overlay (or the table compiler) set a field: file:line:column.
struct FieldOrigin {
  std::string_view kind;
  std::string id;
  std::string key;  ///< empty: the entry itself
  std::string place;
};

/// An entry found by a name, and what to tell the user about how it was found.
template <typename Entry>
struct Match {
  const Entry* entry = nullptr;
  std::string note;  ///< "'h100' also means h100-pcie; taken as h100-sxm", or empty
};

/// Rows and the texts that overlays brought. Moves, does not copy: rows point into it.
class Catalog {
 public:
  explicit Catalog(const Tables& tables);
  Catalog(Catalog&&) = default;
  Catalog& operator=(Catalog&&) = default;
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  template <typename Entry>
  [[nodiscard]] std::span<const Entry> all() const {
    return std::get<Table<Entry>>(tables_).rows;
  }

  /// The entry with this id or alias, or null. Case and the kind of separator do not count; missing
  /// separators do not either ("rtx4090") when that leaves one meaning.
  template <typename Entry>
  [[nodiscard]] const Entry* find(std::string_view name) const;

  /// The entry that people mean by `name`. Throws a usage error with the nearest name.
  template <typename Entry>
  [[nodiscard]] Match<Entry> resolve(std::string_view name) const;

  /// Replaces the entry of the same id, or adds it.
  template <typename Entry>
  void put(const Entry& entry);

  void mark(FieldOrigin origin) { origins_.push_back(std::move(origin)); }
  /// The place that set the field (or, with an empty key, the entry) last, if no built-in did.
  [[nodiscard]] const FieldOrigin* origin(std::string_view kind,
                                          std::string_view id,
                                          std::string_view key) const;

  /// Keeps a text, or a list of texts, as long as the catalog lives.
  [[nodiscard]] std::string_view keep(std::string text);
  [[nodiscard]] TextList keep(std::vector<std::string_view> list);

 private:
  template <typename Entry>
  struct Table {
    std::span<const Entry> rows;
    std::vector<Entry> own;  ///< used once an overlay changes the kind
  };
  std::tuple<Table<Gpu>,
             Table<Model>,
             Table<Format>,
             Table<Engine>,
             Table<Link>,
             Table<Price>,
             Table<Framework>,
             Table<Optimizer>,
             Table<Kernel>,
             Table<Stack>,
             Table<Protocol>,
             Table<Scenario>,
             Table<TrainingRate>,
             Table<Band>,
             Table<Toolkit>>
      tables_;
  std::vector<FieldOrigin> origins_;
  std::unique_ptr<std::deque<std::string>> texts_ = std::make_unique<std::deque<std::string>>();
  std::unique_ptr<std::deque<std::vector<std::string_view>>> lists_ =
      std::make_unique<std::deque<std::vector<std::string_view>>>();
};

/// Do two names agree but for case and the kind of separator ("RTX 4090" and "rtx-4090")?
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);

/// A model name as people write it, taken apart: "Qwen/Qwen3-32B-FP8" is qwen3-32b in fp8.
struct ModelName {
  const Model* model = nullptr;
  const Format* format = nullptr;  ///< what the name's suffix says of the weights, or null
  std::string note;                ///< how the name was read, when that may surprise; or empty
};

/// Resolves ids, aliases, repositories, other organisations' copies and suffixes such as
/// -Instruct, -FP8, -AWQ. Throws a usage error with the nearest name.
[[nodiscard]] ModelName resolve_model(const Catalog& catalog, std::string_view name);

/// The entry of an engine for a version ("0.11.0"): the latest that is not newer. With no version
/// the engine's newest known behaviour. Throws a usage error for an unreadable version.
[[nodiscard]] const Engine& engine_at(const Catalog& catalog,
                                      const Engine& engine,
                                      std::string_view version);

}  // namespace dsplan::catalog
