#include "dsplan/plan/software_need.hpp"

#include <algorithm>

namespace dsplan::plan {
namespace {

bool multiplies(const catalog::Gpu& gpu, const catalog::Format& format) {
  const std::string_view arithmetic = format.computes_in.empty() ? format.id : format.computes_in;
  return std::find(gpu.native_formats.begin(), gpu.native_formats.end(), arithmetic) !=
         gpu.native_formats.end();
}

std::optional<double> least_capability(const catalog::Catalog& catalog,
                                       const catalog::Format& format) {
  std::optional<double> least;
  for (const catalog::Gpu& gpu : catalog.all<catalog::Gpu>()) {
    const auto capability = catalog::cuda_capability(gpu);
    if (!capability || !multiplies(gpu, format)) continue;
    least = std::min(least.value_or(*capability), *capability);
  }
  return least;
}

std::optional<std::string> said(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

}  // namespace

SoftwareNeed software_need(const catalog::Catalog& catalog,
                           const catalog::Gpu& gpu,
                           const catalog::Engine* engine,
                           const catalog::Format* format) {
  SoftwareNeed need;
  need.compute_capability = said(gpu.compute_capability);
  if (engine != nullptr && engine->min_compute_capability > 0.0 && catalog::cuda_capability(gpu))
    need.min_compute_capability = engine->min_compute_capability;
  if (format != nullptr) {
    need.native_format = multiplies(gpu, *format);
    if (catalog::cuda_capability(gpu))
      need.format_compute_capability = least_capability(catalog, *format);
  }
  const auto* toolkit = catalog::first_toolkit(catalog.all<catalog::Toolkit>(), gpu);
  if (toolkit == nullptr) return need;
  (toolkit->platform == "cuda" ? need.min_cuda : need.min_rocm) = said(toolkit->version);
  need.min_driver = said(toolkit->driver);
  return need;
}

std::string software_text(const SoftwareNeed& need) {
  std::string text;
  if (need.min_cuda) text = "CUDA " + *need.min_cuda;
  if (need.min_rocm) text = "ROCm " + *need.min_rocm;
  if (text.empty()) return text;
  if (need.min_driver) text += ", driver " + *need.min_driver;
  return text + " or newer";
}

}  // namespace dsplan::plan
