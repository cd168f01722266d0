// The GGUF header. The model it describes is read in gguf_model.cpp.
#include "dsplan/ingest/gguf.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>

#include "ggml_types.hpp"
#include "json_object.hpp"

namespace dsplan::ingest {
namespace {

// Bounds that real files stay far below: 685 B models have under 3,000 tensors.
constexpr std::uint64_t kMostTensors = 1 << 20;
constexpr std::uint64_t kMostKeys = 1 << 16;
constexpr std::uint64_t kMostText = 1 << 26;
constexpr std::uint64_t kMostArray = 1 << 26;
constexpr std::uint64_t kMostHeader = std::uint64_t{1} << 32;
constexpr std::uint64_t kMostAlignment = 1 << 16;
constexpr std::size_t kKeptNumbers = 4096;
constexpr int kMostNesting = 4;
constexpr double kMostElements = 1e15;

/// The view ended before the header did. Never leaves this file.
struct ViewTooShort {
  std::uint64_t need;
};

/// The types of metadata values, by their number in the file.
enum class ValueType : std::uint32_t {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  boolean,
  text,
  array,
  u64,
  i64,
  f64
};
constexpr std::uint32_t kValueTypes = 13;

/// Reads little-endian values from a view, in order.
class Cursor {
 public:
  Cursor(std::string_view data, std::string_view file) : data_(data), file_(file) {}

  /// The next `n` bytes.
  std::string_view take(std::uint64_t n) {
    if (n > kMostHeader - at_) throw error("asks for a header of more than 4 GiB");
    if (at_ + n > data_.size()) throw ViewTooShort{at_ + n};
    const auto bytes = data_.substr(static_cast<std::size_t>(at_), static_cast<std::size_t>(n));
    at_ += n;
    return bytes;
  }

  template <typename Number>
  Number number() {
    const std::string_view raw = take(sizeof(Number));
    std::uint64_t bits = 0;
    for (std::size_t i = raw.size(); i-- > 0;)
      bits = bits << 8 | static_cast<unsigned char>(raw[i]);
    // memcpy of the low bytes on any host: narrow first, by value.
    if constexpr (std::is_floating_point_v<Number>) {
      using Bits = std::conditional_t<sizeof(Number) == 4, std::uint32_t, std::uint64_t>;
      const auto narrow = static_cast<Bits>(bits);
      Number value;
      std::memcpy(&value, &narrow, sizeof value);
      return value;
    } else {
      return static_cast<Number>(bits);
    }
  }

  /// A count of at most `most`.
  std::uint64_t count(std::uint64_t most, std::string_view of) {
    const auto n = number<std::uint64_t>();
    if (n > most) throw error("states " + std::to_string(n) + " " + std::string(of));
    return n;
  }

  std::string text() { return std::string(take(count(kMostText, "bytes of text"))); }

  ValueType value_type() {
    const auto type = number<std::uint32_t>();
    if (type >= kValueTypes) throw error("has a value of unknown type " + std::to_string(type));
    return static_cast<ValueType>(type);
  }

  [[nodiscard]] std::uint64_t at() const { return at_; }
  [[nodiscard]] Error error(const std::string& what) const {
    return input_error(
        file_, what + ", before byte " + std::to_string(at_), "download the file again");
  }

