#include "inputs.hpp"

#include <algorithm>

#include "dsplan/base/date.hpp"
#include "dsplan/base/error.hpp"
#include "dsplan/base/parse.hpp"
#include "dsplan/base/suggest.hpp"

namespace dsplan::cli {
namespace {

/// "--batch", or where else the option was set.
std::string named(const Given& given) {
  if (given.origin == Origin::environment) return given.place;
  if (given.origin == Origin::file) return given.place + ": " + std::string(given.option->name);
  return "--" + std::string(given.option->name);
}

/// Two settings of one source contradict each other; the nearer source simply wins over another.
std::string source_of(const Given& given) {
  const bool in_file = given.origin == Origin::file;
  return in_file ? given.place.substr(0, given.place.rfind(':')) : std::string();
}

[[noreturn]] void refuse(const Given& given, std::string_view wanted, const std::string& hint) {
  throw Error(
      given.origin == Origin::file ? ErrorCode::input : ErrorCode::usage,
      named(given) + " must be " + std::string(wanted) + ", got '" + given.values.front() + "'",
      hint);
}

const std::string& single(const Given& given) { return given.values.front(); }

void check_listed(const Given& given) {
  const auto words = listed_words(given.option->listed);
  if (std::find(words.begin(), words.end(), single(given)) != words.end()) return;
  std::string list;
  for (const auto word : words) list += (list.empty() ? "" : ", ") + std::string(word);
  const std::string wanted = words.size() == 1 ? "'" + list + "'" : "one of " + list;
  refuse(given, wanted, did_you_mean(single(given), words, "take a word of the list"));
}

void check_flag(const Given& given) {
  if (single(given) == "true" || single(given) == "false") return;
  refuse(given, "true or false", "write true, or leave it out");
}

}  // namespace

void Inputs::set(const Option& option,
                 std::vector<std::string> values,
                 Origin origin,
                 std::string place) {
  const Option& target = option.same_as.empty() ? option : *option_named(option.same_as);
  if (!option.implies.empty()) {
    if (values == std::vector<std::string>{"false"}) return;
    check_flag({&option, values, origin, place});
    values = {std::string(option.implies)};
  }
  if (const Given* before = find(target.name)) {
    if (before->origin == origin && source_of(*before) == source_of({nullptr, {}, origin, place})) {
      throw Error(ErrorCode::usage, named(*before) + " is set twice", "keep one of them");
    }
    return;
  }
  Given given{&target, std::move(values), origin, std::move(place)};
  if (!target.repeatable && given.values.size() > 1) {
    throw Error(ErrorCode::usage,
                named(given) + " is given " + std::to_string(given.values.size()) + " times",
                "keep one of them");
  }
  given_.push_back(std::move(given));
}

const Given* Inputs::find(std::string_view name) const {
  const auto found = std::find_if(
      given_.begin(), given_.end(), [&](const Given& g) { return g.option->name == name; });
  return found == given_.end() ? nullptr : &*found;
}

std::optional<std::string> Inputs::text(std::string_view name) const {
  const Given* given = find(name);
  if (given == nullptr) return std::nullopt;
  if (single(*given).empty())
    throw Error(ErrorCode::usage, named(*given) + " is empty", "leave it out for its default");
  if (given->values.size() > 1) {
    throw Error(ErrorCode::usage,
                named(*given) + " is given " + std::to_string(given->values.size()) + " times",
                "keep one of them; only `recommend` takes several");
  }
  return single(*given);
}

std::optional<std::int64_t> Inputs::count(std::string_view name) const {
  const Given* given = find(name);
  if (given == nullptr) return std::nullopt;
  const auto value = parse_count(single(*given));
  if (!value) {
    refuse(*given, "a whole number below 2^53, not negative", "write 32, 20k, 350M, 13B or 1.5T");
  }
  return value;
}

std::optional<double> Inputs::share(std::string_view name) const {
  const Given* given = find(name);
  if (given == nullptr) return std::nullopt;
  const auto value = parse_fraction(single(*given));
  if (!value) refuse(*given, "a share from 0 to 1", "write 0.9 or 90%");
  return value;
}

std::optional<double> Inputs::number(std::string_view name) const {
  const Given* given = find(name);
  if (given == nullptr) return std::nullopt;
  const auto value = parse_number(single(*given));
  if (!value) refuse(*given, "a number, not negative", "write 2 or 1.8");
  return value;
}

std::optional<double> Inputs::dollars(std::string_view name) const {
  const Given* given = find(name);
  if (given == nullptr) return std::nullopt;
  const auto value = parse_dollars(single(*given));
  if (!value) refuse(*given, "an amount in dollars, not negative", "write 2.50, $20k or 1.2M");
  return value->value;
}

std::optional<Seconds> Inputs::duration(std::string_view name) const {
  const Given* given = find(name);
  if (given == nullptr) return std::nullopt;
  const auto value = parse_seconds(single(*given));
  if (!value) refuse(*given, "a time with its unit", "write 200ms, 1.5s, 6h, 30d or 3y");
  return value;
}

std::optional<std::int64_t> Inputs::date(std::string_view name) const {
  const Given* given = find(name);
  if (given == nullptr) return std::nullopt;
  const auto value = parse_date(single(*given));
  if (!value) refuse(*given, "a date", "write 2026-08-31");
  return value;
}

std::optional<bool> Inputs::toggle(std::string_view name) const {
  const Given* given = find(name);
  if (given == nullptr) return std::nullopt;
  return single(*given) == "on" || single(*given) == "true";
}

bool Inputs::flag(std::string_view name) const {
  const Given* given = find(name);
  return given != nullptr && single(*given) == "true";
}

std::vector<std::string> Inputs::list(std::string_view name) const {
  const Given* given = find(name);
  return given == nullptr ? std::vector<std::string>{} : given->values;
}

void check_values(const Inputs& inputs) {
  for (const Given& given : inputs.all()) {
    const std::string_view name = given.option->name;
    if (given.option->words == Words::listed) check_listed(given);
    if (given.option->kind == Kind::count) (void)inputs.count(name);
    if (given.option->kind == Kind::share) (void)inputs.share(name);
    if (given.option->kind == Kind::number) (void)inputs.number(name);
    if (given.option->kind == Kind::money) (void)inputs.dollars(name);
    if (given.option->kind == Kind::duration) (void)inputs.duration(name);
    if (given.option->kind == Kind::date) (void)inputs.date(name);
    if (given.option->kind == Kind::text && !given.option->repeatable) (void)inputs.text(name);
    if (given.option->kind == Kind::flag) check_flag(given);
  }
}

}  // namespace dsplan::cli
