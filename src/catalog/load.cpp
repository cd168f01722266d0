#include "dsplan/catalog/load.hpp"

#include <algorithm>
#include <set>

#include <yaml-cpp/yaml.h>

#include "dsplan/base/error.hpp"
#include "dsplan/base/parse.hpp"
#include "dsplan/base/suggest.hpp"

namespace dsplan::catalog {
namespace {

/// The file being read, for messages.
struct Source {
  Catalog& catalog;
  std::string_view file;

  [[nodiscard]] std::string place(const YAML::Mark& mark) const {
    if (mark.is_null()) return std::string(file);
    return std::string(file) + ":" + std::to_string(mark.line + 1) + ":" +
           std::to_string(mark.column + 1);
  }
  [[noreturn]] void fail(const YAML::Mark& mark, const std::string& what, std::string hint) const {
    throw Error(ErrorCode::input, place(mark) + ": " + what, std::move(hint));
  }
};

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

/// A plain scalar, quoted or not; "~", maps and lists are not.
std::string scalar(const Source& source, const YAML::Node& node, const std::string& owner) {
  if (!node.IsScalar()) {
    source.fail(node.Mark(), owner + " must be one value", "write a single text or number");
  }
  return node.Scalar();
}

/// Every key of a map once; yaml-cpp itself accepts repeated keys and takes the first.
void check_keys(const Source& source, const YAML::Node& map, const std::string& owner) {
  std::set<std::string> seen;
  for (const auto& pair : map) {
    const std::string key = scalar(source, pair.first, "a key of " + owner);
    if (!seen.insert(key).second) {
      source.fail(
          pair.first.Mark(), owner + ": key " + quoted(key) + " appears twice", "keep one of them");
    }
  }
}

// ---- values of fields ----

template <typename Entry>
struct FieldReader {
  const Source& source;
  const YAML::Node& node;
  const Field<Entry>& field;
  const std::string& owner;
  Entry& entry;

  [[noreturn]] void fail(std::string_view wanted) const {
    const std::string got = node.IsScalar() ? quoted(node.Scalar()) : "a list or map";
    source.fail(
        node.Mark(),
        owner + ": " + quoted(field.key) + " must be " + std::string(wanted) + ", got " + got,
        "mend the value, or leave the key out when it is unknown");
  }
  [[nodiscard]] double number() const {
    const auto value = node.IsScalar() ? parse_number(node.Scalar()) : std::nullopt;
    if (!value) fail("a finite number, not negative");
    return *value;
  }
  void operator()(std::string_view Entry::*member) const {
    if (!node.IsScalar()) fail("a text");
    if (!field.one_of.empty() &&
        std::find(field.one_of.begin(), field.one_of.end(), node.Scalar()) == field.one_of.end()) {
      std::string words;
      for (const auto word : field.one_of) words += (words.empty() ? "" : ", ") + std::string(word);
      fail("one of " + words);
    }
    entry.*member = source.catalog.keep(node.Scalar());
  }
  void operator()(TextList Entry::*member) const {
    if (!node.IsSequence()) fail("a list of texts");
    std::vector<std::string_view> list;
    for (const auto& item : node) {
      if (!item.IsScalar()) fail("a list of texts");
      list.push_back(source.catalog.keep(item.Scalar()));
    }
    entry.*member = source.catalog.keep(std::move(list));
  }
  void operator()(bool Entry::*member) const {
    if (!node.IsScalar() || (node.Scalar() != "true" && node.Scalar() != "false")) {
      fail("true or false");
    }
    entry.*member = node.Scalar() == "true";
  }
  void operator()(std::int64_t Entry::*member) const {
    const auto value = node.IsScalar() ? parse_count(node.Scalar()) : std::nullopt;
    if (!value) fail("a whole number, not negative");
    entry.*member = *value;
  }
  void operator()(double Entry::*member) const { entry.*member = number(); }
  void operator()(std::optional<double> Entry::*member) const { entry.*member = number(); }
};

template <typename Entry>
bool is_set(const Entry& entry, const Field<Entry>& field) {
  struct IsSet {
    const Entry& entry;
    bool operator()(std::string_view Entry::*m) const { return !(entry.*m).empty(); }
    bool operator()(TextList Entry::*m) const { return !(entry.*m).empty(); }
    bool operator()(bool Entry::*) const { return true; }
    bool operator()(std::int64_t Entry::*m) const { return entry.*m > 0; }
    bool operator()(double Entry::*m) const { return entry.*m > 0.0; }
    bool operator()(std::optional<double> Entry::*m) const { return (entry.*m).has_value(); }
  };
  return std::visit(IsSet{entry}, field.member);
}

// ---- entries ----

constexpr std::string_view kExtends = "extends";

template <typename Entry>
const Field<Entry>* field_named(std::string_view key) {
  const auto fields = fields_of<Entry>();
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.key == key; });
  return found == fields.end() ? nullptr : &*found;
}

