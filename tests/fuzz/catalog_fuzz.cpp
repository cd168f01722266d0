// Fuzzes overlays: the text is merged onto the built-in catalog and checked as `--catalog` does.
// Only dsplan::Error may escape.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dsplan/base/error.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/catalog/load.hpp"
#include "dsplan/estimate/parameters.hpp"

namespace {

/// What passes the checks must be safe to compute with: UBSan watches the products.
void use(const dsplan::catalog::Catalog& catalog) {
  for (const auto& model : catalog.all<dsplan::catalog::Model>()) {
    if (dsplan::estimate::total(dsplan::estimate::parameters(model)) < 0) __builtin_trap();
  }
  for (const auto& gpu : catalog.all<dsplan::catalog::Gpu>())
    (void)dsplan::catalog::runtime_memory(gpu);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view yaml(reinterpret_cast<const char*>(data), size);
  try {
    dsplan::catalog::Catalog catalog(dsplan::catalog::builtin_tables());
    dsplan::catalog::merge_yaml(catalog, yaml, "fuzz.yaml");
    dsplan::catalog::check_consistency(catalog);
    use(catalog);
  } catch (const dsplan::Error&) {
    // A wrong overlay, said as such.
  }
  return 0;
}
