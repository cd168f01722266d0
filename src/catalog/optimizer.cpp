#include "dsplan/catalog/optimizer.hpp"

#include <array>

namespace dsplan::catalog {
namespace {

using O = Optimizer;

constexpr std::array kFields{
    Field<O>{"id", "catalog id", &O::id, true},
    Field<O>{"name", "as published", &O::name, true},
    Field<O>{"aliases", "other names that mean this entry", &O::aliases},
    Field<O>{"states", "numbers kept per parameter", &O::states},
    Field<O>{"embedding_states", "of embedding and head, where they differ", &O::embedding_states},
    Field<O>{"state_bits", "of one; 0: as wide as the copy it updates", &O::state_bits},
    Field<O>{"factored", "a row and a column in place of each matrix", &O::factored},
    Field<O>{"master_weights", "updates an fp32 copy where the recipe has one", &O::master_weights},
    Field<O>{"paged", "states live in managed memory", &O::paged},
    Field<O>{"traps", "what people get wrong about it", &O::traps},
    Field<O>{"sources", "where the figures come from", &O::sources, true},
};

}  // namespace

template <>
std::span<const Field<Optimizer>> fields_of<Optimizer>() {
  return kFields;
}
template <>
KindName kind_of<Optimizer>() {
  return {"optimizer", "optimizers"};
}

}  // namespace dsplan::catalog
