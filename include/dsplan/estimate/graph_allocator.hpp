// How much memory a fixed graph of tensors takes when one allocator places them all in advance.
//
// A replay of ggml's graph allocator, sizes in bytes, nothing but sizes:
//
//   [A-PLACE]  Inputs are placed first, then the result of each node in order of execution. A
//              tensor is released after the last node that reads it. The peak is the highest end.
//   [A-FIT]    Sizes round up to the alignment. The smallest free block that is large enough takes
//              the tensor, of equal ones the last; if none is, the memory grows at its end.
//              Released blocks merge with their free neighbours.
//   [A-REUSE]  An operation that works element by element takes over the place of the first source
//              that has its size, is read through no view, by no later node, and is not kept.
//
// Weights and caches live elsewhere and are no part of the graph. A view has no memory of its own:
// reading one is reading its tensor, which only rules out [A-REUSE].
//
// Source: ggml/src/ggml-alloc.c of llama.cpp b7698 (MIT license), reimplemented; compared with
// buffer sizes that llama.cpp printed (tests/accuracy/SOURCES.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace dsplan::estimate {

/// Addresses without an upper end, handed out by [A-FIT].
class BestFitArena {
 public:
  explicit BestFitArena(std::int64_t alignment) : alignment_(alignment) {}

  [[nodiscard]] std::int64_t allocate(std::int64_t size);
  void release(std::int64_t offset, std::int64_t size);
  [[nodiscard]] std::int64_t peak() const { return peak_; }
  /// Free blocks below the end of what was ever used.
  [[nodiscard]] std::size_t holes() const { return holes_.size(); }

 private:
  struct Block {
    std::int64_t offset = 0;
    std::int64_t size = 0;
  };
  [[nodiscard]] std::int64_t rounded(std::int64_t size) const;
  [[nodiscard]] std::int64_t grow(std::int64_t size);

  std::int64_t alignment_ = 1;
  std::int64_t end_ = 0;  ///< all above is free
  std::int64_t peak_ = 0;
  std::vector<Block> holes_;  ///< by offset; none touch each other or end_
};

/// A tensor of a graph, or a view of one.
struct TensorRef {
  std::int32_t id = -1;
  bool view = false;
};
[[nodiscard]] constexpr TensorRef view(TensorRef t) { return {t.id, true}; }
[[nodiscard]] constexpr bool exists(TensorRef t) { return t.id >= 0; }

/// Tensors and the nodes that make and read them, in order of execution.
class AllocationGraph {
 public:
  using Sources = std::initializer_list<TensorRef>;

  AllocationGraph();

  /// A tensor that is there before the first node.
  TensorRef input(std::int64_t size);
  /// The result of a node in a place of its own.
  TensorRef fresh(std::int64_t size, Sources sources);
  /// The result of a node that may follow [A-REUSE].
  TensorRef in_place(std::int64_t size, Sources sources);
  /// A node whose result lives elsewhere.
  void read(Sources sources);
  /// Never released: an output of the graph.
  void keep(TensorRef t) { tensors_[index(t)].kept = true; }
  /// Every input is there `copies` times and is never released.
  void multiply_inputs(std::int64_t copies);

  /// [A-PLACE] The highest end, in bytes.
  [[nodiscard]] std::int64_t peak(std::int64_t alignment) const;

 private:
  struct Tensor {
    std::int64_t size = 0;
    std::int64_t offset = 0;
    std::int32_t readers = 0;  ///< reads that are still to come
    bool placed = false;
    bool kept = false;
  };
  struct Node {
    std::int32_t result = -1;  ///< -1: lives elsewhere
    std::int32_t first_source = 0;
    std::int32_t end_source = 0;
    bool may_reuse = false;
  };
  class Replay;

  [[nodiscard]] static std::size_t index(TensorRef t) { return static_cast<std::size_t>(t.id); }
  TensorRef add_tensor(std::int64_t size);
  void add_node(TensorRef result, Sources sources, bool may_reuse);

  std::vector<Tensor> tensors_;
  std::vector<TensorRef> inputs_;
  std::vector<TensorRef> sources_;
  std::vector<Node> nodes_;
};

}  // namespace dsplan::estimate
