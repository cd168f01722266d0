// What a user's own files say of a model: its architecture, its formats and, where the tensors are
// listed, their true sizes.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dsplan/base/units.hpp"
#include "dsplan/catalog/model.hpp"

namespace dsplan::ingest {

/// Stored bytes of a checkpoint by the part of the model they belong to. Parts sum to the total.
struct TensorSizes {
  Bytes embedding;  ///< token (and position) embedding tables
  Bytes head;       ///< output projection, when stored
  Bytes experts;    ///< routed experts
  Bytes layers;     ///< everything else in the decoder layers
  Bytes vision;     ///< vision or audio towers and projectors
  Bytes mtp;        ///< multi-token-prediction layers
  Bytes other;      ///< final norms and whatever was not recognised
  std::int64_t tensors = 0;
};

[[nodiscard]] constexpr Bytes total(const TensorSizes& s) {
  return s.embedding + s.head + s.experts + s.layers + s.vision + s.mtp + s.other;
}

/// A model read from a file. `model`'s texts live in `text`, so a Checkpoint is moved, not copied.
struct Checkpoint {
  catalog::Model model;
  std::string format;     ///< catalog id or alias of the weights' format; empty: native
  std::string kv_format;  ///< of the KV cache, where the file fixes it; else empty
  bool has_sizes = false;
  TensorSizes sizes;               ///< meaningful when has_sizes
  std::vector<std::string> notes;  ///< what was assumed or left out, one sentence each
  std::unique_ptr<std::deque<std::string>> text = std::make_unique<std::deque<std::string>>();
};

}  // namespace dsplan::ingest