template <typename Entry>
[[noreturn]] void fail_unknown_key(const Source& source,
                                   const YAML::Node& key,
                                   const std::string& owner) {
  std::vector<std::string_view> known;
  for (const auto& field : fields_of<Entry>()) known.push_back(field.key);
  source.fail(key.Mark(),
              owner + ": unknown key " + quoted(key.Scalar()),
              did_you_mean(key.Scalar(), known, "docs/catalog.md lists the keys"));
}

/// What the entry starts from: the one it extends, the one it overlays, or nothing.
template <typename Entry>
Entry starting_point(const Source& source,
                     const YAML::Node& node,
                     const std::string& id,
                     const std::string& owner) {
  const YAML::Node extended = node[std::string(kExtends)];
  if (extended.IsDefined()) {
    const Entry* base = source.catalog.find<Entry>(scalar(source, extended, owner));
    if (base == nullptr) {
      source.fail(extended.Mark(),
                  owner + " extends an unknown entry " + quoted(extended.Scalar()),
                  "name an entry that stands before it");
    }
    Entry copy = *base;
    if constexpr (requires { copy.aliases; }) copy.aliases = {};
    return copy;
  }
  const auto rows = source.catalog.all<Entry>();
  const auto same =
      std::find_if(rows.begin(), rows.end(), [&](const Entry& e) { return e.id == id; });
  return same == rows.end() ? Entry{} : *same;
}

template <typename Entry>
void check_required(const Source& source,
                    const YAML::Node& node,
                    const Entry& entry,
                    const std::string& owner) {
  for (const auto& field : fields_of<Entry>()) {
    if (field.required && !is_set(entry, field)) {
      source.fail(node.Mark(),
                  owner + ": missing key " + quoted(field.key),
                  std::string(field.key) + ": " + std::string(field.meaning));
    }
  }
}

template <typename Entry>
std::string entry_id(const Source& source, const YAML::Node& node) {
  const std::string kind(kind_of<Entry>().one);
  if (!node.IsMap())
    source.fail(node.Mark(), "a " + kind + " must be a map of keys", "start with `- id: ...`");
  check_keys(source, node, "a " + kind);
  const YAML::Node id = node["id"];
  if (!id.IsDefined())
    source.fail(node.Mark(), "a " + kind + " has no 'id'", "start with `- id: ...`");
  return scalar(source, id, "'id'");
}

template <typename Entry>
void forget_derived(const YAML::Node&, Entry&) {}

/// Another memory as sold makes the figures measured on the old one untrue.
void forget_derived(const YAML::Node& node, Gpu& gpu) {
  if (!node["memory_gb"].IsDefined()) return;
  if (!node["memory_visible_mib"].IsDefined()) gpu.memory_visible_mib.reset();
  if (!node["memory_runtime_gib"].IsDefined()) gpu.memory_runtime_gib.reset();
}

template <typename Entry>
void read_entry(const Source& source, const YAML::Node& node) {
  const std::string kind(kind_of<Entry>().one);
  const std::string id = entry_id<Entry>(source, node);
  const std::string owner = kind + " " + quoted(id);
  Entry entry = starting_point<Entry>(source, node, id, owner);
  for (const auto& pair : node) {
    const std::string& key = pair.first.Scalar();
    if (key == kExtends) continue;
    const Field<Entry>* field = field_named<Entry>(key);
    if (field == nullptr) fail_unknown_key<Entry>(source, pair.first, owner);
    std::visit(FieldReader<Entry>{source, pair.second, *field, owner, entry}, field->member);
    source.catalog.mark({kind_of<Entry>().one, id, key, source.place(pair.first.Mark())});
  }
  forget_derived(node, entry);
  check_required(source, node, entry, owner);
  source.catalog.mark({kind_of<Entry>().one, id, "", source.place(node.Mark())});
  source.catalog.put(entry);
}

