#include "dsplan/plan/cards_answer.hpp"

#include <algorithm>
#include <cmath>

#include "dsplan/base/error.hpp"
#include "dsplan/estimate/memory.hpp"
#include "dsplan/solve/memory_limits.hpp"

#include "cards_search.hpp"
#include "duration.hpp"
#include "resolution.hpp"

namespace dsplan::plan {
namespace {

using catalog::Gpu;
using workload::Layout;

constexpr std::size_t kLargestModels = 5;
constexpr std::int64_t kMostOfCandidate = 64;

std::string limits_of(const CardsRequest& r) {
  std::string words;
  const auto add = [&](const char* name, const std::optional<TimeLimit>& limit) {
    if (!limit) return;
    words += (words.empty() ? "" : ", ") + std::string(name) + " at most " +
             duration(seconds(limit->most_s)) + " (" + std::string(name_of(limit->at)) + ")";
  };
  add("time to first token", r.max_ttft);
  add("time per output token", r.max_tpot);
  return words;
}

std::string text_of(double rate) { return text(std::llround(rate)); }

std::string throughput_of(const CardsRequest& r) {
  const std::string limits = limits_of(r);
  return text_of(*r.output_tokens_per_s) + " output tokens/s" +
         (limits.empty() ? "" : ", " + limits);
}

std::int64_t nodes_of(std::int64_t gpus, std::int64_t node_gpus) {
  return (gpus + node_gpus - 1) / node_gpus;
}

void set_memory(CardsNeed& need, const Deployment& d) {
  const auto memory = estimate::inference_memory(d.workload, d.gpu);
  const auto& worst = memory.worst_gpu();
  const Bytes usable = estimate::budget(d.workload, worst, *d.gpu).usable;
  need.total_per_gpu = estimate::total(worst);
  need.headroom_fraction = (usable - *need.total_per_gpu) / usable;
}

void set_times(CardsNeed& need, const LatencyFigures& f) {
  need.ttft_s = f.point.ttft_s;
  need.tpot_s = f.point.tpot_s;
  need.output_tokens_per_s = f.point.output_tokens_per_s;
}

void set_found(CardsNeed& need, const Deployment& d) {
  need.layout = d.workload.layout;
  need.gpus = workload::gpu_count(d.workload.layout);
  need.nodes = nodes_of(*need.gpus, d.node_gpus);
  need.concurrency = d.workload.batch;
  set_memory(need, d);
}

void set_found(CardsNeed& need, const TimedCards& t) {
  set_found(need, t.deployment);
  set_times(need, t.figures);
}

/// "4.1 ms per output token and 51 ms to the first".
std::string reached(const TimedCards& t, const CardsRequest& r) {
  std::string words;
  if (r.max_tpot && t.figures.point.tpot_s)
    words =
        duration(seconds(figure_at(t.figures.times.tpot_s, r.max_tpot->at))) + " per output token";
  if (r.max_ttft)
    words += (words.empty() ? "" : " and ") +
             duration(seconds(figure_at(t.figures.times.ttft_s, r.max_ttft->at))) +
             " to the first token";
  return words;
}

std::string place_of(const TimedCards& t) {
  const Layout& layout = t.deployment.workload.layout;
  const std::int64_t gpus = workload::gpu_count(layout);
  return gpus == 1 ? "one GPU" : text(gpus) + " GPUs (" + workload::describe(layout) + ")";
}

/// ": 4, and none of its layouts with 3".
std::string counted(std::int64_t gpus) {
  return gpus == 1 ? std::string() : "; no layout of " + text(gpus - 1) + " does";
}

/// "70.1 of 71.3 GiB on a GPU".
std::string held(const CardsNeed& n) {
  const Bytes total = *n.total_per_gpu;
  const Bytes usable = bytes(total.value / (1.0 - *n.headroom_fraction));
  const auto tenths = [](Bytes b) { return text(std::llround(in_gib(b) * 10.0)); };
  const auto gib_of = [&](Bytes b) {
    std::string digits = tenths(b);
    if (digits.size() < 2) digits.insert(0, "0");
    return digits.insert(digits.size() - 1, ".");
  };
  return gib_of(total) + " of " + gib_of(usable) + " GiB usable on the fullest of " + text(*n.gpus);
}

std::string no_fewer(std::int64_t gpus, const char* why) {
  return gpus == 1 ? "one is the least there is" : std::string("fewer ") + why;
}

/// The demands on one kind of device, one after the other.
class Asker {
 public:
  Asker(const catalog::Catalog& catalog, const Deployment& d, const CardsRequest& r)
      : catalog_(catalog), deployment_(d), request_(r), search_(catalog, d, r) {}

  CardsAnswer answer() {
    ask_memory();
    if (times_asked() && out_.met) ask_latency();
    if (request_.output_tokens_per_s && out_.met) ask_throughput();
    if (out_.met) take_largest();
    return std::move(out_);
  }

