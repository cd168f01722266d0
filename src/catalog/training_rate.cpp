#include "dsplan/catalog/training_rate.hpp"

#include <algorithm>
#include <array>

namespace dsplan::catalog {
namespace {

using R = TrainingRate;

constexpr std::array kFields{
    Field<R>{"id", "architecture, or generic", &R::id, true},
    Field<R>{"name", "for people", &R::name, true},
    Field<R>{"generic", "not fitted to training runs of these devices", &R::generic},
    Field<R>{"bf16_share", "matrix products, of the dense rate", &R::bf16_share},
    Field<R>{"fp16_share", "the same in fp16", &R::fp16_share},
    Field<R>{"fp8_share", "fp8 with a scale a tensor", &R::fp8_share},
    Field<R>{"fp8_rowwise_share", "fp8 with a scale a row", &R::fp8_rowwise_share},
    Field<R>{"mxfp8_share", "fp8 with a scale a block", &R::mxfp8_share},
    Field<R>{"fp4_share", "4-bit recipes", &R::fp4_share},
    Field<R>{"attention_vendor_share",
             "attention by the maker's kernels, of the bf16 rate",
             &R::attention_vendor_share},
    Field<R>{"attention_flash_share", "by FlashAttention in PyTorch", &R::attention_flash_share},
    Field<R>{"attention_early_share", "by its first versions", &R::attention_early_share},
    Field<R>{"experts_share", "grouped products, of plain ones", &R::experts_share},
    Field<R>{"activation_traffic",
             "of products, times reading and writing once",
             &R::activation_traffic},
    Field<R>{"weight_traffic", "the same of weights", &R::weight_traffic},
    Field<R>{"misaligned_factor",
             "time of products of widths that tiles do not divide",
             &R::misaligned_factor},
    Field<R>{"hides_tensor_traffic",
             "kernels that hide tensor-parallel traffic were seen to work here",
             &R::hides_tensor_traffic},
    Field<R>{"narrow_elementwise",
             "elementwise bytes with formats below 16 bits",
             &R::narrow_elementwise},
    Field<R>{"watts_per_tflops", "power that the shares hold at", &R::watts_per_tflops},
    Field<R>{"power_exponent", "how they grow with power", &R::power_exponent},
    Field<R>{"sources", "where the figures come from", &R::sources, true},
};

}  // namespace

template <>
std::span<const Field<TrainingRate>> fields_of<TrainingRate>() {
  return kFields;
}
template <>
KindName kind_of<TrainingRate>() {
  return {"training_rate", "training_rates"};
}

const TrainingRate* find_training_rate(std::span<const TrainingRate> rows, const Gpu& gpu) {
  const auto named = [&](std::string_view id) {
    const auto found =
        std::find_if(rows.begin(), rows.end(), [&](const TrainingRate& r) { return r.id == id; });
    return found == rows.end() ? nullptr : &*found;
  };
  if (const auto* own = named(gpu.architecture)) return own;
  if (const auto* generic = named("generic")) return generic;
  return rows.empty() ? nullptr : &rows.front();
}

}  // namespace dsplan::catalog