template <typename Entry>
void read_list(const Source& source, const YAML::Node& list) {
  const std::string many(kind_of<Entry>().many);
  if (!list.IsSequence()) {
    source.fail(list.Mark(), quoted(many) + " must be a list", "start each entry with `- id: ...`");
  }
  std::set<std::string> seen;
  for (const auto& node : list) {
    const std::string id = entry_id<Entry>(source, node);
    if (!seen.insert(id).second) {
      source.fail(
          node.Mark(), "id " + quoted(id) + " appears twice in this list", "keep one of them");
    }
    read_entry<Entry>(source, node);
  }
}

using ListReader = void (*)(const Source&, const YAML::Node&);
struct Section {
  std::string_view key;
  ListReader read;
};

template <typename... Entries>
std::array<Section, sizeof...(Entries)> sections() {
  return {Section{kind_of<Entries>().many, &read_list<Entries>}...};
}

void read_document(const Source& source, const YAML::Node& document) {
  const auto known = sections<Link,
                              Format,
                              Gpu,
                              Engine,
                              Model,
                              Price,
                              Optimizer,
                              Framework,
                              Kernel,
                              Stack,
                              Protocol,
                              Scenario,
                              TrainingRate,
                              Band,
                              Toolkit>();
  if (!document.IsMap()) {
    source.fail(document.Mark(),
                "a catalog file must be a map of lists",
                "start with `gpus:`, `models:`, `formats:`, `engines:`, `links:` or `prices:`");
  }
  check_keys(source, document, "the file");
  for (const auto& pair : document) {
    const std::string& key = pair.first.Scalar();
    const auto section =
        std::find_if(known.begin(), known.end(), [&](const Section& s) { return s.key == key; });
    if (section == known.end()) {
      std::vector<std::string_view> keys;
      keys.reserve(known.size());
      for (const Section& s : known) keys.push_back(s.key);
      source.fail(pair.first.Mark(),
                  "unknown section " + quoted(key),
                  did_you_mean(key, keys, "sections are the kinds of `dsplan catalog list`"));
    }
    section->read(source, pair.second);
  }
}

/// Counted by their separating lines: yaml-cpp 0.7's LoadAll never returns from a stray comma.
int documents_in(std::string_view yaml) {
  int documents = 0;
  bool inside = false;
  while (!yaml.empty()) {
    const std::string_view line = yaml.substr(0, yaml.find('\n'));
    yaml.remove_prefix(std::min(line.size() + 1, yaml.size()));
    const bool separates = line.starts_with("---") || line.starts_with("...");
    const bool says = line.find_first_not_of(" \t\r") != std::string_view::npos &&
                      line.front() != '#' && line.front() != '%';
    if (says && !separates && !inside) ++documents;
    inside = separates ? false : inside || says;
  }
  return documents;
}

}  // namespace

void merge_yaml(Catalog& catalog, std::string_view yaml, std::string_view file) {
  const Source source{catalog, file};
  try {
    const YAML::Node document = YAML::Load(std::string(yaml));
    const int documents = document.IsNull() ? 0 : std::max(1, documents_in(yaml));
    if (documents != 1) {
      throw Error(
          ErrorCode::input,
          std::string(file) + ": holds " + std::to_string(documents) + " YAML documents, not one",
          "put all sections into one document");
    }
    read_document(source, document);
  } catch (const YAML::Exception& problem) {
    source.fail(problem.mark, problem.msg, "the file is not well-formed YAML");
  }
}

// ---- consistency ----

