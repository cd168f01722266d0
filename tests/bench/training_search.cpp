// What the search for a training plan costs: prints one line of counts, CPU seconds and the best.
// usage: training_search MODEL GPU GPUS GLOBAL_BATCH SEQ_LEN JOBS [exhaustive]
#include "dsplan/plan/training_search.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "dsplan/base/error.hpp"

int main(int argc, char** argv) {
  if (argc < 7) return 2;
  using namespace dsplan;
  const catalog::Catalog catalog(catalog::builtin_tables());
  plan::TrainingSearchRequest request;
  request.base.gpu = argv[2];
  request.gpus = std::atoll(argv[3]);
  request.base.global_batch = std::atoll(argv[4]);
  request.base.seq_len = std::atoll(argv[5]);
  request.jobs = std::atoll(argv[6]);
  request.exhaustive = argc > 7;
  try {
    request.base.model.model = catalog.resolve<catalog::Model>(argv[1]).entry;
    const auto base = plan::training_search_base(catalog, request);
    const std::clock_t before = std::clock();
    const auto screen = plan::training_screen(catalog, base, request);
    const double cpu_s = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
    request.most = 1;
    const auto answer = plan::training_search(catalog, request);
    std::printf("%lld %lld %zu %.6f",
                static_cast<long long>(screen.evaluated),
                static_cast<long long>(screen.valid),
                screen.plans.size(),
                cpu_s);
    if (answer.deployments.empty()) {
      std::printf(" 0 none\n");
      return 0;
    }
    const auto& best = answer.deployments.front();
    std::printf(" %.4f %s\n", best.performance.mfu.value, best.flags.c_str());
  } catch (const Error& error) {
    std::fprintf(stderr, "%s (%s)\n", error.what(), error.hint().c_str());
    return 2;
  }
  return 0;
}
