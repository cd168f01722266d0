#include "model_source.hpp"

#include <algorithm>
#include <filesystem>

#include "dsplan/base/error.hpp"
#include "dsplan/ingest/gguf.hpp"
#include "dsplan/ingest/hf_config.hpp"
#include "dsplan/ingest/safetensors.hpp"

#include "files.hpp"

namespace dsplan::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHubPrefix = "hf:";
constexpr std::uint64_t kFirstGgufRead = 16ULL << 20;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// ---- safetensors ----

ingest::TensorSizes read_shard(const fs::path& path, std::int64_t layers) {
  const std::string name = path.string();
  const std::string first = read_start(name, 8);
  const std::uint64_t header = ingest::safetensors_header_bytes(first, name);
  const std::string text = read_start(name, 8 + header);
  if (text.size() < 8 + header) {
    throw Error(ErrorCode::input, name + ": ends within its header", "download the file again");
  }
  return ingest::read_safetensors_header(std::string_view(text).substr(8), name, layers);
}

std::vector<fs::path> shards_of(const fs::path& folder) {
  const fs::path index = folder / "model.safetensors.index.json";
  std::vector<fs::path> shards;
  if (is_there(index)) {
    for (const auto& file :
         ingest::read_safetensors_index(read_file(index.string()), index.string()).files) {
      if (!is_there(folder / file)) return {};
      shards.push_back(folder / file);
    }
    return shards;
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") shards.push_back(entry.path());
  }
  std::sort(shards.begin(), shards.end());
  return shards;
}

/// Without the shards themselves, the index still says how large they are together.
void note_index_total(const fs::path& folder, ingest::Checkpoint& checkpoint) {
  const fs::path index = folder / "model.safetensors.index.json";
  if (!is_there(index)) return;
  const auto read = ingest::read_safetensors_index(read_file(index.string()), index.string());
  if (read.total.value > 0.0) {
    checkpoint.notes.push_back("the shards are not here; their index counts " +
                               std::to_string(static_cast<std::int64_t>(read.total.value)) +
                               " bytes of tensors");
  }
}

void add_tensor_sizes(const fs::path& folder, ingest::Checkpoint& checkpoint) {
  const auto shards = shards_of(folder);
  if (shards.empty()) {
    note_index_total(folder, checkpoint);
    return;
  }
  std::vector<ingest::TensorSizes> sizes;
  sizes.reserve(shards.size());
  for (const fs::path& shard : shards) sizes.push_back(read_shard(shard, checkpoint.model.layers));
  checkpoint.sizes = ingest::merged(sizes);
  checkpoint.has_sizes = true;
}

// ---- folders and files ----

ingest::Checkpoint read_folder(const fs::path& folder) {
  const fs::path config = folder / "config.json";
  if (!is_there(config)) {
    throw Error(ErrorCode::input,
                folder.string() + ": holds no config.json",
                "name the folder of a Hugging Face checkpoint");
  }
  ingest::Checkpoint checkpoint =
      ingest::read_hf_config(read_file(config.string()), config.string());
  const fs::path quant = folder / "hf_quant_config.json";
  if (is_there(quant))
    ingest::apply_hf_quant_config(checkpoint, read_file(quant.string()), quant.string());
  add_tensor_sizes(folder, checkpoint);
  return checkpoint;
}

ingest::GgufHeader read_gguf_part(const fs::path& path) {
  const std::string name = path.string();
  std::uint64_t wanted = kFirstGgufRead;
  for (;;) {
    const std::string start = read_start(name, wanted);
    auto read = ingest::read_gguf_header(start, name);
    if (read.header) return std::move(*read.header);
    if (start.size() < wanted) {
      throw Error(ErrorCode::input, name + ": ends within its header", "download the file again");
    }
    wanted = read.need_bytes;
  }
}

/// The other parts of "model-00001-of-00003.gguf".
std::vector<fs::path> gguf_parts(const fs::path& path, std::int64_t count) {
  if (count <= 1) return {path};
  const std::string name = path.filename().string();
  const auto of = name.rfind("-of-");
  if (of == std::string::npos || of < 5) return {path};
  std::vector<fs::path> parts;
  for (std::int64_t i = 1; i <= count; ++i) {
    std::string number = std::to_string(i);
    number.insert(0, 5 - std::min<std::size_t>(5, number.size()), '0');
    parts.push_back(path.parent_path() / (name.substr(0, of - 5) + number + name.substr(of)));
  }
  return parts;
}

