#include <catch2/catch.hpp>

#include "../../src/cli/huggingface.hpp"
#include "../support/built_in.hpp"
#include "surroundings.hpp"

namespace dsplan::cli {
namespace {

using test::Folder;

Variable variables(test::Variables known) {
  return [known = std::move(known)](const std::string& name) -> std::optional<std::string> {
    const auto found = known.find(name);
    return found == known.end() ? std::nullopt : std::optional(found->second);
  };
}

/// A repository as the Hugging Face tools keep it.
void keep(const Folder& folder, const std::string& cache) {
  folder.write(cache + "/models--Org--Tiny/refs/main", "abc\n");
  folder.write(cache + "/models--Org--Tiny/snapshots/abc/config.json", "{}");
}

std::string found(const test::Variables& known, const std::string& name = "config.json") {
  auto offline = known;
  offline["HF_HUB_OFFLINE"] = "1";
  const auto file = hub_file("Org/Tiny", name, variables(offline));
  return file ? file->text : "none";
}

TEST_CASE("the hub's cache is where its own tools keep it", "[cli]") {
  const Folder folder;
  const std::string root = folder.path();
  keep(folder, "a");
  keep(folder, "home/hub");
  keep(folder, "xdg/huggingface/hub");
  keep(folder, "user/.cache/huggingface/hub");
  CHECK(found({{"HF_HUB_CACHE", root + "/a"}}) == "{}");
  CHECK(found({{"HF_HOME", root + "/home"}}) == "{}");
  CHECK(found({{"XDG_CACHE_HOME", root + "/xdg"}}) == "{}");
  CHECK(found({{"HOME", root + "/user"}}) == "{}");
  CHECK(found({{"HF_HUB_CACHE", root + "/none"}, {"HF_HOME", root + "/home"}}) == "none");
  CHECK(found({{"HF_HUB_CACHE", root + "/a"}}, "hf_quant_config.json") == "none");
}

TEST_CASE("a hub that refuses the connection is told, the token is not", "[cli]") {
  const Folder folder;
  const test::Variables known{
      {"HF_ENDPOINT", "http://127.0.0.1:9"}, {"HF_HOME", folder.path()}, {"HF_TOKEN", "hf_secret"}};
  const std::string refusal =
      test::refusal([&] { (void)hub_file("Org/Tiny", "config.json", variables(known)); });
  CHECK_THAT(refusal, Catch::Contains("http://127.0.0.1:9/Org/Tiny/resolve/main/config.json"));
  CHECK_THAT(refusal, Catch::Contains("the connection was refused"));
  CHECK_THAT(refusal, !Catch::Contains("secret"));
}

TEST_CASE("names that are no repository are refused before the network", "[cli]") {
  for (const char* name :
       {"hf:", "hf:Org", "hf:/Tiny", "hf:Org/", "hf:a/b/c", "hf:../x", "hf:x/.."}) {
    const auto outcome = test::run_line({"memory", "--model", name});
    INFO(name);
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, Catch::Contains("is not hf:ORG/NAME"));
  }
}

}  // namespace
}  // namespace dsplan::cli
