// What a search runs over: families (device, engine, formats), layouts of a copy, chunks, loads.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "dsplan/plan/search.hpp"
#include "dsplan/plan/serving.hpp"

namespace dsplan::plan {

/// The rent of a device: instances and what one costs an hour.
struct RentRow {
  std::int64_t gpus = 1;
  double usd_per_hour = 0.0;
};

/// A family with what all its layouts share.
struct FamilySpace {
  std::size_t index = 0;
  const catalog::Stack* stack = nullptr;
  estimate::Platform platform;
  std::vector<RentRow> rents;
  std::vector<std::optional<std::int64_t>> chunks;  ///< growing; absent: the engine's
  std::vector<workload::Layout> layouts;            ///< of one copy
};

/// All of a request. `families` of the result are the deployments that the spaces index.
struct SearchSpace {
  std::vector<SearchFamily> families;
  std::vector<FamilySpace> spaces;
  /// A device's own and those of its class, by its id.
  std::map<std::string_view, std::optional<std::vector<catalog::Kernel>>> kernels;
};

[[nodiscard]] SearchSpace search_space(const catalog::Catalog& catalog,
                                       const SearchRequest& request);

/// [X-INSTANCES] The cheapest rent of `copies`; nothing where nobody rents it out.
[[nodiscard]] std::optional<double> rent_of(const FamilySpace& space,
                                            const SearchFamily& family,
                                            const workload::Layout& layout,
                                            std::int64_t copies);

/// A number of copies and the requests at a time over all of them.
struct LoadOption {
  std::int64_t copies = 1;
  std::int64_t batch = 1;
};

/// The loads of a layout, each heavier for a copy than the one before. With a rate to reach and
/// free requests the copies follow from the rate: `copies` is then 0.
[[nodiscard]] std::vector<LoadOption> load_options(const SearchRequest& request,
                                                   const SearchFamily& family,
                                                   const workload::Layout& layout);

}  // namespace dsplan::plan
