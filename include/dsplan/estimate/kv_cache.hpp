// What the KV cache occupies on one GPU of a stage.
//
//   [KV-FULL]    layers x cells x kv_heads per rank x (head_dim + v_head_dim) x bits / 8
//   [KV-MLA]     layers x cells x (kv_lora_rank + rope) x bits / 8, whole on every tensor-parallel
//                rank; engines that store the value latent too hold kv_lora_rank more; a sparse
//                indexer adds its key (8 bits a value and one scale)
//   [KV-WINDOW]  layers x window cells: the window, and where the engine keeps it the tokens of
//                one step, once for all sequences or once for each
//   [KV-STATE]   linear layers x sequences x (state + convolution tail), whatever the context
//
// Source: the engines' allocators; llama.cpp's own projection is met exactly (tests/accuracy).
#pragma once

#include "dsplan/base/units.hpp"
#include "dsplan/estimate/stage.hpp"
#include "dsplan/workload/inference.hpp"

namespace dsplan::estimate {

/// Whole bytes; the parts add up to the total.
struct KvCacheBytes {
  Bytes full;
  Bytes window;
  Bytes state;
};

[[nodiscard]] constexpr Bytes total(const KvCacheBytes& kv) {
  return kv.full + kv.window + kv.state;
}

/// What the cache of one GPU is made of: layers x cells x bytes of a cell for each kind of layer,
/// and layers x sequences x state. Layers count the engine's padding of groups.
struct CacheGeometry {
  std::int64_t full_layers = 0;
  std::int64_t full_cells = 0;  ///< of all sequences, in whole blocks
  std::int64_t window_layers = 0;
  std::int64_t window_cells = 0;
  double cell_bytes = 0.0;
  std::int64_t state_layers = 0;
  std::int64_t states = 0;
  double state_bytes = 0.0;
};
[[nodiscard]] CacheGeometry cache_geometry(const workload::Inference& w,
                                           const Stage& stage,
                                           std::int64_t sequences,
                                           std::int64_t context,
                                           std::int64_t step_tokens);

/// On each GPU of the stage, for `sequences` of `context` tokens each. `step_tokens`: tokens that
/// one step adds to the cache before it drops what left the windows.
[[nodiscard]] KvCacheBytes kv_cache(const workload::Inference& w,
                                    const Stage& stage,
                                    std::int64_t sequences,
                                    std::int64_t context,
                                    std::int64_t step_tokens);

/// One token in all attention layers of the model, once (no replication, every window unfilled).
[[nodiscard]] Bytes kv_bytes_per_token(const workload::Inference& w);

/// Copies of the cache that the tensor parallel ranks of one attention replica hold together: 1
/// where they split its heads, as many as ranks where each keeps all of a latent.
[[nodiscard]] double cache_copies(const workload::Inference& w);

/// One more token of a long sequence: layers whose window is full add nothing.
[[nodiscard]] Bytes kv_bytes_per_token_beyond_window(const workload::Inference& w);

/// Tokens that a pool of `pool` bytes on each GPU of the stage holds, as the engine counts them:
/// whole blocks, windows not credited.
[[nodiscard]] std::int64_t pool_tokens(const workload::Inference& w,
                                       const Stage& stage,
                                       Bytes pool);

}  // namespace dsplan::estimate
