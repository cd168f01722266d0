#include "dsplan/estimate/graph_allocator.hpp"

#include <algorithm>
#include <utility>

namespace dsplan::estimate {
namespace {

// Room for the graphs that occur, so that building one seldom moves it.
constexpr std::size_t kUsualTensors = 512;
constexpr std::size_t kUsualSources = 1024;

}  // namespace

std::int64_t BestFitArena::rounded(std::int64_t size) const {
  return (size + alignment_ - 1) / alignment_ * alignment_;
}

std::int64_t BestFitArena::grow(std::int64_t size) {
  const std::int64_t offset = end_;
  end_ += size;
  peak_ = std::max(peak_, end_);
  return offset;
}

std::int64_t BestFitArena::allocate(std::int64_t size) {
  const std::int64_t needed = rounded(size);
  auto best = holes_.end();
  for (auto hole = holes_.begin(); hole != holes_.end(); ++hole) {
    const bool fits = hole->size >= needed;
    if (fits && (best == holes_.end() || hole->size <= best->size)) best = hole;
  }
  if (best == holes_.end()) return grow(needed);
  const std::int64_t offset = best->offset;
  best->offset += needed;
  best->size -= needed;
  if (best->size == 0) holes_.erase(best);
  return offset;
}

void BestFitArena::release(std::int64_t offset, std::int64_t size) {
  Block freed{offset, rounded(size)};
  auto next = std::find_if(
      holes_.begin(), holes_.end(), [&](const Block& hole) { return hole.offset > offset; });
  if (next != holes_.end() && freed.offset + freed.size == next->offset) {
    freed.size += next->size;
    next = holes_.erase(next);
  }
  if (next != holes_.begin() && (next - 1)->offset + (next - 1)->size == freed.offset) {
    freed = {(next - 1)->offset, (next - 1)->size + freed.size};
    next = holes_.erase(next - 1);
  }
  if (freed.offset + freed.size == end_) {
    end_ = freed.offset;
  } else {
    holes_.insert(next, freed);
  }
}

AllocationGraph::AllocationGraph() {
  tensors_.reserve(kUsualTensors);
  nodes_.reserve(kUsualTensors);
  sources_.reserve(kUsualSources);
}

TensorRef AllocationGraph::add_tensor(std::int64_t size) {
  const auto id = static_cast<std::int32_t>(tensors_.size());
  tensors_.push_back({.size = size});
  return {.id = id};
}

void AllocationGraph::add_node(TensorRef result, Sources sources, bool may_reuse) {
  const auto first = static_cast<std::int32_t>(sources_.size());
  for (const TensorRef& source : sources) {
    sources_.push_back(source);
    ++tensors_[index(source)].readers;
  }
  nodes_.push_back({result.id, first, static_cast<std::int32_t>(sources_.size()), may_reuse});
}

TensorRef AllocationGraph::input(std::int64_t size) {
  inputs_.push_back(add_tensor(size));
  return inputs_.back();
}

TensorRef AllocationGraph::fresh(std::int64_t size, Sources sources) {
  const TensorRef result = add_tensor(size);
  add_node(result, sources, false);
  return result;
}

TensorRef AllocationGraph::in_place(std::int64_t size, Sources sources) {
  const TensorRef result = add_tensor(size);
  add_node(result, sources, true);
  return result;
}

void AllocationGraph::read(Sources sources) { add_node({}, sources, false); }

void AllocationGraph::multiply_inputs(std::int64_t copies) {
  const std::vector<TensorRef> originals = inputs_;
  for (std::int64_t copy = 1; copy < copies; ++copy) {
    for (const TensorRef original : originals) input(tensors_[index(original)].size);
  }
  for (const TensorRef each : inputs_) keep(each);
}

/// One run over the graph; it owns the state of each tensor.
class AllocationGraph::Replay {
 public:
  Replay(const AllocationGraph& graph, std::int64_t alignment)
      : graph_(graph), tensors_(graph.tensors_), arena_(alignment) {}

  std::int64_t run() {
    for (const TensorRef input : graph_.inputs_) place(tensors_[index(input)]);
    for (const Node& node : graph_.nodes_) execute(node);
    return arena_.peak();
  }

 private:
  void place(Tensor& t) {
    t.offset = arena_.allocate(t.size);
    t.placed = true;
  }

  bool take_over(const Node& node, Tensor& result) {
    for (std::int32_t i = node.first_source; i < node.end_source; ++i) {
      const TensorRef source = graph_.sources_[static_cast<std::size_t>(i)];
      Tensor& parent = tensors_[index(source)];
      const bool free_to_take = parent.placed && !parent.kept && parent.readers == 1;
      if (source.view || !free_to_take || parent.size != result.size) continue;
      result.offset = parent.offset;
      result.placed = std::exchange(parent.placed, false);
      return true;
    }
    return false;
  }

  void execute(const Node& node) {
    if (node.result >= 0) {
      Tensor& result = tensors_[static_cast<std::size_t>(node.result)];
      if (!node.may_reuse || !take_over(node, result)) place(result);
    }
    for (std::int32_t i = node.first_source; i < node.end_source; ++i) {
      finish_read(tensors_[index(graph_.sources_[static_cast<std::size_t>(i)])]);
    }
  }

  void finish_read(Tensor& t) {
    if (--t.readers > 0 || !t.placed || t.kept) return;
    arena_.release(t.offset, t.size);
    t.placed = false;
  }

  const AllocationGraph& graph_;
  std::vector<Tensor> tensors_;
  BestFitArena arena_;
};

std::int64_t AllocationGraph::peak(std::int64_t alignment) const {
  return Replay(*this, alignment).run();
}

}  // namespace dsplan::estimate
