#include "catalog_source.hpp"

#include "dsplan/catalog/load.hpp"

#include "files.hpp"

namespace dsplan::cli {

catalog::Catalog load_catalog(const Inputs& inputs) {
  catalog::Catalog catalog(catalog::builtin_tables());
  const auto overlays = inputs.list("catalog");
  for (const std::string& file : overlays) catalog::merge_yaml(catalog, read_file(file), file);
  if (!overlays.empty()) catalog::check_consistency(catalog);
  return catalog;
}

}  // namespace dsplan::cli
