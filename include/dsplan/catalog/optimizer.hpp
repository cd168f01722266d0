// An optimizer: what it keeps for each parameter that trains.
#pragma once

#include "dsplan/catalog/field.hpp"

namespace dsplan::catalog {

/// State that lasts from step to step, beside weights and gradients [T-OPT].
struct Optimizer {
  std::string_view id{};
  std::string_view name{};
  TextList aliases{};
  double states = 0.0;            ///< numbers kept per parameter
  double embedding_states = 0.0;  ///< of embedding and head, where they differ; 0: the same
  double state_bits = 0.0;  ///< of one; 0: fp32 beside fp32 weights or masters, else the weights'
  bool factored = false;    ///< a row and a column in place of each matrix
  bool master_weights = true;  ///< updates an fp32 copy where the recipe has one
  bool paged = false;  ///< states live in managed memory: outside the allocator, moved when short
  TextList traps{};
  TextList sources{};
};

template <>
std::span<const Field<Optimizer>> fields_of<Optimizer>();
template <>
KindName kind_of<Optimizer>();

}  // namespace dsplan::catalog
