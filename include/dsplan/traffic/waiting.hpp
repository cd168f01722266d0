// Waiting for one of several servers alike, in closed form.
//
//   [Q-WAIT] Allen-Cunneen with Sakasegawa's chance to wait:
//              chance = load ^ (sqrt(2 (c + 1)) - 1)
//              mean   = (ca2 + cs2) / 2 x chance x service / (c (1 - load))
//            and an exponential tail: P(wait > t) = chance x exp(-chance t / mean)
//
// Source: Allen, "Probability, Statistics, and Queueing Theory" (1990), 5.3; Sakasegawa, "An
// approximation formula L_q = a rho^b / (1 - rho)", Ann. Inst. Statist. Math. 29 (1977).
#pragma once

namespace dsplan::traffic {

/// Customers that come to `servers` servers, each busy with one of them for `service_s`.
struct WaitingLine {
  double servers = 1.0;
  double service_s = 0.0;
  double arrivals_per_s = 0.0;
  double arrival_variation = 1.0;  ///< squared, of the gaps between arrivals; 1: Poisson
  double service_variation = 0.0;  ///< squared; 0: all services alike
};

/// Share of the servers' time that is asked for.
[[nodiscard]] double load_of(const WaitingLine& line);

struct Waiting {
  double chance = 0.0;  ///< that a customer waits at all
  double mean_s = 0.0;  ///< over all customers
};

/// [Q-WAIT] A load of 1 and more waits for ever: infinity.
[[nodiscard]] Waiting waiting(const WaitingLine& line);

/// The wait that a share of the customers (0 to 1) does not exceed.
[[nodiscard]] double wait_quantile(const Waiting& waiting, double share);

}  // namespace dsplan::traffic
