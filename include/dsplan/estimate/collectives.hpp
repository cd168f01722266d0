// Time of collectives between GPUs: t = start + payload / rate.
//
//   [S-COLLECTIVE] an all-reduce of S bytes among g GPUs moves 2 (g - 1) / g S over each GPU's
//   link;
//                  all-gather, reduce-scatter and all-to-all move (g - 1) / g S. Measured rows give
//                  start and rate of the whole. Elsewhere rate = efficiency x link, start = first +
//                  (g - 1) x hop by the kind of link: GPUs on a switch, pairs of a mesh, PCIe, a
//                  network. Beyond a node the payload crosses the network once for each node.
//
// Source: timings of ai-dynamo/aiconfigurator@095f58a5 (data/kernels.yaml); data sheets of links.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/gpu.hpp"
#include "dsplan/catalog/kernel.hpp"
#include "dsplan/catalog/link.hpp"

namespace dsplan::estimate {

/// The ways between the GPUs of a deployment. Rates are one direction per GPU.
struct Interconnect {
  BytesPerSecond scale_up;  ///< the fast link, all its lanes; zero: none
  BytesPerSecond pair;      ///< what two GPUs of a mesh have; zero: a switch gives them all
  std::int64_t scale_up_gpus = 1;
  BytesPerSecond host_bus;  ///< PCIe
  BytesPerSecond network;   ///< between nodes
  std::int64_t node_gpus = 1;
};

/// From the data sheet. `link` and `network` stand in place of the device's own where given;
/// without a network each GPU has the usual port of its generation.
[[nodiscard]] Interconnect interconnect(const catalog::Gpu& gpu,
                                        std::span<const catalog::Link> links,
                                        std::int64_t node_gpus,
                                        const catalog::Link* link,
                                        const catalog::Link* network);

/// The platform that a step runs on. `gpu` is never null.
struct Platform {
  const catalog::Gpu* gpu = nullptr;
  std::span<const catalog::Kernel> kernels;
  Interconnect interconnect;
  const catalog::Gpu* host = nullptr;  ///< the machine around it, by its memory; null: not known
};

/// Seconds = start + payload x per_byte. A small all-reduce is one shot: each GPU sends its whole
/// payload to every other, which takes longer by the byte.
struct Collective {
  Seconds start;
  double seconds_per_byte = 0.0;
  double one_shot_seconds_per_byte = 0.0;  ///< 0: no other way for small ones
};

enum class Exchange { all_reduce, all_gather, reduce_scatter, all_to_all };

/// Among `gpus` GPUs, consecutive in nodes, with the kernels of `engine`; nothing for one GPU.
[[nodiscard]] Collective collective(const Platform& platform,
                                    std::string_view engine,
                                    Exchange exchange,
                                    std::int64_t gpus);

/// A message from one GPU to the next: of the node, or of another one.
[[nodiscard]] Collective point_to_point(const Platform& platform, bool across_nodes);

}  // namespace dsplan::estimate
