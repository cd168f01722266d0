// Catalog entries for people and for programs.
#pragma once

#include <string_view>

#include "dsplan/catalog/catalog.hpp"
#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// The kinds that `catalog list` knows, as words of the command line.
[[nodiscard]] std::vector<std::string_view> catalog_kinds();

/// All entries of a kind ("gpus"). Throws a usage error for an unknown kind. The catalog must
/// outlive the answer.
void report_catalog_list(Answer& answer, const catalog::Catalog& catalog, std::string_view kind);

/// One entry, by id or alias; with an empty kind, the first kind that knows the name. Throws a
/// usage error with the nearest name.
void report_catalog_entry(Answer& answer,
                          const catalog::Catalog& catalog,
                          std::string_view kind,
                          std::string_view name);

/// The entries that an answer rests on; null where there is none.
struct EntriesUsed {
  const catalog::Model* model = nullptr;
  const catalog::Gpu* gpu = nullptr;
  const catalog::Engine* engine = nullptr;
  const catalog::Format* dense = nullptr;
  const catalog::Format* experts = nullptr;
  const catalog::Format* kv = nullptr;
  const catalog::Framework* framework = nullptr;
  const catalog::Optimizer* optimizer = nullptr;
  const catalog::Stack* stack = nullptr;
  std::vector<const catalog::Kernel*> kernels{};
  std::vector<const catalog::Band*> bands{};
  const catalog::Price* price = nullptr;
};

/// Where the catalog has them from, and at which file:line an overlay changed them.
[[nodiscard]] Document catalog_sources(const catalog::Catalog& catalog, const EntriesUsed& used);

/// JSON Schema of the result.
[[nodiscard]] Json catalog_schema();

}  // namespace dsplan::report
