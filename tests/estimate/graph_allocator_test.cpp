#include <catch2/catch.hpp>

#include "dsplan/estimate/graph_allocator.hpp"

namespace dsplan::estimate {
namespace {

TEST_CASE("a block goes into the smallest hole that is large enough") {
  BestFitArena arena(1);
  const auto large = arena.allocate(50);
  (void)arena.allocate(1);
  const auto small = arena.allocate(20);
  (void)arena.allocate(1);
  arena.release(large, 50);
  arena.release(small, 20);
  CHECK(arena.allocate(15) == small);
  CHECK(arena.allocate(30) == large);
  CHECK(arena.peak() == 72);
}

TEST_CASE("of equal holes the last one is taken") {
  BestFitArena arena(1);
  const auto first = arena.allocate(10);
  (void)arena.allocate(1);
  const auto last = arena.allocate(10);
  (void)arena.allocate(1);
  arena.release(first, 10);
  arena.release(last, 10);
  CHECK(arena.allocate(10) == last);
}

TEST_CASE("a block that no hole holds goes to the end even when holes together would hold it") {
  BestFitArena arena(1);
  const auto first = arena.allocate(10);
  (void)arena.allocate(1);
  arena.release(first, 10);
  CHECK(arena.allocate(11) == 11);
  CHECK(arena.peak() == 22);
}

TEST_CASE("neighbours merge whichever is released first") {
  for (const bool ascending : {true, false}) {
    BestFitArena arena(1);
    const auto a = arena.allocate(10);
    const auto b = arena.allocate(10);
    const auto c = arena.allocate(10);
    (void)arena.allocate(1);
    arena.release(ascending ? a : c, 10);
    arena.release(ascending ? c : a, 10);
    CHECK(arena.holes() == 2);
    arena.release(b, 10);
    CHECK(arena.holes() == 1);
    CHECK(arena.allocate(30) == a);
  }
}

TEST_CASE("what is released at the end joins the memory above it") {
  BestFitArena arena(1);
  const auto a = arena.allocate(10);
  const auto b = arena.allocate(10);
  arena.release(a, 10);
  arena.release(b, 10);
  CHECK(arena.holes() == 0);
  CHECK(arena.allocate(25) == 0);
  CHECK(arena.peak() == 25);
}

TEST_CASE("sizes round up to the alignment") {
  BestFitArena arena(32);
  CHECK(arena.allocate(1) == 0);
  CHECK(arena.allocate(33) == 32);
  CHECK(arena.peak() == 96);
}

TEST_CASE("a tensor is released after its last reader") {
  AllocationGraph g;
  const auto a = g.input(100);
  const auto b = g.fresh(100, {a});
  const auto c = g.fresh(100, {b});
  g.fresh(100, {c});
  CHECK(g.peak(1) == 200);
}

TEST_CASE("an operation in place takes over a source that nobody else reads") {
  AllocationGraph g;
  const auto a = g.fresh(100, {});
  const auto b = g.in_place(100, {a});
  g.in_place(100, {b});
  CHECK(g.peak(1) == 100);
}

TEST_CASE("an operation in place takes the second source when the first is still needed") {
  AllocationGraph g;
  const auto a = g.fresh(100, {});
  const auto b = g.fresh(100, {});
  const auto sum = g.in_place(100, {a, b});
  g.in_place(100, {sum, a});
  CHECK(g.peak(1) == 200);
}

TEST_CASE("nothing is done in place of a view, a kept tensor or one of another size") {
  const auto peak = [](bool through_view, bool kept, std::int64_t size) {
    AllocationGraph g;
    const auto a = g.fresh(100, {});
    if (kept) g.keep(a);
    g.in_place(size, {through_view ? view(a) : a});
    return g.peak(1);
  };
  CHECK(peak(false, false, 100) == 100);
  CHECK(peak(true, false, 100) == 200);
  CHECK(peak(false, true, 100) == 200);
  CHECK(peak(false, false, 50) == 150);
}

TEST_CASE("a view keeps its tensor until the view is read") {
  AllocationGraph g;
  const auto a = g.fresh(100, {});
  const auto b = g.fresh(10, {a});
  const auto c = g.fresh(100, {view(a), b});
  g.fresh(100, {c});
  CHECK(g.peak(1) == 210);
}

TEST_CASE("inputs stand there before the first node, in copies for ever") {
  AllocationGraph g;
  const auto a = g.fresh(100, {});
  const auto late = g.input(10);
  g.fresh(100, {a, late});
  CHECK(g.peak(1) == 210);
  g.multiply_inputs(4);
  CHECK(g.peak(1) == 240);
}

TEST_CASE("a graph can be replayed again with the same result") {
  AllocationGraph g;
  g.fresh(33, {g.input(5)});
  CHECK(g.peak(32) == g.peak(32));
  CHECK(g.peak(32) == 96);
}

}  // namespace
}  // namespace dsplan::estimate
