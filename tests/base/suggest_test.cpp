#include "dsplan/base/suggest.hpp"

#include <array>
#include <string_view>

#include <catch2/catch.hpp>

namespace dsplan {
namespace {

constexpr std::array<std::string_view, 8> kOptions{
    "model", "gpu", "gpus", "batch", "context", "precision", "kv-precision", "engine"};

TEST_CASE("the nearest word is a typing slip away", "[base]") {
  struct Row {
    std::string_view typed;
    std::string_view meant;
  };
  constexpr Row kRows[] = {{"gpi", "gpu"},
                           {"gup", "gpu"},
                           {"GPU", "gpu"},
                           {"bacth", "batch"},
                           {"modle", "model"},
                           {"contxt", "context"},
                           {"kv_precision", "kv-precision"},
                           {"kvprecision", "kv-precision"},
                           {"precison", "precision"},
                           {"gpuss", "gpus"}};
  for (const Row& row : kRows) {
    INFO(row.typed);
    CHECK(nearest(row.typed, kOptions) == row.meant);
  }
}

TEST_CASE("a word that is far from all has no nearest", "[base]") {
  for (const auto word : {"zebra", "xyz", "gmp", "quantization", "q"}) {
    INFO(word);
    CHECK(nearest(word, kOptions).empty());
  }
  CHECK(nearest("gpu", {}).empty());
}

TEST_CASE("of equally near words the first wins", "[base]") {
  constexpr std::array<std::string_view, 2> kPair{"abcx", "abcy"};
  CHECK(nearest("abcz", kPair) == "abcx");
}

TEST_CASE("did you mean names the nearest, or says otherwise", "[base]") {
  CHECK(did_you_mean("gpi", kOptions) == "did you mean 'gpu'?");
  CHECK(did_you_mean("zebra", kOptions, "see help") == "see help");
  CHECK(did_you_mean("zebra", kOptions).empty());
}

}  // namespace
}  // namespace dsplan