  /// The largest loads on GPUs that were given.
  void judge(CardsAnswer& a, std::int64_t gpus) {
    CardsNeed need;
    need.by = "given";
    need.demand = text(gpus) + " GPUs";
    const auto layout =
        solve::holding_layout(gpus, deployment_.workload, *deployment_.gpu, search_.space());
    a.gpus = gpus;
    a.nodes = nodes_of(gpus, deployment_.node_gpus);
    a.layout = layout;
    a.max_batch = a.max_context_tokens = a.max_concurrency = std::nullopt;
    if (!layout) {
      need.reason = "it does not fit on " + text(gpus);
      if (a.gpus_for_memory) need.reason += ": give --gpus " + text(*a.gpus_for_memory);
      a.reasons.push_back(need.reason);
      a.met = false;
    } else {
      take_memory(need, *layout);
      need.reason = "as given";
      need.formula = "N-SPACE";
      need.reckoning = held(need);
      set_limits(a, *layout);
    }
    a.needs.push_back(std::move(need));
  }

 private:
  [[nodiscard]] bool times_asked() const { return request_.max_ttft || request_.max_tpot; }

  void take_memory(CardsNeed& need, const Layout& layout) {
    Deployment d = deployment_;
    d.workload.layout = layout;
    set_found(need, d);
    if (search_.can_time()) set_times(need, search_.timed(layout, d.workload.batch).figures);
  }

  void fail(CardsNeed need, std::string why) {
    out_.met = false;
    out_.reasons.push_back(why);
    need.reason = std::move(why);
    out_.needs.push_back(std::move(need));
  }

  void meet(CardsNeed need, std::string why, const char* formula, std::string reckoning) {
    need.reason = std::move(why);
    need.formula = formula;
    need.reckoning = std::move(reckoning);
    out_.needs.push_back(std::move(need));
  }

  void ask_memory() {
    CardsNeed need;
    need.by = "memory";
    need.demand = "batch " + text(deployment_.workload.batch) + " of " +
                  text(workload::context_tokens(deployment_.workload)) + " tokens fits";
    const auto found = search_.for_memory();
    if (!found) {
      fail(std::move(need),
           "memory: it fits on no number of GPUs that was tried, up to " +
               text(request_.most_gpus.value_or(1024)));
      return;
    }
    out_.gpus_for_memory = found->gpus;
    take_memory(need, found->layout);
    std::string reckoning = "weights alone ask for " +
                            text(solve::least_gpus(deployment_.workload, *deployment_.gpu)) + "; " +
                            held(need) + counted(found->gpus);
    meet(std::move(need), no_fewer(found->gpus, "do not hold it"), "N-MEMORY", reckoning);
  }

  void ask_latency() {
    CardsNeed need;
    need.by = "latency";
    need.demand = limits_of(request_);
    const std::int64_t first = *out_.gpus_for_memory;
    if (const auto found = search_.for_latency(first)) {
      set_found(need, *found);
      out_.gpus_for_latency = need.gpus;
      const std::int64_t gpus = *need.gpus;
      return meet(std::move(need),
                  no_fewer(gpus, gpus == first ? "do not hold it" : "are too slow"),
                  "N-BOUND",
                  limits_of(request_) + "; " + reached(*found, request_) + " on " +
                      place_of(*found) + counted(gpus));
    }
    const auto nearest = search_.nearest_latency(first);
    fail(std::move(need),
         "latency: no number of GPUs up to " + text(search_.most_gpus()) + " holds " +
             limits_of(request_) +
             (nearest ? "; the best is " + reached(*nearest, request_) + " on " + place_of(*nearest)
                      : std::string()));
  }

  void ask_throughput() {
    CardsNeed need;
    need.by = "throughput";
    need.demand = throughput_of(request_);
    const std::int64_t first = *out_.gpus_for_memory;
    if (const auto found = search_.for_throughput(first)) {
      set_found(need, *found);
      out_.gpus_for_throughput = need.gpus;
      const std::int64_t gpus = *need.gpus;
      std::string reckoning = need.demand + "; " + text_of(need.output_tokens_per_s->value) +
                              " output tokens/s on " + place_of(*found);
      if (request_.batch_given) reckoning += counted(gpus);
      return meet(std::move(need),
                  no_fewer(gpus, "give less"),
                  request_.batch_given ? "N-BOUND" : "N-COPIES",
                  std::move(reckoning));
    }
    fail(std::move(need), throughput_reached(first));
  }

  [[nodiscard]] std::string throughput_reached(std::int64_t first) const {
    std::string asked = "throughput: no number of GPUs" +
                        (request_.most_gpus ? " up to " + text(*request_.most_gpus) : "") +
                        " gives " + throughput_of(request_);
    if (!request_.batch_given) return asked + without_limit();
    const auto best = search_.best_throughput(first);
    if (!best) return asked;
    return asked + " with " + text(deployment_.workload.batch) + " sequences at a time; up to " +
           text(search_.most_gpus()) + " GPUs the best is " +
           text_of(best->figures.times.output_tokens_per_s) + " on " + place_of(*best) +
           ": leave --batch out, or raise it";
  }