namespace {

template <typename Entry>
[[noreturn]] void fail_entry(const Catalog& catalog,
                             const Entry& entry,
                             std::string_view key,
                             const std::string& what,
                             const std::string& hint) {
  const KindName kind = kind_of<Entry>();
  const FieldOrigin* origin = catalog.origin(kind.one, entry.id, key);
  if (origin == nullptr) origin = catalog.origin(kind.one, entry.id, "");
  const std::string place = origin == nullptr ? "built-in catalog" : origin->place;
  throw Error(ErrorCode::input,
              place + ": " + std::string(kind.one) + " " + quoted(entry.id) + ": " + what,
              hint);
}

/// An alias that another entry's id or alias equals would silently shadow one of them.
template <typename Entry>
void check_names(const Catalog& catalog) {
  for (const Entry& entry : catalog.all<Entry>()) {
    for (const std::string_view alias : entry.aliases) {
      const Entry* found = catalog.find<Entry>(alias);
      if (found != nullptr && found->id != entry.id) {
        fail_entry(catalog,
                   entry,
                   "aliases",
                   "alias " + quoted(alias) + " already means " + quoted(found->id),
                   "keep it in one entry, and in shared_aliases of the other");
      }
    }
  }
}

template <typename Target, typename Entry>
void check_reference(const Catalog& catalog,
                     const Entry& entry,
                     std::string_view key,
                     std::string_view name) {
  if (name.empty()) return;
  const auto rows = catalog.all<Target>();
  if (std::any_of(rows.begin(), rows.end(), [&](const Target& t) { return t.id == name; })) return;
  std::vector<std::string_view> ids;
  for (const Target& row : rows) ids.push_back(row.id);
  fail_entry(
      catalog,
      entry,
      key,
      quoted(key) + " names an unknown " + std::string(kind_of<Target>().one) + " " + quoted(name),
      did_you_mean(name, ids, "use an id of the catalog"));
}

void check_layers(const Catalog& catalog, const Model& m) {
  if (m.sliding_layers + m.linear_layers > m.layers) {
    fail_entry(catalog, m, "layers", "sliding and linear layers exceed layers", "mend the counts");
  }
  if (m.moe_layers > m.layers || m.experts_per_token > m.experts) {
    fail_entry(catalog,
               m,
               "experts",
               "more MoE layers than layers, or more active experts than experts",
               "mend the counts");
  }
  if (m.kv_heads > m.attention_heads || (m.kv_heads > 0 && m.attention_heads % m.kv_heads != 0)) {
    fail_entry(catalog, m, "kv_heads", "kv_heads must divide attention_heads", "mend the counts");
  }
  if (m.experts == 0 && m.intermediate_size == 0) {
    fail_entry(
        catalog, m, "intermediate_size", "neither a dense MLP nor experts", "give one of them");
  }
}

/// The largest count of a field for which the products of an estimate stay exact.
std::int64_t most_of(std::string_view key) {
  if (key.ends_with("_parameters")) return 1'000'000'000'000'000;
  return key.ends_with("_tokens") || key.ends_with("_positions") ? 1'000'000'000 : 1'000'000;
}

/// No count beyond its most, and no more than 10^15 weights in the widest matrices of all layers.
void check_extent(const Catalog& catalog, const Model& m) {
  constexpr std::int64_t kMostWidth = 1'000'000;
  constexpr double kMostWeights = 1e15;
  std::int64_t widest = 1;
  for (const auto& field : fields_of<Model>()) {
    const auto* member = std::get_if<std::int64_t Model::*>(&field.member);
    if (member == nullptr) continue;
    const std::int64_t count = m.*(*member);
    const std::int64_t most = most_of(field.key);
    if (count > most) {
      fail_entry(catalog,
                 m,
                 field.key,
                 quoted(field.key) + " exceeds " + std::to_string(most),
                 "mend the count");
    }
    if (most == kMostWidth) widest = std::max(widest, count);
  }
  const auto real = [](std::int64_t n) {
    return static_cast<double>(std::max<std::int64_t>(1, n));
  };
  if (real(m.layers) * real(m.hidden_size) * real(m.experts) * real(widest) > kMostWeights)
    fail_entry(catalog, m, "layers", "more than 10^15 weights", "mend the counts");
}

void check_accuracy(const Catalog& catalog, const Format& format) {
  for (const auto text : format.accuracy_costs) {
    if (accuracy_cost(text)) continue;
    fail_entry(catalog,
               format,
               "accuracy_costs",
               "'" + std::string(text) + "' is not MODEL: NUMBER METRIC",
               "write [\"llama-3.1-8b: 0.12 perplexity\"]");
  }
}

void check_tiers(const Catalog& catalog, const Engine& engine) {
  if (!are_tiers(engine.batched_tokens_by_gib) || !are_tiers(engine.seqs_by_gib)) {
    fail_entry(catalog,
               engine,
               "batched_tokens_by_gib",
               "tiers must be texts like \"70:8192\", growing",
               "write [\"0:2048\", \"70:8192\"]");
  }
}

void check_capabilities(const Catalog& catalog, const Engine& engine) {
  if (!are_capabilities(engine.weight_capabilities) || !are_capabilities(engine.kv_capabilities)) {
    fail_entry(catalog,
               engine,
               "weight_capabilities",
               "capabilities must be texts like \"bf16:8.0\"",
               "write [\"bf16:8.0\", \"awq:7.5\"]");
  }
}

void check_shares(const Catalog& catalog, const Gpu& gpu) {
  if (gpu.ecc_cost_fraction >= 1.0) {
    fail_entry(catalog, gpu, "ecc_cost_fraction", "must be below 1", "write 6.25 % as 0.0625");
  }
}

void check_band(const Catalog& catalog, const Band& band) {
  if (band.low > 0.0 && band.low <= band.high) return;
  fail_entry(catalog, band, "low", "must be above 0 and at most high", "low: 0.8, high: 1.25");
}

[[noreturn]] void fail_kernel(const Catalog& catalog,
                              const Kernel& kernel,
                              std::string_view key,
                              const std::string& range) {
  fail_entry(catalog,
             kernel,
             key,
             quoted(key) + " must be " + range,
             "docs/catalog.md says what a kernel row holds");
}

/// Each operation has the constants that its time is reckoned with; figures not used are 0.
void check_kernel(const Catalog& catalog, const Kernel& k) {
  // Fits of timings may find a little more than the data sheet's rate.
  constexpr double kMostEfficiency = 1.2;
  if (is_collective(k)) {
    if (k.gpus < 2) fail_kernel(catalog, k, "gpus", "2 or more in a collective");
    if (k.gb_per_s <= 0.0) fail_kernel(catalog, k, "gb_per_s", "above 0 in a collective");
    return;
  }
  check_reference<Engine>(catalog, k, "engine", k.engine);
  if (k.format.empty()) fail_kernel(catalog, k, "format", "given");
  const bool product = k.operation == "gemm" || k.operation == "experts";
  const bool reads = product || k.operation == "decode_attention";
  const bool computes = product || k.operation == "prefill_attention";
  if ((reads && k.memory_efficiency <= 0.0) || k.memory_efficiency > kMostEfficiency)
    fail_kernel(catalog, k, "memory_efficiency", "above 0 and at most 1.2");
  if ((computes && k.compute_efficiency <= 0.0) || k.compute_efficiency > kMostEfficiency)
    fail_kernel(catalog, k, "compute_efficiency", "above 0 and at most 1.2");
  if (product && k.computes_in.empty()) fail_kernel(catalog, k, "computes_in", "given");
  if (product && k.sharpness < 1.0) fail_kernel(catalog, k, "sharpness", "1 or more");
}

/// What a time is divided by must be above 0.
template <typename Entry>
void check_above_zero(const Catalog& catalog, const Entry& entry, std::string_view key, double n) {
  if (n > 0.0) return;
  fail_entry(
      catalog, entry, key, quoted(key) + " must be above 0", "leave the key out for its default");
}

void check_speed(const Catalog& catalog, const Framework& f) {
  check_above_zero(catalog, f, "time_factor", f.time_factor);
  check_above_zero(catalog, f, "bucket_parameters", f.bucket_parameters);
  check_above_zero(catalog, f, "dense_low", f.dense_low);
  check_above_zero(catalog, f, "moe_low", f.moe_low);
  if (f.dense_low > f.dense_high || f.moe_low > f.moe_high)
    fail_entry(catalog, f, "dense_low", "a band's low end is above its high one", "swap them");
}

void check_rate(const Catalog& catalog, const TrainingRate& r) {
  for (const auto& [key, share] : {std::pair{"bf16_share", r.bf16_share},
                                   {"fp16_share", r.fp16_share},
                                   {"fp8_share", r.fp8_share},
                                   {"fp8_rowwise_share", r.fp8_rowwise_share},
                                   {"mxfp8_share", r.mxfp8_share},
                                   {"fp4_share", r.fp4_share},
                                   {"attention_vendor_share", r.attention_vendor_share},
                                   {"attention_flash_share", r.attention_flash_share},
                                   {"attention_early_share", r.attention_early_share},
                                   {"experts_share", r.experts_share}})
    check_above_zero(catalog, r, key, share);
}

/// What a scenario names must be there; frameworks stand for engines where it trains.
void check_scenario(const Catalog& catalog, const Scenario& s) {
  for (const auto gpu : s.gpus) check_reference<Gpu>(catalog, s, "gpus", gpu);
  for (const auto format : s.precisions) check_reference<Format>(catalog, s, "precisions", format);
  for (const auto kv : s.kv_precisions) check_reference<Format>(catalog, s, "kv_precisions", kv);
  for (const auto engine : s.engines) {
    if (s.workload == "inference") {
      check_reference<Engine>(catalog, s, "engines", engine);
    } else {
      check_reference<Framework>(catalog, s, "engines", engine);
    }
  }
}

}  // namespace

