// The description of a result: one table of keys per struct gives its JSON and its JSON Schema.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "dsplan/base/error.hpp"
#include "dsplan/base/units.hpp"
#include "dsplan/report/answer.hpp"

namespace dsplan::report {

/// One key of a described struct.
template <typename Owner>
struct ResultField {
  std::string_view key;
  std::string_view meaning;
  Json (*value)(const Owner&);
  Json (*schema)();
};

/// The keys of `T`, in print order. Specialised for each struct of a result.
template <typename T>
std::span<const ResultField<T>> described() = delete;

template <typename T>
concept IsDescribed = requires {
  described<T>();
};

inline Json number_json(double value) {
  if (!std::isfinite(value)) throw Error(ErrorCode::internal, "a result is not a finite number");
  return value;
}

inline constexpr double kLargestExactFlops = 9.0e18;  // below 2^63

inline Json json_of(bool value) { return value; }
inline Json json_of(std::int64_t value) { return value; }
inline Json json_of(double value) { return number_json(value); }
inline Json json_of(const std::string& value) { return value; }
/// A size as a whole number. Throws a usage error where 64 bits cannot hold it.
inline std::int64_t whole(Bytes size) {
  constexpr double kMost = 9.2e18;
  if (!(std::abs(size.value) < kMost)) {
    throw Error(
        ErrorCode::usage, "a size of the answer is beyond 2^63 bytes", "check the counts given");
  }
  return std::llround(size.value);
}

inline Json json_of(Bytes value) { return whole(value); }
/// A whole number of FLOPs, where it is exact.
inline Json json_of(Flops value) {
  return std::abs(value.value) < kLargestExactFlops
             ? Json(static_cast<std::int64_t>(std::llround(value.value)))
             : number_json(value.value);
}

inline Json json_of(Seconds value) { return number_json(value.value); }

template <typename T>
Json json_of(const T& value) requires IsDescribed<T> {
  Json object = Json::object();
  for (const auto& field : described<T>()) object[std::string(field.key)] = field.value(value);
  return object;
}
template <typename T>
Json json_of(const std::optional<T>& value) {
  return value ? json_of(*value) : Json(nullptr);
}
template <typename T>
Json json_of(const std::vector<T>& list) {
  Json array = Json::array();
  for (const T& item : list) array.push_back(json_of(item));
  return array;
}

template <typename T>
struct SchemaOf {
  static Json get() {
    Json properties = Json::object();
    Json required = Json::array();
    for (const auto& field : described<T>()) {
      Json schema = field.schema();
      schema["description"] = field.meaning;
      properties[std::string(field.key)] = std::move(schema);
      required.push_back(field.key);
    }
    Json object;
    object["type"] = "object";
    object["properties"] = std::move(properties);
    object["required"] = std::move(required);
    object["additionalProperties"] = false;
    return object;
  }
};

inline Json type_schema(const char* type) {
  Json schema;
  schema["type"] = type;
  return schema;
}

// clang-format off
template <> struct SchemaOf<bool> { static Json get() { return type_schema("boolean"); } };
template <> struct SchemaOf<std::int64_t> { static Json get() { return type_schema("integer"); } };
template <> struct SchemaOf<double> { static Json get() { return type_schema("number"); } };
template <> struct SchemaOf<std::string> { static Json get() { return type_schema("string"); } };
template <> struct SchemaOf<Bytes> { static Json get() { return type_schema("integer"); } };
template <> struct SchemaOf<Seconds> { static Json get() { return type_schema("number"); } };
template <> struct SchemaOf<Flops> { static Json get() { return type_schema("number"); } };
// clang-format on

template <typename T>
struct SchemaOf<std::optional<T>> {
  static Json get() {
    Json schema = SchemaOf<T>::get();
    Json types = Json::array();
    types.push_back(schema["type"]);
    types.push_back("null");
    schema["type"] = std::move(types);
    return schema;
  }
};
template <typename T>
struct SchemaOf<std::vector<T>> {
  static Json get() {
    Json schema = type_schema("array");
    schema["items"] = SchemaOf<T>::get();
    return schema;
  }
};

template <typename Member>
struct MemberTraits;
template <typename Owner, typename Value>
struct MemberTraits<Value Owner::*> {
  using OwnerType = Owner;
  using ValueType = Value;
};

/// A key that is a member.
template <auto Member>
constexpr auto field(std::string_view key, std::string_view meaning) {
  using Traits = MemberTraits<decltype(Member)>;
  using Owner = typename Traits::OwnerType;
  return ResultField<Owner>{key,
                            meaning,
                            [](const Owner& owner) { return json_of(owner.*Member); },
                            &SchemaOf<typename Traits::ValueType>::get};
}

/// A key that a function of the struct makes.
template <typename Owner, auto Function>
constexpr auto computed(std::string_view key, std::string_view meaning) {
  using Value = decltype(Function(std::declval<const Owner&>()));
  return ResultField<Owner>{key,
                            meaning,
                            [](const Owner& owner) { return json_of(Function(owner)); },
                            &SchemaOf<Value>::get};
}

}  // namespace dsplan::report