  /// What would do, were there no --max-gpus.
  [[nodiscard]] std::string without_limit() const {
    if (!request_.most_gpus) return {};
    CardsRequest wide = request_;
    wide.most_gpus = std::nullopt;
    const auto found = CardsSearch(catalog_, deployment_, wide).for_throughput(1);
    return found ? ": " + place_of(*found) + " do, so raise --max-gpus" : std::string();
  }

  void take_largest() {
    const auto largest = std::max_element(
        out_.needs.begin(), out_.needs.end(), [](const CardsNeed& a, const CardsNeed& b) {
          return *a.gpus <= *b.gpus;  // of equals the last: it holds the others' demands too
        });
    out_.gpus = largest->gpus;
    out_.nodes = largest->nodes;
    out_.layout = largest->layout;
    set_limits(out_, *largest->layout);
  }

  void set_limits(CardsAnswer& a, const Layout& layout) const {
    const auto w = solve::with_layout(deployment_.workload, layout);
    a.max_batch = solve::max_batch(w, *deployment_.gpu);
    a.max_context_tokens = solve::max_context(w, *deployment_.gpu);
    if (search_.can_time()) a.max_concurrency = search_.most_concurrency(layout);
  }

  const catalog::Catalog& catalog_;
  const Deployment& deployment_;
  const CardsRequest& request_;
  CardsSearch search_;
  CardsAnswer out_;
};

std::optional<CardsCandidate> candidate(const catalog::Catalog& catalog,
                                        const Deployment& base,
                                        const CardsRequest& request,
                                        const Gpu& gpu) {
  Deployment d = base;
  d.gpu = &gpu;
  d.node_gpus = node_size(gpu);
  CardsRequest r = request;
  const std::int64_t joined = gpu.device_class == "data-center" ? kMostOfCandidate : d.node_gpus;
  r.most_gpus = request.most_gpus.value_or(joined);
  const bool timed = r.max_ttft || r.max_tpot || r.output_tokens_per_s;
  if (timed && !CardsSearch(catalog, d, r).can_time()) return std::nullopt;
  const CardsAnswer a = Asker(catalog, d, r).answer();
  if (!a.met) return std::nullopt;
  const auto need = std::find_if(
      a.needs.begin(), a.needs.end(), [&](const CardsNeed& n) { return n.layout == a.layout; });
  return CardsCandidate{std::string(gpu.id),
                        *a.gpus,
                        *a.gpus_for_memory,
                        a.gpus_for_latency,
                        a.gpus_for_throughput,
                        *a.layout,
                        need->concurrency,
                        need->ttft_s,
                        need->tpot_s,
                        need->output_tokens_per_s};
}

/// Every kind that the engine runs on, least memory in all first.
CardsAnswer all_kinds(const catalog::Catalog& catalog,
                      const Deployment& d,
                      const CardsRequest& request) {
  std::vector<std::pair<double, CardsCandidate>> found;
  for (const Gpu& gpu : catalog.all<Gpu>()) {
    if (!catalog::runs_on(*d.workload.engine, gpu)) continue;
    if (!has_formats(catalog, d.workload, gpu)) continue;
    if (auto c = candidate(catalog, d, request, gpu)) {
      const double memory = catalog::runtime_memory(gpu).value * static_cast<double>(c->gpus);
      found.emplace_back(memory, std::move(*c));
    }
  }
  std::stable_sort(
      found.begin(), found.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  CardsAnswer a;
  for (auto& [memory, c] : found) a.candidates.push_back(std::move(c));
  a.met = !a.candidates.empty();
  if (!a.met) a.reasons.emplace_back("no device of the catalog that the engine runs on is enough");
  return a;
}

}  // namespace

CardsAnswer cards_answer(const catalog::Catalog& catalog,
                         const Deployment& d,
                         const CardsRequest& request) {
  if (d.gpu == nullptr) return all_kinds(catalog, d, request);
  Asker asker(catalog, d, request);
  CardsAnswer a = asker.answer();
  if (request.given_gpus) asker.judge(a, *request.given_gpus);
  return a;
}

std::vector<LargestModel> largest_models(const catalog::Catalog& catalog,
                                         DeploymentRequest request) {
  std::vector<LargestModel> found;
  for (const catalog::Model& model : catalog.all<catalog::Model>()) {
    request.model = {};
    request.model.model = &model;
    try {
      const Deployment d = resolve_deployment(catalog, request);
      const auto memory = estimate::inference_memory(d.workload, d.gpu);
      if (model.encoder || !estimate::fits(d.workload, memory, *d.gpu)) continue;
      const auto& worst = memory.worst_gpu();
      const Bytes usable = estimate::budget(d.workload, worst, *d.gpu).usable;
      found.push_back({std::string(model.id),
                       std::llround(d.parameters),
                       std::string(d.workload.precision.dense->id),
                       d.workload.layout,
                       (usable - estimate::total(worst)) / usable});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::usage) throw;  // it cannot be split over so many
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const LargestModel& x, const LargestModel& y) {
    return x.parameters > y.parameters;
  });
  if (found.size() > kLargestModels) found.resize(kLargestModels);
  return found;
}

}  // namespace dsplan::plan
