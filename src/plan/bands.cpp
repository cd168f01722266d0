#include "dsplan/plan/bands.hpp"

#include <algorithm>

namespace dsplan::plan {

Evidence evidence(const catalog::Catalog& catalog, const Serving& s, const catalog::Gpu& gpu) {
  const auto kernels = catalog.all<catalog::Kernel>();
  return {s.stack->measured,
          std::any_of(kernels.begin(), kernels.end(), [&](const catalog::Kernel& k) {
            return k.gpu == gpu.id;
          })};
}

const catalog::Band* band_of(const catalog::Catalog& catalog,
                             std::string_view figure,
                             Arrival arrival,
                             const Evidence& known) {
  return catalog::find_band(
      catalog.all<catalog::Band>(),
      {figure, name_of(arrival), known.engine_measured, known.device_measured});
}

std::string why_wider(const Evidence& known, const Deployment& d) {
  std::string why;
  if (!known.engine_measured) {
    why = "the speed of " + d.engine_label + " on " + std::string(d.gpu->vendor) +
          " devices has not been compared with measurements";
  }
  if (!known.device_measured) {
    why += (why.empty() ? "" : ", and ") + std::string("no kernel was timed on ") +
           std::string(d.gpu->name) + ", whose like stand in for it";
  }
  return why.empty() ? why : why + ": the bands are wider";
}

}  // namespace dsplan::plan
