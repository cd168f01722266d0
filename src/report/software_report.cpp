#include "dsplan/plan/software_need.hpp"

#include "describe.hpp"

namespace dsplan::report {

using plan::SoftwareNeed;

template <>
std::span<const ResultField<SoftwareNeed>> described<SoftwareNeed>() {
  using S = SoftwareNeed;
  static constexpr std::array kFields{
      field<&S::compute_capability>("compute_capability", "of the device"),
      field<&S::min_compute_capability>("min_compute_capability", "of the engine"),
      field<&S::format_compute_capability>("format_compute_capability",
                                           "from which devices multiply in the weights' format"),
      field<&S::min_cuda>("min_cuda", "the first that compiles for the device; null: not known"),
      field<&S::min_rocm>("min_rocm", "the first that compiles for the device; null: not known"),
      field<&S::min_driver>("min_driver", "that the toolkit needs, on Linux; null: not known"),
      field<&S::native_format>("native_format", "the device multiplies in the weights' format"),
  };
  return kFields;
}

}  // namespace dsplan::report
