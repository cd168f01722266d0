#include "dsplan/report/catalog_report.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dsplan/base/error.hpp"
#include "dsplan/base/suggest.hpp"
#include "dsplan/estimate/parameters.hpp"

#include "describe.hpp"
#include "figures.hpp"

namespace dsplan::report {
namespace {

using catalog::Catalog;
using catalog::Format;
using catalog::Gpu;
using catalog::Model;
using catalog::TextList;

// ---- fields to JSON ----

template <typename Entry>
struct FieldValue {
  const Entry& entry;

  Json operator()(std::string_view Entry::*m) const {
    return (entry.*m).empty() ? Json(nullptr) : Json(entry.*m);
  }
  Json operator()(TextList Entry::*m) const {
    Json list = Json::array();
    for (const auto item : entry.*m) list.push_back(item);
    return list;
  }
  Json operator()(bool Entry::*m) const { return entry.*m; }
  Json operator()(std::int64_t Entry::*m) const { return entry.*m; }
  Json operator()(double Entry::*m) const { return entry.*m; }
  Json operator()(std::optional<double> Entry::*m) const {
    return entry.*m ? Json(*(entry.*m)) : Json(nullptr);
  }
};

template <typename Entry>
struct FieldSchema {
  static Json nullable(const char* type) {
    Json types = Json::array();
    types.push_back(type);
    types.push_back("null");
    Json schema = Json::object();
    schema["type"] = std::move(types);
    return schema;
  }
  Json operator()(std::string_view Entry::*) const { return nullable("string"); }
  Json operator()(TextList Entry::*) const {
    Json schema = type_schema("array");
    schema["items"] = type_schema("string");
    return schema;
  }
  Json operator()(bool Entry::*) const { return type_schema("boolean"); }
  Json operator()(std::int64_t Entry::*) const { return type_schema("integer"); }
  Json operator()(double Entry::*) const { return type_schema("number"); }
  Json operator()(std::optional<double> Entry::*) const { return nullable("number"); }
};

// ---- what is computed from an entry ----

struct Computed {
  std::string_view key;
  std::string_view meaning;
  Json value;
};

template <typename Entry>
std::vector<Computed> computed_of(const Entry&) {
  return {};
}

std::vector<Computed> computed_of(const Model& m) {
  const auto p = estimate::parameters(m);
  return {{"parameters",
           "total, without MTP layers and quantization scales, vision towers included",
           estimate::total(p)},
          {"active_parameters",
           "used for one text token, embedding and head included",
           estimate::active(p)},
          {"mtp_parameters", "of the multi-token-prediction layers", estimate::mtp(p)}};
}

std::vector<Computed> computed_of(const Gpu& gpu) {
  return {{"memory_runtime_bytes",
           "what a program can allocate on an idle device",
           json_of(catalog::runtime_memory(gpu))},
          {"memory_runtime_rule", "how that was come by", catalog::runtime_memory_rule(gpu)}};
}

/// The fields that overlays set: "memory_gb: own.yaml:3:16".
template <typename Entry>
std::vector<std::string> overlays_of(const Catalog& catalog, const Entry& entry) {
  std::vector<std::string> overlays;
  const std::string_view kind = catalog::kind_of<Entry>().one;
  for (const auto& field : catalog::fields_of<Entry>()) {
    if (const auto* origin = catalog.origin(kind, entry.id, field.key))
      overlays.push_back(std::string(field.key) + ": " + origin->place);
  }
  return overlays;
}

template <typename Entry>
Json entry_json(const Catalog& catalog, const Entry& entry) {
  Json out = Json::object();
  for (const auto& field : catalog::fields_of<Entry>())
    out[std::string(field.key)] = std::visit(FieldValue<Entry>{entry}, field.member);
  for (const Computed& c : computed_of(entry)) out[std::string(c.key)] = c.value;
  out["overlays"] = overlays_of(catalog, entry);
  return out;
}

template <typename Entry>
Json entry_schema() {
  Json properties = Json::object();
  Json required = Json::array();
  const auto add = [&](std::string_view key, std::string_view meaning, Json schema) {
    schema["description"] = meaning;
    properties[std::string(key)] = std::move(schema);
    required.push_back(key);
  };
  for (const auto& field : catalog::fields_of<Entry>()) {
    add(field.key, field.meaning, std::visit(FieldSchema<Entry>{}, field.member));
  }
  for (const Computed& c : computed_of(Entry{})) {
    add(c.key, c.meaning, type_schema(c.value.is_string() ? "string" : "integer"));
  }
  Json overlays = type_schema("array");
  overlays["items"] = type_schema("string");
  add("overlays", "fields that an overlay set, with file:line:column", std::move(overlays));
  Json schema = type_schema("object");
  schema["properties"] = std::move(properties);
  schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

// ---- tables ----

std::string optional_number(const std::optional<double>& n) {
  return n ? fmt::format("{:g}", *n) : "unknown";
}
std::string number_or_dash(const std::optional<double>& n) {
  return n ? fmt::format("{:g}", *n) : "-";
}

Grid list_grid(std::span<const Gpu> gpus) {
  Grid grid{{"id", "memory GB", "GB/s", "16-bit TFLOPS", "fp8 TFLOPS", "W", "name"},
            {false, true, true, true, true, true},
            {}};
  for (const Gpu& g : gpus) {
    const auto& sixteen = g.dense_bf16_tflops ? g.dense_bf16_tflops : g.dense_fp16_tflops;
    grid.rows.push_back({std::string(g.id),
                         fmt::format("{:g}", g.memory_gb),
                         fmt::format("{:g}", g.bandwidth_gb_per_s),
                         number_or_dash(sixteen),
                         number_or_dash(g.dense_fp8_tflops),
                         number_or_dash(g.power_w),
                         std::string(g.name)});
  }
  return grid;
}

Grid list_grid(std::span<const Model> models) {
  Grid grid{{"id", "parameters", "active", "layers", "context", "native", "repository"},
            {false, true, true, true, true},
            {}};
  for (const Model& m : models) {
    const auto p = estimate::parameters(m);
    grid.rows.push_back({std::string(m.id),
                         short_count(static_cast<double>(estimate::total(p))),
                         short_count(static_cast<double>(estimate::active(p))),
                         std::to_string(m.layers),
                         grouped(m.max_context_tokens),
                         std::string(m.native_format),
                         std::string(m.hf_repo)});
  }
  return grid;
}

Grid list_grid(std::span<const Format> formats) {
  Grid grid{{"id", "bits", "experts", "for", "computes in", "name"}, {false, true, true}, {}};
  for (const Format& f : formats) {
    const char* use = f.weights    ? (f.kv_cache ? "weights, KV cache" : "weights")
                      : f.kv_cache ? "KV cache"
                                   : "blocks";
    const std::string experts =
        f.expert_bits_per_weight > 0.0 ? fmt::format("{:g}", f.expert_bits_per_weight) : "-";
    grid.rows.push_back({std::string(f.id),
                         fmt::format("{:g}", f.bits_per_weight),
                         experts,
                         use,
                         std::string(f.computes_in),
                         std::string(f.name)});
  }
  return grid;
}

Grid list_grid(std::span<const catalog::Engine> engines) {
  Grid grid{
      {"id", "split", "budget", "share", "constants", "name"}, {false, false, false, true}, {}};
  for (const auto& e : engines) {
    grid.rows.push_back({std::string(e.id),
                         std::string(e.split),
                         std::string(e.budget),
                         fmt::format("{:g}", e.memory_utilization),
                         e.generic ? "borrowed" : "own",
                         std::string(e.name)});
  }
  return grid;
}

Grid list_grid(std::span<const catalog::Link> links) {
  Grid grid{{"id", "reach", "GB/s one way", "latency us", "name"}, {false, false, true, true}, {}};
  for (const auto& l : links) {
    grid.rows.push_back({std::string(l.id),
                         std::string(l.reach),
                         fmt::format("{:g}", l.gb_per_s),
                         number_or_dash(l.latency_us),
                         std::string(l.name)});
  }
  return grid;
}

Grid list_grid(std::span<const catalog::Price> prices) {
  Grid grid{
      {"id", "gpu", "gpus", "USD/h", "spot USD/h", "date"}, {false, false, true, true, true}, {}};
  for (const auto& p : prices) {
    grid.rows.push_back({std::string(p.id),
                         std::string(p.gpu),
                         std::to_string(p.gpus),
                         optional_number(p.on_demand_usd_per_hour),
                         number_or_dash(p.spot_usd_per_hour),
                         p.date.empty() ? "unknown" : std::string(p.date)});
  }
  return grid;
}

template <typename List>
std::string joined(const List& list) {
  std::string text;
  for (const auto& item : list) text += (text.empty() ? "" : "; ") + std::string(item);
  return text;
}

Grid list_grid(std::span<const catalog::Framework> frameworks) {
  Grid grid{{"id", "sharding", "optimizer", "constants", "name"}, {}, {}};
  for (const auto& f : frameworks) {
    grid.rows.push_back({std::string(f.id),
                         std::string(f.sharding),
                         std::string(f.optimizer),
                         f.generic ? "borrowed" : "own",
                         std::string(f.name)});
  }
  return grid;
}

Grid list_grid(std::span<const catalog::Optimizer> optimizers) {
  Grid grid{{"id", "states", "bits", "paged", "name"}, {false, true, true}, {}};
  for (const auto& o : optimizers) {
    grid.rows.push_back({std::string(o.id),
                         o.factored ? "factored" : fmt::format("{:g}", o.states),
                         o.state_bits > 0.0 ? fmt::format("{:g}", o.state_bits) : "as weights",
                         o.paged ? "yes" : "no",
                         std::string(o.name)});
  }
  return grid;
}

Grid list_grid(std::span<const catalog::Kernel> kernels) {
  Grid grid{{"id", "start us", "memory", "compute", "sharpness", "GB/s", "error %"},
            {false, true, true, true, true, true, true},
            {}};
  const auto known = [](double n) { return n > 0.0 ? fmt::format("{:g}", n) : "-"; };
  for (const auto& k : kernels) {
    grid.rows.push_back({std::string(k.id),
                         fmt::format("{:g}", k.start_us),
                         known(k.memory_efficiency),
                         known(k.compute_efficiency),
                         known(k.sharpness),
                         known(k.gb_per_s),
                         known(k.median_error_percent)});
  }
  return grid;
}

Grid list_grid(std::span<const catalog::Stack> stacks) {
  Grid grid{{"id", "engine", "devices", "from", "step ms", "layer us", "sequence us", "prompt us"},
            {false, false, false, false, true, true, true, true},
            {}};
  for (const auto& s : stacks) {
    grid.rows.push_back({std::string(s.id),
                         s.engine.empty() ? "any" : std::string(s.engine),
                         s.vendor.empty() ? "any" : std::string(s.vendor),
                         std::string(s.from_version),
                         fmt::format("{:g}", s.step_ms),
                         fmt::format("{:g}", s.layer_us),
                         fmt::format("{:g}", s.sequence_us),
                         fmt::format("{:g}", s.prompt_layer_us)});
  }
  return grid;
}

Grid list_grid(std::span<const catalog::Protocol> protocols) {
  Grid grid{{"id", "engine", "lengths", "version", "KV cache", "poll", "stream", "prompts a step"},
            {false, false, false, false, false, true, true, true},
            {}};
  const auto known = [](std::int64_t n) { return n > 0 ? std::to_string(n) : "-"; };
  for (const auto& p : protocols) {
    grid.rows.push_back({std::string(p.id),
                         p.engine.empty() ? "any" : std::string(p.engine),
                         p.lengths.empty() ? "any" : std::string(p.lengths),
                         std::string(p.engine_version),
                         std::string(p.kv_precision),
                         known(p.poll_interval),
                         known(p.stream_interval),
                         known(p.step_prompts)});
  }
  return grid;
}

Grid list_grid(std::span<const catalog::Toolkit> toolkits) {
  Grid grid{{"id", "platform", "version", "driver", "first for"}, {}, {}};
  for (const auto& t : toolkits) {
    grid.rows.push_back({std::string(t.id),
                         std::string(t.platform),
                         std::string(t.version),
                         std::string(t.driver),
                         fmt::format("{}", fmt::join(t.compute_capabilities, ", "))});
  }
  return grid;
}

Grid list_grid(std::span<const catalog::Scenario> scenarios) {
  Grid grid{{"id", "first token", "each", "at", "requests", "devices", "ranked by", "means"},
            {false, true, true, false, true, true, false, false},
            {}};
  const auto milliseconds = [](const std::optional<double>& s) {
    return s ? fmt::format("{:g} ms", *s * 1e3) : std::string("-");
  };
  const auto known = [](std::int64_t n) { return n > 0 ? std::to_string(n) : "-"; };
  for (const auto& s : scenarios) {
    grid.rows.push_back({std::string(s.id),
                         milliseconds(s.ttft_s),
                         milliseconds(s.tpot_s),
                         std::string(s.limits_at),
                         known(s.concurrency),
                         s.most_gpus > 0 ? "<= " + std::to_string(s.most_gpus) : "-",
                         std::string(s.objective),
                         std::string(s.name)});
  }
  return grid;
}

Grid list_grid(std::span<const catalog::TrainingRate> rates) {
  Grid grid{{"id", "bf16", "fp8", "mxfp8", "fp4", "attention", "fitted"},
            {false, true, true, true, true, true, false},
            {}};
  for (const auto& r : rates) {
    grid.rows.push_back({std::string(r.id),
                         fmt::format("{:g}", r.bf16_share),
                         fmt::format("{:g}", r.fp8_share),
                         fmt::format("{:g}", r.mxfp8_share),
                         fmt::format("{:g}", r.fp4_share),
                         fmt::format("{:g}", r.attention_vendor_share),
                         r.generic ? "no" : "yes"});
  }
  return grid;
}

Grid list_grid(std::span<const catalog::Band> bands) {
  Grid grid{{"id", "figure", "arrival", "engine", "device", "low", "high", "figures"},
            {false, false, false, false, false, true, true, true},
            {}};
  const auto measured = [](bool known) { return known ? "measured" : "any"; };
  for (const auto& b : bands) {
    grid.rows.push_back({std::string(b.id),
                         b.figure.empty() ? "any" : std::string(b.figure),
                         b.arrival.empty() ? "any" : std::string(b.arrival),
                         measured(b.engine_measured),
                         measured(b.device_measured),
                         fmt::format("{:g}", b.low),
                         fmt::format("{:g}", b.high),
                         std::to_string(b.figures)});
  }
  return grid;
}

std::string cell(const Json& value) {
  if (value.is_null()) return "unknown";
  if (value.is_string()) return value.get<std::string>();
  return value.is_array() ? joined(value.get<std::vector<std::string>>()) : value.dump();
}

/// What is neither unknown nor empty, with its meaning.
template <typename Entry>
Document entry_document(const Catalog& catalog, const Entry& entry) {
  const Json json = entry_json(catalog, entry);
  Grid grid{{"field", "value"}, {}, {}};
  for (const auto& [key, value] : json.items()) {
    const bool empty = value.is_null() || (value.is_array() && value.empty()) ||
                       (value.is_number() && value == 0) || (value.is_boolean() && value == false);
    if (!empty) grid.rows.push_back({key, cell(value)});
  }
  return {Text{fmt::format("{} {}", catalog::kind_of<Entry>().one, entry.id), Tone::strong}, grid};
}

// ---- what an answer rests on ----

template <typename Entry>
void add_source(Grid& grid, const Catalog& catalog, const Entry* entry) {
  if (entry == nullptr) return;
  const std::string name = fmt::format("{} {}", catalog::kind_of<Entry>().one, entry->id);
  const bool listed = std::any_of(
      grid.rows.begin(), grid.rows.end(), [&](const auto& row) { return row.front() == name; });
  if (listed) return;
  for (const std::string& overlay : overlays_of(catalog, *entry))
    grid.rows.push_back({name, "overlay, " + overlay});
  grid.rows.push_back({name, joined(entry->sources)});
}

// ---- kinds ----

struct Kind {
  std::string_view many;
  std::string_view one;
  void (*list)(Answer&, const Catalog&);
  bool (*knows)(const Catalog&, std::string_view);
  void (*names)(const Catalog&, std::vector<std::string_view>&);
  void (*show)(Answer&, const Catalog&, std::string_view);
  Json (*schema)();
};

Json result_json(std::string_view kind, Json entries) {
  Json out = Json::object();
  out["kind"] = kind;
  out["entries"] = std::move(entries);
  return out;
}

template <typename Entry>
void list_entries(Answer& answer, const Catalog& catalog) {
  answer.result = [&catalog] {
    Json entries = Json::array();
    for (const Entry& entry : catalog.all<Entry>()) entries.push_back(entry_json(catalog, entry));
    return result_json(catalog::kind_of<Entry>().many, std::move(entries));
  };
  answer.document = [&catalog]() -> Document { return {list_grid(catalog.all<Entry>())}; };
}

template <typename Entry>
void show_entry(Answer& answer, const Catalog& catalog, std::string_view name) {
  const auto match = catalog.resolve<Entry>(name);
  const Entry& entry = *match.entry;
  if (!match.note.empty()) answer.assumptions.push_back({"name", match.note, "catalog"});
  answer.result = [&catalog, &entry] {
    Json entries = Json::array();
    entries.push_back(entry_json(catalog, entry));
    return result_json(catalog::kind_of<Entry>().many, std::move(entries));
  };
  answer.document = [&catalog, &entry] { return entry_document(catalog, entry); };
}

/// Models also answer to repositories and suffixed names.
template <>
void show_entry<Model>(Answer& answer, const Catalog& catalog, std::string_view name) {
  const auto found = catalog::resolve_model(catalog, name);
  const Model& model = *found.model;
  if (!found.note.empty()) answer.assumptions.push_back({"name", found.note, "catalog"});
  answer.result = [&catalog, &model] {
    Json entries = Json::array();
    entries.push_back(entry_json(catalog, model));
    return result_json("models", std::move(entries));
  };
  answer.document = [&catalog, &model] { return entry_document(catalog, model); };
}

template <typename Entry>
Kind kind() {
  const auto name = catalog::kind_of<Entry>();
  return {name.many,
          name.one,
          &list_entries<Entry>,
          [](const Catalog& catalog, std::string_view entry) {
            return catalog.find<Entry>(entry) != nullptr;
          },
          [](const Catalog& catalog, std::vector<std::string_view>& names) {
            for (const Entry& entry : catalog.all<Entry>()) {
              names.push_back(entry.id);
              if constexpr (requires { entry.aliases; })
                names.insert(names.end(), entry.aliases.begin(), entry.aliases.end());
            }
          },
          &show_entry<Entry>,
          &entry_schema<Entry>};
}

std::array<Kind, 15> kinds() {
  return {kind<Gpu>(),
          kind<Model>(),
          kind<Format>(),
          kind<catalog::Link>(),
          kind<catalog::Price>(),
          kind<catalog::Engine>(),
          kind<catalog::Framework>(),
          kind<catalog::Optimizer>(),
          kind<catalog::Kernel>(),
          kind<catalog::Stack>(),
          kind<catalog::Protocol>(),
          kind<catalog::Scenario>(),
          kind<catalog::TrainingRate>(),
          kind<catalog::Band>(),
          kind<catalog::Toolkit>()};
}

Kind kind_named(std::string_view word) {
  for (const Kind& k : kinds()) {
    if (k.many == word || k.one == word) return k;
  }
  const auto known = catalog_kinds();
  std::string list;
  for (const auto k : known) list += (list.empty() ? "" : ", ") + std::string(k);
  throw Error(ErrorCode::usage,
              "the catalog has no '" + std::string(word) + "'",
              did_you_mean(word, known, "it has " + list));
}

/// A name that is no entry's own may still be a published model's; else the nearest of all kinds.
void show_published(Answer& answer, const Catalog& catalog, std::string_view name) {
  try {
    show_entry<Model>(answer, catalog, name);
  } catch (const Error&) {
    std::vector<std::string_view> names;
    for (const Kind& k : kinds()) k.names(catalog, names);
    throw Error(ErrorCode::usage,
                "the catalog has no '" + std::string(name) + "'",
                did_you_mean(name, names, "`dsplan catalog list gpus` lists a kind's entries"));
  }
}

void prepare(Answer& answer) {
  answer.command = "catalog";
  answer.main_list = "entries";
}

}  // namespace

std::vector<std::string_view> catalog_kinds() {
  std::vector<std::string_view> names;
  for (const Kind& k : kinds()) names.push_back(k.many);
  return names;
}

void report_catalog_list(Answer& answer, const Catalog& catalog, std::string_view kind) {
  prepare(answer);
  kind_named(kind).list(answer, catalog);
}

void report_catalog_entry(Answer& answer,
                          const Catalog& catalog,
                          std::string_view kind,
                          std::string_view name) {
  prepare(answer);
  if (!kind.empty()) {
    kind_named(kind).show(answer, catalog, name);
    return;
  }
  for (const Kind& k : kinds()) {
    if (!k.knows(catalog, name)) continue;
    k.show(answer, catalog, name);
    return;
  }
  show_published(answer, catalog, name);
}

Document catalog_sources(const Catalog& catalog, const EntriesUsed& used) {
  Grid grid{{"entry", "source"}, {}, {}};
  add_source(grid, catalog, used.model);
  add_source(grid, catalog, used.gpu);
  add_source(grid, catalog, used.engine);
  add_source(grid, catalog, used.dense);
  add_source(grid, catalog, used.experts);
  add_source(grid, catalog, used.kv);
  add_source(grid, catalog, used.framework);
  add_source(grid, catalog, used.optimizer);
  add_source(grid, catalog, used.stack);
  for (const auto* kernel : used.kernels) add_source(grid, catalog, kernel);
  for (const auto* band : used.bands) add_source(grid, catalog, band);
  add_source(grid, catalog, used.price);
  return {Text{"Where the catalog has its entries from", Tone::strong}, grid};
}

Json catalog_schema() {
  Json any = Json::array();
  Json names = Json::array();
  for (const Kind& k : kinds()) {
    any.push_back(k.schema());
    names.push_back(k.many);
  }
  Json entries = type_schema("array");
  entries["items"] = Json::object();
  entries["items"]["anyOf"] = std::move(any);
  Json kind_schema = type_schema("string");
  kind_schema["enum"] = std::move(names);
  Json schema = type_schema("object");
  schema["properties"] = Json::object();
  schema["properties"]["kind"] = std::move(kind_schema);
  schema["properties"]["entries"] = std::move(entries);
  schema["required"] = Json::array();
  schema["required"].push_back("kind");
  schema["required"].push_back("entries");
  schema["additionalProperties"] = false;
  return schema;
}

}  // namespace dsplan::report
