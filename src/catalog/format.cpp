#include "dsplan/catalog/format.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace dsplan::catalog {
namespace {

constexpr std::array<std::string_view, 9> kRates{
    "fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "fp4", "int8", "int4"};

constexpr std::array kFields{
    Field<Format>{"id", "catalog id", &Format::id, true},
    Field<Format>{"name", "in words", &Format::name, true},
    Field<Format>{"aliases", "other names that mean this entry", &Format::aliases},
    Field<Format>{
        "shared_aliases", "names used for it that mean another entry", &Format::shared_aliases},
    Field<Format>{"family", "kind of format", &Format::family, true},
    Field<Format>{"weight_bits", "nominal width", &Format::weight_bits, true},
    Field<Format>{"bits_per_weight",
                  "of the quantized tensors, scales included",
                  &Format::bits_per_weight,
                  true},
    Field<Format>{"expert_bits_per_weight",
                  "of routed experts where they differ; 0: the same",
                  &Format::expert_bits_per_weight},
    Field<Format>{"embedding_bits", "of the input embedding", &Format::embedding_bits},
    Field<Format>{"head_bits", "of the output projection", &Format::head_bits},
    Field<Format>{"block_elements", "weights that share a scale", &Format::block_elements},
    Field<Format>{"block_bytes", "stored size of a block", &Format::block_bytes},
    Field<Format>{"quantized", "stored below 16 bits", &Format::quantized},
    Field<Format>{"weights", "offered for --precision", &Format::weights},
    Field<Format>{"kv_cache", "offered for --kv-precision", &Format::kv_cache},
    Field<Format>{
        "leaves_parts", "checkpoints keep what the model names at 16 bits", &Format::leaves_parts},
    Field<Format>{
        "computes_in", "rate that its matrix products reach", &Format::computes_in, false, kRates},
    Field<Format>{"hf_names", "what quantization_config calls it", &Format::hf_names},
    Field<Format>{"accuracy_costs",
                  "published losses against 16 bits, each as MODEL: NUMBER METRIC",
                  &Format::accuracy_costs},
    Field<Format>{"sources", "where the figures come from", &Format::sources, true},
};

}  // namespace

template <>
std::span<const Field<Format>> fields_of<Format>() {
  return kFields;
}
template <>
KindName kind_of<Format>() {
  return {"format", "formats"};
}

std::optional<AccuracyCost> accuracy_cost(std::string_view text) {
  const auto colon = text.find(": ");
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string_view rest = text.substr(colon + 2);
  const auto space = rest.find(' ');
  if (space == std::string_view::npos || space + 1 == rest.size()) return std::nullopt;
  AccuracyCost cost{text.substr(0, colon), 0.0, rest.substr(space + 1)};
  const auto [end, problem] = std::from_chars(rest.data(), rest.data() + space, cost.cost);
  if (problem != std::errc() || end != rest.data() + space || !std::isfinite(cost.cost))
    return std::nullopt;
  return cost;
}

}  // namespace dsplan::catalog
