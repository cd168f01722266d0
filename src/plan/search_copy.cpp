#include "search_copy.hpp"

#include <algorithm>

namespace dsplan::plan {
namespace {

double decode_gap(const CopyModel& c, double n) {
  return traffic::mean_decode_seconds(*c.steps, c.load, n) / c.scheduling.tokens_per_step;
}

}  // namespace

CopyModel copy_model(const estimate::StepModel& steps,
                     const traffic::Scheduling& scheduling,
                     const traffic::BatchLoad& load) {
  CopyModel c{&steps, scheduling, load};
  c.prompt_s = traffic::prompt_seconds(steps, scheduling, load, 1.0);
  c.beside_s = traffic::prompt_beside_decodes(steps, scheduling, load);
  return c;
}

CopyTimes copy_times(const CopyModel& c, double n) {
  CopyTimes t;
  const double output = c.load.output_tokens;
  if (output <= 0.0) {
    t.ttft_s = c.prompt_s + (n - 1.0) * c.beside_s;
    t.e2e_s = t.ttft_s;
    return t;
  }
  const double decode = decode_gap(c, n);
  t.tpot_s = decode + (n - 1.0) * c.beside_s / output;
  // The others' prompts come spread over an answer and what prompts add to it: one that comes finds
  // another under way for their share of that time, and half of it is left to run.
  const double others = (n - 1.0) * c.beside_s;
  const double in_the_way = others / (2.0 * (output * decode + others));
  t.ttft_s = c.prompt_s * (1.0 + in_the_way) + (n > 1.0 ? decode / 2.0 : 0.0);
  t.e2e_s = t.ttft_s + (output - 1.0) * t.tpot_s;
  t.output_tokens_per_s = n * output / (output * decode + n * c.beside_s);
  return t;
}

CopyTimes decode_times(const CopyModel& c, double n) {
  CopyTimes t;
  const double output = std::max(1.0, c.load.output_tokens);
  t.tpot_s = decode_gap(c, n);
  t.e2e_s = output * t.tpot_s;
  t.output_tokens_per_s = n / t.tpot_s;
  return t;
}

}  // namespace dsplan::plan