void check_consistency(const Catalog& catalog) {
  check_names<Gpu>(catalog);
  check_names<Model>(catalog);
  check_names<Format>(catalog);
  check_names<Engine>(catalog);
  check_names<Link>(catalog);
  check_names<Framework>(catalog);
  check_names<Optimizer>(catalog);
  check_names<Scenario>(catalog);
  for (const Gpu& gpu : catalog.all<Gpu>()) {
    check_reference<Link>(catalog, gpu, "link", gpu.link);
    check_shares(catalog, gpu);
  }
  for (const Model& model : catalog.all<Model>()) {
    check_reference<Format>(catalog, model, "native_format", model.native_format);
    check_extent(catalog, model);
    check_layers(catalog, model);
  }
  for (const Format& format : catalog.all<Format>()) check_accuracy(catalog, format);
  for (const Engine& engine : catalog.all<Engine>()) {
    check_reference<Engine>(catalog, engine, "engine", engine.engine);
    check_tiers(catalog, engine);
    check_capabilities(catalog, engine);
    for (const auto kv : engine.kv_precisions)
      check_reference<Format>(catalog, engine, "kv_precisions", kv);
  }
  for (const Framework& framework : catalog.all<Framework>()) {
    check_reference<Optimizer>(catalog, framework, "optimizer", framework.optimizer);
    check_reference<Optimizer>(
        catalog, framework, "one_gpu_optimizer", framework.one_gpu_optimizer);
    check_reference<Framework>(catalog, framework, "variant_of", framework.variant_of);
    check_speed(catalog, framework);
  }
  for (const TrainingRate& rate : catalog.all<TrainingRate>()) check_rate(catalog, rate);
  for (const Price& price : catalog.all<Price>())
    check_reference<Gpu>(catalog, price, "gpu", price.gpu);
  for (const Protocol& protocol : catalog.all<Protocol>())
    check_reference<Engine>(catalog, protocol, "engine", protocol.engine);
  for (const Scenario& scenario : catalog.all<Scenario>()) check_scenario(catalog, scenario);
  for (const Stack& stack : catalog.all<Stack>()) {
    check_reference<Engine>(catalog, stack, "engine", stack.engine);
    check_reference<Engine>(catalog, stack, "kernels", stack.kernels);
  }
  for (const Band& band : catalog.all<Band>()) check_band(catalog, band);
  for (const Kernel& kernel : catalog.all<Kernel>()) {
    check_reference<Gpu>(catalog, kernel, "gpu", kernel.gpu);
    check_kernel(catalog, kernel);
  }
}

}  // namespace dsplan::catalog
