// YAML text into the catalog: the one loader for data/*.yaml at build time and for overlays.
#pragma once

#include <string_view>

#include "dsplan/catalog/catalog.hpp"

namespace dsplan::catalog {

/// Merges the entries of `yaml` into `catalog`, by id and field; an entry with an id of its own may
/// start from another with `extends: ID`. Every field set is marked with file:line:column.
/// Throws an input error "file:line:column: gpu 'h100': unknown key 'mme'" for anything that is not
/// exactly a catalog: unknown or repeated keys, wrong types, missing fields, several documents.
void merge_yaml(Catalog& catalog, std::string_view yaml, std::string_view file);

/// Checks what one entry cannot know: references between kinds exist, names are unique, counts of
/// layers and experts agree. Throws an input error that names the entry's place.
void check_consistency(const Catalog& catalog);

}  // namespace dsplan::catalog
