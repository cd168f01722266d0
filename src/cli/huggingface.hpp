// Files of a model on the Hugging Face hub, by the variables that its own tools read.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace dsplan::cli {

using Variable = std::function<std::optional<std::string>(const std::string&)>;

struct HubFile {
  std::string text;
  std::string place;  ///< path in the cache, or URL
};

/// A file of `repo` ("ORG/NAME"): from the local cache when it is there, else downloaded from
/// HF_ENDPOINT (https://huggingface.co) with HF_TOKEN, unless HF_HUB_OFFLINE is set. Nothing when
/// the repository has no such file. Throws io errors that name the file and the mend; the token is
/// never part of a message or of a process's arguments.
[[nodiscard]] std::optional<HubFile> hub_file(const std::string& repo,
                                              const std::string& name,
                                              const Variable& variable);

}  // namespace dsplan::cli
