// Completion scripts for shells, made from the option table and the catalog.
#pragma once

#include <string>
#include <string_view>

#include "dsplan/catalog/catalog.hpp"

namespace dsplan::cli {

/// The script for "bash", "zsh" or "fish". Throws a usage error for another shell.
[[nodiscard]] std::string completion_script(std::string_view shell,
                                            const catalog::Catalog& catalog);

}  // namespace dsplan::cli
