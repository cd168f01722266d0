// What the user said, by whichever way: flags before environment before configuration files.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dsplan/base/note.hpp"
#include "dsplan/base/units.hpp"

#include "options.hpp"

namespace dsplan::cli {

/// The values of one option, all from the same place.
struct Given {
  const Option* option = nullptr;
  std::vector<std::string> values;
  Origin origin = Origin::flag;
  std::string place;  ///< variable, or file:line
};

/// Values of options by name; an option is set by its nearest source alone.
class Inputs {
 public:
  /// Keeps the first setting of an option; settings come nearest source first. A name that stands
  /// for another option sets that one. Throws a usage error for a value given twice at one place.
  void set(const Option& option, std::vector<std::string> values, Origin origin, std::string place);

  [[nodiscard]] const Given* find(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  [[nodiscard]] const std::vector<Given>& all() const { return given_; }

  // The value of an option, or nothing. Each throws a usage error that names the option, where it
  // was set, the value and what it should look like.
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  [[nodiscard]] std::optional<std::int64_t> count(std::string_view name) const;
  [[nodiscard]] std::optional<double> share(std::string_view name) const;
  [[nodiscard]] std::optional<double> number(std::string_view name) const;
  [[nodiscard]] std::optional<double> dollars(std::string_view name) const;
  [[nodiscard]] std::optional<Seconds> duration(std::string_view name) const;
  [[nodiscard]] std::optional<std::int64_t> date(std::string_view name) const;  ///< days since 1970
  [[nodiscard]] std::optional<bool> toggle(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> list(std::string_view name) const;

 private:
  std::vector<Given> given_;
};

/// Checks the value of every option that has a kind or a closed list of words.
void check_values(const Inputs& inputs);

}  // namespace dsplan::cli
