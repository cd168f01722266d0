// The compute buffer of llama.cpp: memory for activations of one forward pass over a full step.
//
//   [A-GRAPH]  peak of the graph allocator ([A-PLACE], graph_allocator.hpp) over the graph of one
//              pass: embedding, layers, norm and head; with N tokens a step and C cells of cache a
//              sequence, each tensor 32-bit but for the mask of flash attention (16-bit, N x C).
//
// N is the smaller of the step and all contexts together, a multiple of the sequences. C is the
// context, in windowed layers the smaller of it and window + step, each rounded up to 256. Logits
// are reserved for all N tokens. The format of weights and cache does not matter.
//
// What stands in the graph follows the model's fields alone. Operations that always work in the
// place of their source (biases, norm weights, activations, scales, soft caps) are left out. Of
// layers of several kinds, the one that attends to everything, or has no positions, is the last of
// its period; dense layers come first, or take turns with MoE layers when they are as many.
//
// Devices, as llama.cpp splits layers evenly: a device gets the embedded tokens as input. From two
// devices on, the pass is pipelined: every input of a device stands there four times and stays, and
// each device hands over the norm of its result along with it. The host alone (no device) looks
// tokens up in the graph. A backend that bounds the size of one buffer may need more (Vulkan, where
// the scores of one layer exceed 1 GiB).
//
// Exact within 0.01 MiB for softmax attention, with MLA, windows, experts, on the host and on equal
// devices (tests/estimate/compute_graph_test.cpp). Where it is not:
//   - Linear attention is approximate: within 1.4 % in 16 settings of qwen3-next on the host; not
//     compared on several devices. Lightning layers, which the build lacks, count as DeltaNet.
//   - Indexers of sparse attention are left out, as the build runs such models without.
//   - Weights of chosen experts count as renormalised: 0.06 MiB where they are not.
//   - The order of operations is that of most graphs of a kind: phi-2, whose graph adds attention
//     and MLP first, comes out up to 8 % low (at most 40 MiB), bloom in one of five settings 1.6 %.
//
// Source: graphs of llama.cpp b7698 (src/models, MIT license), reimplemented; figures it prints.
#pragma once

#include <cstdint>

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/model.hpp"

namespace dsplan::estimate {

struct GraphSetting {
  std::int64_t context = 0;  ///< tokens of each sequence
  std::int64_t sequences = 1;
  std::int64_t step_tokens = 512;  ///< most tokens of one pass (ubatch)
  bool flash_attention = true;
  std::int64_t devices = 1;  ///< GPUs that share the layers; 0: the host computes
};

/// Whether to leave out whole periods of layers in the middle. They repeat what the allocator did
/// before, so the peak is the same (tests/estimate/compute_graph_test.cpp); time is not.
enum class Layers { shortened, all };

/// [A-GRAPH] On the fullest device.
[[nodiscard]] Bytes compute_buffer(const catalog::Model& model,
                                   const GraphSetting& setting,
                                   Layers layers = Layers::shortened);

}  // namespace dsplan::estimate