ingest::Checkpoint read_gguf(const fs::path& path) {
  const ingest::GgufHeader first = read_gguf_part(path);
  std::vector<ingest::GgufHeader> headers;
  for (const fs::path& part : gguf_parts(path, first.split_count)) {
    if (!is_there(part)) {
      throw Error(ErrorCode::io,
                  part.string() + ": part of the split file is missing",
                  "download all parts into one folder");
    }
    headers.push_back(read_gguf_part(part));
  }
  return ingest::read_gguf_model(headers, path.string());
}

ingest::Checkpoint read_path(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return read_folder(path);
  if (path.extension() == ".gguf") return read_gguf(path);
  if (path.extension() == ".safetensors")
    return read_folder(path.has_parent_path() ? path.parent_path() : ".");
  ingest::Checkpoint checkpoint = ingest::read_hf_config(read_file(path.string()), path.string());
  const fs::path quant = path.parent_path() / "hf_quant_config.json";
  if (is_there(quant))
    ingest::apply_hf_quant_config(checkpoint, read_file(quant.string()), quant.string());
  return checkpoint;
}

ingest::Checkpoint read_hub(const std::string& repo, const Variable& variable) {
  const auto slash = repo.find('/');
  const bool plain = std::all_of(repo.begin(), repo.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '-' || c == '_' || c == '.';
  });
  const bool one_slash = slash != std::string::npos && slash == repo.rfind('/');
  const bool named =
      one_slash && slash > 0 && slash + 1 < repo.size() && repo[0] != '.' && repo[slash + 1] != '.';
  if (!named || !plain) {
    throw Error(
        ErrorCode::usage, "'hf:" + repo + "' is not hf:ORG/NAME", "for example hf:Qwen/Qwen3-32B");
  }
  const auto config = hub_file(repo, "config.json", variable);
  if (!config) {
    throw Error(ErrorCode::io,
                "hf:" + repo + ": config.json is neither in the cache nor on the hub",
                "check the name; with HF_HUB_OFFLINE set only the cache is read");
  }
  ingest::Checkpoint checkpoint = ingest::read_hf_config(config->text, config->place);
  if (const auto quant = hub_file(repo, "hf_quant_config.json", variable)) {
    ingest::apply_hf_quant_config(checkpoint, quant->text, quant->place);
  }
  return checkpoint;
}

workload::StoredWeights stored(const ingest::TensorSizes& sizes) {
  return {sizes.embedding, sizes.head, sizes.experts, sizes.layers, sizes.vision, sizes.other};
}

ModelSource from_checkpoint(ingest::Checkpoint read, const std::string& place) {
  ModelSource source;
  source.checkpoint = std::make_unique<ingest::Checkpoint>(std::move(read));
  const ingest::Checkpoint& checkpoint = *source.checkpoint;
  source.choice.model = &checkpoint.model;
  source.choice.format = checkpoint.format;
  source.choice.kv_format = checkpoint.kv_format;
  source.choice.place = place;
  if (checkpoint.has_sizes) source.choice.stored = stored(checkpoint.sizes);
  for (const std::string& note : checkpoint.notes)
    source.assumptions.push_back({"model-file", note, place});
  return source;
}

ModelSource from_catalog(const std::string& name, const catalog::Catalog& catalog) {
  ModelSource source;
  const auto found = catalog::resolve_model(catalog, name);
  source.choice.model = found.model;
  if (found.format != nullptr) source.choice.format = std::string(found.format->id);
  if (!found.note.empty()) source.assumptions.push_back({"model-name", found.note, "--model"});
  return source;
}

bool looks_like_path(const std::string& name) {
  const fs::path path(name);
  const auto extension = path.extension();
  return name.front() == '.' || name.front() == '/' || extension == ".json" ||
         extension == ".gguf" || extension == ".safetensors" || name.back() == '/';
}

}  // namespace

ModelSource find_model(const std::string& name,
                       const catalog::Catalog& catalog,
                       const Variable& variable) {
  if (name.starts_with(kHubPrefix)) {
    return from_checkpoint(read_hub(name.substr(kHubPrefix.size()), variable), name);
  }
  if (looks_like_path(name)) {
    if (!is_there(name))
      throw Error(ErrorCode::io, name + ": no such file or folder", "check the path");
    return from_checkpoint(read_path(name), name);
  }
  if (catalog.find<catalog::Model>(name) == nullptr && is_there(fs::path(name) / "config.json")) {
    return from_checkpoint(read_folder(name), name);
  }
  return from_catalog(name, catalog);
}

}  // namespace dsplan::cli
