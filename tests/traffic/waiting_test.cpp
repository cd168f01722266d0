// Waiting lines against what is known exactly.
#include "dsplan/traffic/waiting.hpp"

#include <cmath>

#include <catch2/catch.hpp>

namespace dsplan::traffic {
namespace {

/// The chance to wait of M/M/c, exactly.
double erlang_c(int servers, double load) {
  const double offered = load * servers;
  double term = 1.0;
  double sum = 0.0;
  for (int k = 0; k < servers; ++k) {
    sum += term;
    term *= offered / (k + 1);
  }
  const double all_busy = term / (1.0 - load);
  return all_busy / (sum + all_busy);
}

TEST_CASE("one server with equal services waits as Pollaczek and Khinchine say", "[traffic]") {
  for (const double load : {0.1, 0.5, 0.8, 0.95}) {
    const Waiting w = waiting({.servers = 1.0, .service_s = 2.0, .arrivals_per_s = load / 2.0});
    CHECK(w.mean_s == Approx(load * 2.0 / (2.0 * (1.0 - load))));
    CHECK(w.chance == Approx(load));
  }
}

TEST_CASE("several servers wait nearly as Erlang says", "[traffic]") {
  for (const int servers : {2, 4, 8, 16}) {
    for (const double load : {0.5, 0.7, 0.8, 0.9}) {
      INFO(servers << " at " << load);
      const WaitingLine line{.servers = static_cast<double>(servers),
                             .service_s = 1.0,
                             .arrivals_per_s = load * servers,
                             .service_variation = 1.0};
      const double exact = erlang_c(servers, load) / (servers * (1.0 - load));
      const double all = exact + 1.0;  // with the service
      CHECK(waiting(line).mean_s + 1.0 == Approx(all).epsilon(0.03));
    }
  }
}

TEST_CASE("even arrivals wait less, and a full server for ever", "[traffic]") {
  WaitingLine line{.servers = 2.0, .service_s = 1.0, .arrivals_per_s = 1.6};
  const double poisson = waiting(line).mean_s;
  line.arrival_variation = 0.25;
  CHECK(waiting(line).mean_s == Approx(poisson / 4.0));
  line.arrivals_per_s = 2.0;
  CHECK(std::isinf(waiting(line).mean_s));
  line.arrivals_per_s = 0.0;
  CHECK(waiting(line).mean_s == 0.0);
}

TEST_CASE("the quantiles of a wait average to its mean", "[traffic]") {
  const Waiting w = waiting({.servers = 3.0, .service_s = 1.0, .arrivals_per_s = 2.4});
  CHECK(wait_quantile(w, 1.0 - w.chance) == 0.0);
  double sum = 0.0;
  constexpr int kPoints = 100000;
  double last = 0.0;
  for (int i = 0; i < kPoints; ++i) {
    const double q = wait_quantile(w, (i + 0.5) / kPoints);
    CHECK_FALSE(q < last);
    last = q;
    sum += q / kPoints;
  }
  CHECK(sum == Approx(w.mean_s).epsilon(1e-3));
}

}  // namespace
}  // namespace dsplan::traffic
