#include "cost_request.hpp"

namespace dsplan::cli {

plan::CostRequest cost_request(const Inputs& in) {
  plan::CostRequest r;
  r.rent.providers = in.list("provider");
  r.rent.regions = in.list("region");
  r.rent.term = *plan::rent_term(in.text("term").value_or("on-demand"));
  r.rent.as_of = in.date("as-of");
  r.duty = in.share("duty");
  r.load_factor = in.share("load-factor");
  r.usd_per_kwh = in.dollars("tariff");
  r.pue = in.number("pue");
  r.amortization = in.duration("amortization");
  r.rack_usd_per_month = in.dollars("rack-usd-per-month");
  r.staff_usd_per_month = in.dollars("staff-usd-per-month");
  r.gpu_usd = in.dollars("gpu-usd");
  r.server_usd = in.dollars("server-usd");
  return r;
}

}  // namespace dsplan::cli
