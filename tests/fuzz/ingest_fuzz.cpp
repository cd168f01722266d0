// Fuzzes the readers of users' files: the first byte picks one. Only dsplan::Error may escape.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "dsplan/base/error.hpp"
#include "dsplan/estimate/parameters.hpp"
#include "dsplan/ingest/gguf.hpp"
#include "dsplan/ingest/hf_config.hpp"
#include "dsplan/ingest/safetensors.hpp"

namespace {

/// Whatever a reader lets through must be safe to compute with: UBSan watches the products.
void use(const dsplan::ingest::Checkpoint& checkpoint) {
  const auto p = dsplan::estimate::parameters(checkpoint.model);
  if (dsplan::estimate::total(p) < 0 || dsplan::estimate::mtp(p) < 0) __builtin_trap();
}

void read_configs(std::string_view text) {
  // A NUL separates an optional hf_quant_config.json from config.json.
  const std::size_t end = text.find('\0');
  auto checkpoint = dsplan::ingest::read_hf_config(text.substr(0, end), "config.json");
  use(checkpoint);
  if (end == text.npos) return;
  dsplan::ingest::apply_hf_quant_config(checkpoint, text.substr(end + 1), "hf_quant_config.json");
}

void read_quant_config(std::string_view text) {
  dsplan::ingest::Checkpoint checkpoint;
  dsplan::ingest::apply_hf_quant_config(checkpoint, text, "hf_quant_config.json");
}

void read_safetensors(std::string_view bytes) {
  const auto length = dsplan::ingest::safetensors_header_bytes(bytes.substr(0, 8), "a.safetensors");
  const auto json = bytes.substr(8, static_cast<std::size_t>(length));
  (void)dsplan::ingest::read_safetensors_header(json, "a.safetensors", 4);
}

void read_gguf(std::string_view bytes) {
  auto read = dsplan::ingest::read_gguf_header(bytes, "a.gguf");
  if (!read.header) {
    if (read.need_bytes <= bytes.size()) __builtin_trap();  // the caller would loop for ever
    return;
  }
  const std::vector<dsplan::ingest::GgufHeader> files{*std::move(read.header)};
  use(dsplan::ingest::read_gguf_model(files, "a.gguf"));
}

void read_any(std::uint8_t which, std::string_view rest) {
  switch (which % 6) {
    case 0:
      return read_configs(rest);
    case 1:
      return read_quant_config(rest);
    case 2:
      return read_safetensors(rest);
    case 3:
      (void)dsplan::ingest::read_safetensors_header(rest, "a.safetensors");
      return;
    case 4:
      (void)dsplan::ingest::read_safetensors_index(rest, "index.json");
      return;
    default:
      return read_gguf(rest);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    read_any(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  } catch (const dsplan::Error&) {
    // A wrong input, said as such.
  }
  return 0;
}
