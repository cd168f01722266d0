#include "dsplan/traffic/closed_loop.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <queue>
#include <random>

namespace dsplan::traffic {
namespace {

using estimate::Chunk;
using estimate::StepModel;

struct Request {
  double asked_s = 0.0;
  double seen_s = 0.0;  ///< by the scheduler, after the front end
  double input = 0.0;
  double output = 0.0;
  double done = 0.0;  ///< prompt tokens in the cache
  double first_s = 0.0;
  bool counts = true;
  std::int64_t asks_left = 0;  ///< of its client, after this one
};

struct Running {
  double ends_at_token = 0.0;  ///< of the common count of decode steps
  std::size_t request = 0;
  friend bool operator>(const Running& a, const Running& b) {
    return a.ends_at_token != b.ends_at_token ? a.ends_at_token > b.ends_at_token
                                              : a.request > b.request;
  }
};

struct Asked {
  double seen_s = 0.0;
  std::size_t request = 0;
  friend bool operator>(const Asked& a, const Asked& b) {
    return a.seen_s != b.seen_s ? a.seen_s > b.seen_s : a.request > b.request;
  }
};

Percentiles percentiles(std::vector<double> values) {
  Percentiles p;
  if (values.empty()) return p;
  auto from = values.begin();
  const auto at = [&](double share) {  // in growing order
    const auto rank = std::lround(share * static_cast<double>(values.size() - 1));
    std::nth_element(from, values.begin() + rank, values.end());
    from = values.begin() + rank;
    return *from;
  };
  double sum = 0.0;
  for (const double v : values) sum += v;
  p.mean = sum / static_cast<double>(values.size());
  p.p50 = at(0.5);
  p.p90 = at(0.9);
  p.p99 = at(0.99);
  return p;
}

class Loop {
 public:
  Loop(const StepModel& steps, const ClosedLoop& clients, const Scheduling& scheduling)
      : steps_(steps), c_(clients), s_(scheduling), random_(clients.seed) {}

  LoopTimes run() {
    for (std::int64_t i = 0; i < c_.clients; ++i) {
      ask(0.0, c_.requests_per_client - 1);
      if (!c_.starts_together) stagger(requests_.back(), i);
    }
    while (finished_ < c_.clients * c_.requests_per_client) {
      look_for_requests();
      if (prefilling_.empty() && waiting_.empty() && running_.empty()) {
        now_s_ = asked_.top().seen_s;
        continue;
      }
      if (!prompt_step()) decode_steps();
      retire();
    }
    return summary();
  }

 private:
  std::int64_t length(std::int64_t longest) {
    const auto shortest =
        static_cast<std::int64_t>(std::floor(c_.shortest_share * static_cast<double>(longest)));
    const auto span = static_cast<std::uint64_t>(longest - shortest + 1);
    return std::max<std::int64_t>(1, shortest + static_cast<std::int64_t>(random_() % span));
  }

  void ask(double when_s, std::int64_t asks_left) {
    Request r;
    r.asked_s = when_s;
    r.input = static_cast<double>(length(c_.input_tokens));
    r.output = static_cast<double>(length(c_.output_tokens));
    r.done = std::min(std::floor(r.input * c_.prefix_hit), r.input - 1.0);
    r.asks_left = asks_left;
    r.seen_s = when_s;
    if (in_step()) return keep(r);
    front_free_s_ = std::max(front_free_s_, when_s) + s_.request_s;
    r.seen_s = front_free_s_ + s_.prompt_token_s * r.input;
    keep(r);
  }

  /// Clients that start together and ask alike stay in step: the front end holds all of them alike.
  [[nodiscard]] bool in_step() const { return c_.starts_together && c_.shortest_share >= 1.0; }

  void keep(const Request& r) {
    requests_.push_back(r);
    asked_.push({r.seen_s, requests_.size() - 1});
  }

