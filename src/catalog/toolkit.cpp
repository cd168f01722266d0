#include "dsplan/catalog/toolkit.hpp"

#include <algorithm>
#include <array>

namespace dsplan::catalog {
namespace {

using T = Toolkit;

constexpr std::array<std::string_view, 2> kPlatforms{"cuda", "rocm"};

constexpr std::array kFields{
    Field<T>{"id", "catalog id", &T::id, true},
    Field<T>{"platform", "whose toolkit it is", &T::platform, true, kPlatforms},
    Field<T>{"version", "of the toolkit", &T::version, true},
    Field<T>{"driver", "least version that it runs on; absent: not known", &T::driver},
    Field<T>{"compute_capabilities",
             "of the devices that it was the first to support",
             &T::compute_capabilities,
             true},
    Field<T>{"traps", "what people get wrong about it", &T::traps},
    Field<T>{"sources", "where the figures come from", &T::sources, true},
};

}  // namespace

template <>
std::span<const Field<Toolkit>> fields_of<Toolkit>() {
  return kFields;
}
template <>
KindName kind_of<Toolkit>() {
  return {"toolkit", "toolkits"};
}

const Toolkit* first_toolkit(std::span<const Toolkit> toolkits, const Gpu& gpu) {
  const auto found = std::find_if(toolkits.begin(), toolkits.end(), [&](const Toolkit& t) {
    return std::find(t.compute_capabilities.begin(),
                     t.compute_capabilities.end(),
                     gpu.compute_capability) != t.compute_capabilities.end();
  });
  return found == toolkits.end() ? nullptr : &*found;
}

}  // namespace dsplan::catalog
