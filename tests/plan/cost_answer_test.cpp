// What deployments cost, against published prices.
#include "dsplan/plan/cost_answer.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "dsplan/base/date.hpp"

#include "../support/built_in.hpp"

namespace dsplan::plan {
namespace {

using test::built_in;

DeploymentRequest asked(std::string_view gpu, std::int64_t gpus = 1, std::int64_t batch = 8) {
  DeploymentRequest r;
  r.model.model = &test::model("llama-3.1-8b");
  r.gpu = std::string(gpu);
  r.gpus = gpus;
  r.batch = batch;
  r.input_tokens = 1000;
  r.output_tokens = 200;
  return r;
}

CostAnswer answer(const DeploymentRequest& r, const CostRequest& request = {}) {
  const Deployment d = resolve_deployment(built_in(), r);
  return cost_answer(built_in(), d, latency_answer(built_in(), d), request);
}

bool warned(const CostAnswer& a, std::string_view id) {
  return std::any_of(a.notes.warnings.begin(), a.notes.warnings.end(), [&](const Warning& w) {
    return w.id == id;
  });
}

TEST_CASE("offers have the published prices", "[cost]") {
  const auto rows = test::csv_rows(std::string(DSPLAN_TEST_DATA_DIR) + "/cloud_prices.csv",
                                   "provider,instance,gpu,gpus,on_demand_usd_per_hour,"
                                   "spot_usd_per_hour");
  REQUIRE(rows.size() > 40);
  for (const auto& row : rows) {
    INFO(row[0] << " " << row[1]);
    const std::int64_t gpus = std::stoll(row[3]);
    for (const bool spot : {false, true}) {
      const std::string& published = row[spot ? 5 : 4];
      if (published.empty()) continue;
      RentFilter filter;
      filter.providers = {row[0]};
      filter.term = spot ? RentTerm::spot : RentTerm::on_demand;
      const auto offers = rent_offers(built_in(), test::gpu(row[2]), {1, gpus, gpus}, filter);
      const auto found = std::find_if(
          offers.begin(), offers.end(), [&](const RentOffer& o) { return o.instance == row[1]; });
      REQUIRE(found != offers.end());
      CHECK(found->usd_per_hour == Approx(std::stod(published)));
      CHECK(found->usd_per_gpu_hour == Approx(std::stod(published) / static_cast<double>(gpus)));
      CHECK(found->instances == 1);
    }
  }
}

TEST_CASE("p4d.24xlarge is eight A100 of 40 GB", "[cost]") {
  RentFilter aws;
  aws.providers = {"AWS"};
  const auto offers = rent_offers(built_in(), test::gpu("a100-sxm-40"), {1, 3, 3}, aws);
  REQUIRE_FALSE(offers.empty());
  CHECK(offers.front().instance == "p4d.24xlarge");
  CHECK(offers.front().gpus == 8);
  // Three GPUs of it cost the whole instance.
  CHECK(offers.front().usd_per_hour == Approx(21.957642));
}

TEST_CASE("offers are cheapest first and pass the filters", "[cost]") {
  RentFilter east;
  east.regions = {"us-east"};
  const auto offers = rent_offers(built_in(), test::gpu("h100-sxm"), {1, 8, 8}, east);
  REQUIRE(offers.size() > 2);
  for (std::size_t i = 1; i < offers.size(); ++i)
    CHECK(offers[i - 1].usd_per_hour <= offers[i].usd_per_hour);
  for (const RentOffer& o : offers) {
    INFO(o.provider << " " << o.region);
    CHECK((o.region.find("us-east") != std::string::npos || o.region == "all" ||
           o.region == "any" || o.region == "default"));
  }
  RentFilter unknown;
  unknown.providers = {"awss"};
  CHECK(test::refusal([&] {
          (void)rent_offers(built_in(), test::gpu("h100-sxm"), {1, 1, 1}, unknown);
        }).find("did you mean 'aws'") != std::string::npos);
}

TEST_CASE("rent by hour, month, query and token is one bill", "[cost]") {
  const CostAnswer a = answer(asked("h100-sxm"));
  REQUIRE(a.usd_per_hour);
  CHECK(*a.usd_per_month == Approx(*a.usd_per_hour * 730.0));
  REQUIRE(a.units.query);
  const double query = a.units.query->value;
  CHECK(a.units.million->value * 1200.0 / 1e6 == Approx(query));
  CHECK(a.units.million_output->value * 200.0 / 1e6 == Approx(query));
  CHECK(a.units.million_input->value * 1000.0 / 1e6 == Approx(query));
  REQUIRE(a.split);
  CHECK((a.split->million_input.value * 1000.0 + a.split->million_output.value * 200.0) / 1e6 ==
        Approx(query));
  CHECK(*a.units.query->low < query);
  CHECK(*a.units.query->high > query);
}

TEST_CASE("parts of owning add up to the total", "[cost]") {
  CostRequest r;
  r.rack_usd_per_month = 200.0;
  r.staff_usd_per_month = 300.0;
  const CostAnswer a = answer(asked("h100-sxm", 4), r);
  const OwnedCosts& o = a.tco;
  REQUIRE(o.total);
  CHECK(*o.total == Approx(*o.devices + *o.servers + *o.energy + o.rack + o.staff));
  CHECK(*a.capex_usd == Approx(*o.devices + *o.servers));
  CHECK(*o.devices == Approx(4 * 30000.0));
  CHECK(o.rack == Approx(200.0 * 36.0));
  CHECK(*o.per_month * 36.0 == Approx(*o.total));
}

TEST_CASE("load and duty share the bill among fewer queries", "[cost]") {
  const CostAnswer full = answer(asked("h100-sxm"));
  CostRequest half;
  half.load_factor = 0.5;
  CHECK(answer(asked("h100-sxm"), half).units.query->value ==
        Approx(2.0 * full.units.query->value));
  CostRequest days;
  days.duty = 0.5;
  const CostAnswer a = answer(asked("h100-sxm"), days);
  CHECK(a.units.query->value == Approx(full.units.query->value));
  CHECK(*a.usd_per_month == Approx(*full.usd_per_month / 2.0));
  CHECK(a.tco.units.query->value > 1.5 * full.tco.units.query->value);
  CHECK(a.break_even_s->value > full.break_even_s->value);
}

TEST_CASE("old prices warn at the date asked for, and only then", "[cost]") {
  CostRequest r;
  r.rent.providers = {"aws"};
  r.gpu_usd = 30000.0;
  CHECK_FALSE(warned(answer(asked("h100-sxm"), r), "price-old"));
  r.rent.as_of = parse_date("2026-10-18");  // 90 days after the list
  CHECK_FALSE(warned(answer(asked("h100-sxm"), r), "price-old"));
  r.rent.as_of = parse_date("2026-10-19");
  CHECK(warned(answer(asked("h100-sxm"), r), "price-old"));
  r.rent.providers = {"lambda"};
  CHECK(warned(answer(asked("h100-sxm"), r), "price-undated"));
}

TEST_CASE("what has no price is unknown, not nothing", "[cost]") {
  CostRequest r;
  r.rent.term = RentTerm::reserved_1y;
  const CostAnswer a = answer(asked("mi300x"), r);
  CHECK_FALSE(a.usd_per_hour);
  CHECK_FALSE(a.units.query);
  CHECK_FALSE(a.capex_usd);
  CHECK_FALSE(a.tco.total);
  CHECK_FALSE(a.break_even_s);
  CHECK(a.tco.energy);
  CHECK(warned(a, "rent-unknown"));
  CHECK(warned(a, "price-unknown"));
}

TEST_CASE("every device with a price or an offer is costed", "[cost]") {
  for (const catalog::Gpu& gpu : built_in().all<catalog::Gpu>()) {
    INFO(gpu.id);
    const auto offers = rent_offers(built_in(), gpu, {1, 1, 1}, {});
    for (const RentOffer& o : offers) {
      CHECK(o.usd_per_hour > 0.0);
      CHECK(o.usd_per_hour ==
            Approx(o.usd_per_gpu_hour * static_cast<double>(o.gpus * o.instances)));
    }
  }
}

TEST_CASE("what does not fit has no cost of a token", "[cost]") {
  DeploymentRequest r = asked("a100-sxm-80");
  r.model.model = &test::model("llama-3.1-405b");
  const Deployment d = resolve_deployment(built_in(), r);
  const CostAnswer a = cost_answer(built_in(), d, latency_answer(built_in(), d), {});
  CHECK_FALSE(a.fits);
  CHECK(a.usd_per_hour);
  CHECK_FALSE(a.units.query);
  CHECK_FALSE(a.tco.units.million);
}

TEST_CASE("devices without a model have their rent and purchase", "[cost]") {
  const CostAnswer bare = cost_answer(built_in(), test::gpu("h100-sxm"), 8, 8, {});
  const Deployment d = resolve_deployment(built_in(), asked("h100-sxm", 8));
  const CostAnswer with = cost_answer(built_in(), d, latency_answer(built_in(), d), {});
  CHECK(bare.usd_per_hour == with.usd_per_hour);
  CHECK(bare.capex_usd == with.capex_usd);
  CHECK_FALSE(bare.units.query);
}

TEST_CASE("spot prices have the date of their own list", "[cost]") {
  RentFilter filter;
  filter.providers = {"aws"};
  filter.term = RentTerm::spot;
  const auto offers = rent_offers(built_in(), test::gpu("a100-sxm-40"), {1, 8, 8}, filter);
  REQUIRE(offers.size() == 2);
  CHECK(offers[0].date == "2026");
  CHECK(offers[0].region == "ap-south-1");
  CHECK(offers[1].usd_per_hour == 6.289);
  CHECK(offers[1].region == "us-east-1");
}

TEST_CASE("a region that no price names is refused", "[cost]") {
  RentFilter filter;
  filter.regions = {"mars"};
  CHECK(test::refusal([&] {
          (void)rent_offers(built_in(), test::gpu("h100-sxm"), {1, 8, 8}, filter);
        }).starts_with("no prices of the region 'mars'"));
}

TEST_CASE("a training run costs its hours", "[cost]") {
  TrainingRequest t;
  t.model.model = &test::model("llama-3.1-8b");
  t.gpu = "h100-sxm";
  t.gpus = 16;
  const TrainingDeployment d = resolve_training(built_in(), t);
  TrainingSpeedOptions options;
  options.tokens_to_train = 1e9;
  const TrainingSpeedAnswer speed = training_speed_answer(built_in(), d, options);
  const CostAnswer a = cost_answer(built_in(), d, speed, {});
  REQUIRE(a.training_run);
  CHECK(a.training_run->value == Approx(*a.usd_per_hour * speed.time_to_train_s->value / 3600.0));
  CHECK(a.units.million->value * 1000.0 == Approx(a.training_run->value));
  REQUIRE(a.tco.training_run);
  CHECK(a.tco.training_run->value == Approx(*a.tco.per_hour * speed.time_to_train_s->value / 3600.0));
  CHECK_FALSE(a.units.query);
  CHECK(a.machines == 2);
}

}  // namespace
}  // namespace dsplan::plan