  /// Client i of N ends its first answer after (i + 1) / N of its length.
  void stagger(Request& r, std::int64_t client) const {
    const double share = static_cast<double>(client + 1) / static_cast<double>(c_.clients);
    r.output = std::max(1.0, std::ceil(r.output * share));
    r.counts = false;
  }

  /// A scheduler that polls looks when it idles, after prompts and every so many decode steps.
  void look_for_requests() {
    const bool looks = s_.poll_interval <= 1 || running_.empty() || had_prompt_ ||
                       steps_done_ - looked_at_ >= static_cast<double>(s_.poll_interval);
    if (!looks) return;
    looked_at_ = steps_done_;
    had_prompt_ = false;
    while (!asked_.empty() && asked_.top().seen_s <= now_s_) {
      waiting_.push_back(asked_.top().request);
      asked_.pop();
    }
  }

  [[nodiscard]] double room(const Request& r) const {
    return r.input + (s_.reserves_output ? r.output : r.output / 2.0);
  }

  [[nodiscard]] double decoding() const { return static_cast<double>(running_.size()); }

  [[nodiscard]] bool can_start(const Request& r) const {
    const auto held =
        static_cast<std::int64_t>(running_.size() + prefilling_.size() + ended_.size());
    if (held < s_.least_seqs) return true;
    return held < s_.max_seqs && cache_used_ + room(r) <= s_.cache_tokens;
  }

  /// Takes chunks in order until the budget is used; true if the step held any.
  bool prompt_step() {
    double left = static_cast<double>(s_.step_tokens) - (s_.prompts_first ? 0.0 : decoding());
    left = std::max(left, 1.0);
    chunks_.clear();
    ended_.clear();
    while (left > 0.0 && next_prompt()) {
      Request& r = requests_[prefilling_.front()];
      const double take = std::min(left, r.input - r.done);
      chunks_.push_back({r.done, take});
      r.done += take;
      left -= take;
      if (r.done < r.input) break;
      ended_.push_back(prefilling_.front());
      prefilling_.pop_front();
    }
    if (chunks_.empty()) return false;
    step_with_chunks();
    return true;
  }

  bool next_prompt() {
    if (!prefilling_.empty()) return true;
    if (waiting_.empty() || !can_start(requests_[waiting_.front()])) return false;
    cache_used_ += room(requests_[waiting_.front()]);
    prefilling_.push_back(waiting_.front());
    waiting_.pop_front();
    return true;
  }

  void step_with_chunks() {
    const double beside = s_.prompts_first ? 0.0 : decoding();
    had_prompt_ = true;
    advance(estimate::mixed_step(steps_, beside, beside > 0.0 ? context_ : 0.0, chunks_).value);
    if (beside > 0.0) gain_tokens(1.0);
    for (const std::size_t id : ended_) {
      Request& r = requests_[id];
      r.first_s = now_s_;
      context_ += r.input + 1.0;
      running_.push({steps_done_ + std::ceil((r.output - 1.0) / s_.tokens_per_step), id});
    }
  }

  void gain_tokens(double steps) {
    steps_done_ += steps;
    context_ += decoding() * steps * s_.tokens_per_step;
  }

  void advance(double seconds) {
    running_time_ += decoding() * seconds;
    now_s_ += seconds;
  }

  /// Of all that run. What the context does not change is reckoned once for each number of them.
  [[nodiscard]] double decode_step(double context) {
    const std::size_t n = running_.size();
    if (products_s_.size() <= n) products_s_.resize(n + 1, -1.0);
    double& products = products_s_[n];
    if (products < 0.0) products = estimate::decode_products(steps_, decoding());
    return estimate::decode_step(steps_, decoding(), context, products).value;
  }

