#include "dsplan/ingest/name_cache.hpp"

#include "dsplan/base/error.hpp"

namespace dsplan::ingest {
namespace {

/// What `names` holds for `name`, found by `look_up` the first time.
template <typename Names, typename LookUp>
auto& known(Names& names, std::string_view name, const LookUp& look_up) {
  const auto at = names.find(name);
  return at != names.end() ? at->second : names.emplace(std::string(name), look_up()).first->second;
}

}  // namespace

const catalog::Model* NameCache::model(std::string_view name) {
  return known(models_, name, [&]() -> const catalog::Model* {
    try {
      return catalog::resolve_model(*catalog_, name).model;
    } catch (const Error&) {
      return nullptr;
    }
  });
}

const catalog::Framework* NameCache::framework(std::string_view name) {
  return known(frameworks_, name, [&] { return catalog_->find<catalog::Framework>(name); });
}

const NameCache::Device& NameCache::device(std::string_view name) {
  return known(devices_, name, [&]() -> Device {
    if (name.empty()) return {nullptr, "gpu is not stated"};
    try {
      return {catalog_->resolve<catalog::Gpu>(name).entry, {}};
    } catch (const Error& error) {
      return {nullptr, error.what()};
    }
  });
}

}  // namespace dsplan::ingest