 private:
  std::string_view data_;
  std::string_view file_;
  std::uint64_t at_ = 0;
};

/// Unsigned 64-bit values beyond the signed range are no count of anything: kept as doubles.
GgufValue unsigned_value(std::uint64_t n) {
  if (n > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return static_cast<double>(n);
  }
  return static_cast<std::int64_t>(n);
}

GgufValue read_value(Cursor& in, ValueType type, int depth);

GgufArray read_array(Cursor& in, int depth) {
  if (depth > kMostNesting) throw in.error("nests arrays too deep");
  const ValueType type = in.value_type();
  GgufArray array{in.count(kMostArray, "array entries"), {}};
  for (std::uint64_t i = 0; i < array.length; ++i) {
    const GgufValue value = read_value(in, type, depth);
    if (array.numbers.size() == kKeptNumbers) continue;
    if (const auto* n = std::get_if<std::int64_t>(&value)) array.numbers.push_back(*n);
    if (const auto* b = std::get_if<bool>(&value)) array.numbers.push_back(*b ? 1 : 0);
  }
  return array;
}

GgufValue read_value(Cursor& in, ValueType type, int depth) {
  using I64 = std::int64_t;
  switch (type) {
    case ValueType::u8:
      return I64{in.number<std::uint8_t>()};
    case ValueType::i8:
      return I64{in.number<std::int8_t>()};
    case ValueType::u16:
      return I64{in.number<std::uint16_t>()};
    case ValueType::i16:
      return I64{in.number<std::int16_t>()};
    case ValueType::u32:
      return I64{in.number<std::uint32_t>()};
    case ValueType::i32:
      return I64{in.number<std::int32_t>()};
    case ValueType::f32:
      return double{in.number<float>()};
    case ValueType::boolean:
      return in.number<std::uint8_t>() != 0;
    case ValueType::text:
      return in.text();
    case ValueType::array:
      return read_array(in, depth + 1);
    case ValueType::u64:
      return unsigned_value(in.number<std::uint64_t>());
    case ValueType::i64:
      return in.number<std::int64_t>();
    case ValueType::f64:
      break;
  }
  return in.number<double>();
}

/// Sets elements and size from shape and type. Rows of a quantized tensor are whole blocks.
void measure(GgufTensor& tensor, const Cursor& in) {
  double elements = 1.0;
  for (const std::int64_t side : tensor.shape) elements *= static_cast<double>(side);
  const GgmlType* type = find_ggml_type(tensor.type);
  const std::string name = "tensor " + in_quotes(tensor.name);
  if (type == nullptr) {
    throw in.error(name + " has unknown type " + std::to_string(tensor.type));
  }
  if (elements > kMostElements) throw in.error(name + " is too large");
  const std::int64_t row = tensor.shape.empty() ? 1 : tensor.shape.front();
  if (row % type->block_elements != 0) throw in.error(name + " has rows of broken blocks");
  tensor.elements = static_cast<std::int64_t>(elements);
  tensor.size = bytes(elements / static_cast<double>(type->block_elements) *
                      static_cast<double>(type->block_bytes));
}

GgufTensor read_tensor(Cursor& in) {
  GgufTensor tensor;
  tensor.name = in.text();
  const auto dimensions = in.number<std::uint32_t>();
  if (dimensions > 4) throw in.error("tensor " + in_quotes(tensor.name) + " has over 4 dimensions");
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    tensor.shape.push_back(static_cast<std::int64_t>(in.count(std::uint64_t{1} << 48, "rows")));
  }
  tensor.type = in.number<std::uint32_t>();
  in.number<std::uint64_t>();  // offset in the data: sizes follow from the types
  measure(tensor, in);
  return tensor;
}

void read_start(Cursor& in, std::string_view file) {
  static constexpr std::uint32_t kVersion3Swapped = 0x03000000;
  static constexpr std::uint32_t kVersion2Swapped = 0x02000000;
  if (in.take(4) != "GGUF") throw input_error(file, "is not GGUF at byte 0", "give a .gguf file");
  const auto version = in.number<std::uint32_t>();
  if (version == 2 || version == 3) return;
  const bool swapped = version == kVersion3Swapped || version == kVersion2Swapped;
  throw input_error(file,
                    swapped ? std::string("is big-endian GGUF, which is not read")
                            : "has GGUF version " + std::to_string(version) + ", not 2 or 3",
                    "convert the model again with a current llama.cpp");
}

std::int64_t whole_number(const GgufHeader& header, std::string_view key, std::int64_t otherwise) {
  const auto found = header.metadata.find(key);
  if (found == header.metadata.end()) return otherwise;
  const auto* value = std::get_if<std::int64_t>(&found->second);
  return value == nullptr ? otherwise : *value;
}

void read_split(const Cursor& in, GgufHeader& header) {
  header.split_count = std::max<std::int64_t>(1, whole_number(header, "split.count", 1));
  header.split_index = whole_number(header, "split.no", 0);
  if (header.split_index < 0 || header.split_index >= header.split_count) {
    throw in.error("'split.no' is not below 'split.count'");
  }
}

std::uint64_t aligned(const Cursor& in, const GgufHeader& header) {
  const std::int64_t alignment = whole_number(header, "general.alignment", 32);
  if (alignment < 1 || alignment > static_cast<std::int64_t>(kMostAlignment)) {
    throw in.error("'general.alignment' must be 1 to 65536, got " + std::to_string(alignment));
  }
  const auto a = static_cast<std::uint64_t>(alignment);
  return (in.at() + a - 1) / a * a;
}

GgufHeader read_header(Cursor& in, std::string_view file) {
  read_start(in, file);
  GgufHeader header;
  const auto tensors = in.count(kMostTensors, "tensors");
  const auto keys = in.count(kMostKeys, "metadata keys");
  for (std::uint64_t i = 0; i < keys; ++i) {
    std::string key = in.text();
    const ValueType type = in.value_type();
    header.metadata.insert_or_assign(std::move(key), read_value(in, type, 0));
  }
  std::set<std::string> names;
  for (std::uint64_t i = 0; i < tensors; ++i) {
    header.tensors.push_back(read_tensor(in));
    const std::string& name = header.tensors.back().name;
    if (!names.insert(name).second) throw in.error("tensor " + in_quotes(name) + " comes twice");
  }
  read_split(in, header);
  header.data_offset = bytes(static_cast<double>(aligned(in, header)));
  return header;
}

}  // namespace

GgufRead read_gguf_header(std::string_view start, std::string_view file) {
  Cursor in(start, file);
  try {
    return {read_header(in, file), 0};
  } catch (const ViewTooShort& end) {
    // Growing twofold keeps the number of attempts small whatever the first guess was.
    static constexpr std::uint64_t kFirst = 1 << 20;
    return {std::nullopt, std::max({end.need, 2 * std::uint64_t{start.size()}, kFirst})};
  }
}

}  // namespace dsplan::ingest