  /// Steps of decoding alone, up to the next event.
  void decode_steps() {
    if (running_.empty()) return;
    const double n = decoding();
    const double now_step = decode_step(context_);
    double steps = std::max(1.0, running_.top().ends_at_token - steps_done_);
    if (s_.poll_interval > 1) {
      const double next_look = looked_at_ + static_cast<double>(s_.poll_interval) - steps_done_;
      steps = std::min(steps, std::max(1.0, next_look));
    } else if (!asked_.empty()) {
      const double until = std::ceil((asked_.top().seen_s - now_s_) / now_step);
      steps = std::min(steps, std::max(1.0, until));
    }
    if (steps <= 1.0) {
      advance(now_step);
    } else {
      const double last_context = context_ + n * (steps - 1.0) * s_.tokens_per_step;
      const double last_step = decode_step(last_context);
      advance(steps * (now_step + last_step) / 2.0);
    }
    gain_tokens(steps);
  }

  void retire() {
    while (!running_.empty() && running_.top().ends_at_token <= steps_done_) {
      const Request r = requests_[running_.top().request];
      running_.pop();
      cache_used_ -= room(r);
      context_ -= r.input + r.output;
      if (running_.empty()) context_ = 0.0;
      finish(r);
    }
  }

  void finish(const Request& r) {
    ++finished_;
    // A client that gets several tokens at once sees the first when all of them are there.
    const double gaps = std::max(1.0, r.output - 1.0);
    const double held_back = std::min(static_cast<double>(s_.stream_interval - 1), 0.9 * gaps) *
                             (now_s_ - r.first_s) / gaps;
    const double tpot = (now_s_ - r.first_s - held_back) / gaps;
    if (r.asks_left > 0) ask(now_s_, r.asks_left - 1);
    if (!r.counts) return;
    if (r.output > 1.0) tpot_.push_back(tpot);
    const double front_end = in_step() ? s_.prompt_token_s * r.input : 0.0;
    ttft_.push_back(front_end + r.first_s - r.asked_s + held_back);
    e2e_.push_back(now_s_ - r.asked_s);
    tokens_ += r.output;
  }

  LoopTimes summary() {
    LoopTimes out;
    out.ttft_s = percentiles(std::move(ttft_));
    out.tpot_s = percentiles(std::move(tpot_));
    const auto answers = static_cast<double>(e2e_.size());
    out.e2e_s = percentiles(std::move(e2e_));
    // Without a common start the last answers run in an emptying engine: Little's law instead.
    out.requests_per_s =
        c_.starts_together ? answers / now_s_ : static_cast<double>(c_.clients) / out.e2e_s.mean;
    out.output_tokens_per_s = out.requests_per_s * tokens_ / answers;
    out.mean_running = running_time_ / now_s_;
    return out;
  }

  const StepModel& steps_;
  const ClosedLoop& c_;
  const Scheduling& s_;
  std::mt19937_64 random_;

  std::vector<Request> requests_;
  std::priority_queue<Asked, std::vector<Asked>, std::greater<>> asked_;
  std::deque<std::size_t> waiting_;
  std::deque<std::size_t> prefilling_;
  std::priority_queue<Running, std::vector<Running>, std::greater<>> running_;
  std::vector<Chunk> chunks_;
  std::vector<std::size_t> ended_;
  std::vector<double> products_s_;  ///< by sequences; negative: not yet reckoned

  double now_s_ = 0.0;
  double front_free_s_ = 0.0;
  double cache_used_ = 0.0;
  double context_ = 0.0;     ///< tokens that running sequences hold
  double steps_done_ = 0.0;  ///< decode steps so far
  double looked_at_ = 0.0;   ///< the decode step of the last look at new requests
  bool had_prompt_ = false;  ///< since then
  std::int64_t finished_ = 0;
  double tokens_ = 0.0;
  double running_time_ = 0.0;
  std::vector<double> ttft_;
  std::vector<double> tpot_;
  std::vector<double> e2e_;
};

}  // namespace

LoopTimes simulate(const StepModel& steps,
                   const ClosedLoop& clients,
                   const Scheduling& scheduling) {
  return Loop(steps, clients, scheduling).run();
}

}  // namespace dsplan::traffic
