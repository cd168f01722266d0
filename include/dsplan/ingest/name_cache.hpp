// Names of a table resolved once each: tables repeat the same few in thousands of rows.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "dsplan/catalog/catalog.hpp"

namespace dsplan::ingest {

/// Must not outlive the catalog.
class NameCache {
 public:
  explicit NameCache(const catalog::Catalog& catalog) : catalog_(&catalog) {}

  [[nodiscard]] const catalog::Catalog& catalog() const { return *catalog_; }

  /// The entry of a model's name, id or repository; null where the catalog has none.
  [[nodiscard]] const catalog::Model* model(std::string_view name);

  [[nodiscard]] const catalog::Framework* framework(std::string_view name);

  /// Null, with the reason in `why`, for a device that the catalog does not know.
  struct Device {
    const catalog::Gpu* gpu = nullptr;
    std::string why;
  };
  [[nodiscard]] const Device& device(std::string_view name);

 private:
  template <typename Value>
  using Known = std::map<std::string, Value, std::less<>>;

  const catalog::Catalog* catalog_;
  Known<const catalog::Model*> models_;
  Known<const catalog::Framework*> frameworks_;
  Known<Device> devices_;
};

}  // namespace dsplan::ingest
