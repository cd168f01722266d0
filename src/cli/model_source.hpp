// The model that --model names: of the catalog, of a file or folder, or of the hub.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dsplan/base/note.hpp"
#include "dsplan/catalog/catalog.hpp"
#include "dsplan/ingest/checkpoint.hpp"
#include "dsplan/plan/deployment.hpp"

#include "huggingface.hpp"

namespace dsplan::cli {

/// A model and what was said about reading it. `checkpoint` owns a model that a file describes.
struct ModelSource {
  plan::ModelChoice choice;
  std::unique_ptr<ingest::Checkpoint> checkpoint;
  std::vector<Assumption> assumptions;
};

/// "hf:ORG/NAME", a config.json, a .gguf (with its split parts), a .safetensors, a folder, else a
/// name of the catalog. Throws the errors of the readers, io errors, and usage errors for unknown
/// names.
[[nodiscard]] ModelSource find_model(const std::string& name,
                                     const catalog::Catalog& catalog,
                                     const Variable& variable);

}  // namespace dsplan::cli
