#include "dsplan/catalog/protocol.hpp"

#include <algorithm>
#include <array>

namespace dsplan::catalog {
namespace {

using P = Protocol;

constexpr std::array<std::string_view, 2> kAttentions{"latent", "other"};
constexpr std::array<std::string_view, 2> kAnswers{"yes", "no"};
constexpr std::array<std::string_view, 2> kLengths{"fixed", "uniform"};
constexpr std::array<std::string_view, 2> kRates{"answer", "prompt-and-answer"};

constexpr std::array kFields{
    Field<P>{"id", "catalog id", &P::id, true},
    Field<P>{"engine", "condition: engine", &P::engine},
    Field<P>{"architecture", "condition: of the device", &P::architecture},
    Field<P>{"gpus", "condition: one of these devices", &P::gpus},
    Field<P>{"models", "condition: one of these models", &P::models},
    Field<P>{"families", "condition: a model of one of these families", &P::families},
    Field<P>{"arrival", "condition: how requests arrive", &P::arrival},
    Field<P>{"attention", "condition: kind of attention", &P::attention, false, kAttentions},
    Field<P>{"experts", "condition: a model with experts", &P::experts, false, kAnswers},
    Field<P>{"lengths", "condition: of the requests", &P::lengths, false, kLengths},
    Field<P>{"narrow_weights", "condition: below 16 bits", &P::narrow_weights},
    Field<P>{"wide_weights", "condition: 16 bits", &P::wide_weights},
    Field<P>{"version_unstated", "condition: no engine version", &P::version_unstated},
    Field<P>{"input_unstated", "condition: no prompt length", &P::input_unstated},
    Field<P>{"least_concurrency", "condition: clients", &P::least_concurrency},
    Field<P>{"most_tp", "condition: tensor parallel size", &P::most_tp},
    Field<P>{"input_tokens", "condition: of the longest prompt", &P::input_tokens},
    Field<P>{"output_tokens", "condition: of the longest answer", &P::output_tokens},
    Field<P>{"input_multiple", "condition: divides the input tokens", &P::input_multiple},
    Field<P>{"engine_version", "version that ran", &P::engine_version},
    Field<P>{"precision", "format of the weights, whatever the table says", &P::precision},
    Field<P>{"kv_precision", "format of the KV cache", &P::kv_precision},
    Field<P>{"poll_interval", "decode steps between two looks at new requests", &P::poll_interval},
    Field<P>{"stream_interval", "steps between two chunks that a client sees", &P::stream_interval},
    Field<P>{"step_prompts",
             "a step's tokens: so many prompts and one for each client",
             &P::step_prompts},
    Field<P>{"length_spread", "lengths differ by this share either way", &P::length_spread},
    Field<P>{"mean_input_tokens", "of the data set", &P::mean_input_tokens},
    Field<P>{"mean_output_tokens", "of the data set", &P::mean_output_tokens},
    Field<P>{"beams", "of each request, that share the prompt's cache", &P::beams},
    Field<P>{"rate_of",
             "a decode rate is these tokens over the request's whole time",
             &P::rate_of,
             false,
             kRates},
    Field<P>{"sources", "where it is known from", &P::sources, true},
};

bool has(TextList list, std::string_view item) {
  return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
}

bool is(std::string_view wanted, std::string_view actual) {
  return wanted.empty() || wanted == actual;
}

bool holds(const P& p, const Run& r) {
  const bool named = is(p.engine, r.engine) && is(p.architecture, r.gpu->architecture) &&
                     has(p.gpus, r.gpu->id) && has(p.models, r.model->id) &&
                     has(p.families, r.model->family) && is(p.arrival, r.arrival);
  const bool kind =
      is(p.attention, is_mla(*r.model) ? "latent" : "other") &&
      is(p.experts, is_moe(*r.model) ? "yes" : "no") && is(p.lengths, r.lengths) &&
      (!p.narrow_weights || r.narrow_weights) && (!p.wide_weights || r.wide_weights) &&
      (!p.input_unstated || r.input_unstated) && (!p.version_unstated || r.version_unstated);
  const bool size = r.concurrency >= p.least_concurrency && (p.most_tp == 0 || r.tp <= p.most_tp) &&
                    (p.input_tokens == 0 || r.input_tokens == p.input_tokens) &&
                    (p.output_tokens == 0 || r.output_tokens == p.output_tokens) &&
                    (p.input_multiple == 0 || r.input_tokens % p.input_multiple == 0);
  return named && kind && size;
}

template <typename Value>
void take(Value& known, const Value& said) {
  if (said != Value{}) known = said;
}

}  // namespace

template <>
std::span<const Field<Protocol>> fields_of<Protocol>() {
  return kFields;
}
template <>
KindName kind_of<Protocol>() {
  return {"protocol", "protocols"};
}

Protocol protocol_of(std::span<const Protocol> rows, const Run& run) {
  Protocol known;
  for (const P& row : rows) {
    if (!holds(row, run)) continue;
    take(known.engine_version, row.engine_version);
    take(known.precision, row.precision);
    take(known.kv_precision, row.kv_precision);
    take(known.poll_interval, row.poll_interval);
    take(known.stream_interval, row.stream_interval);
    take(known.step_prompts, row.step_prompts);
    take(known.length_spread, row.length_spread);
    take(known.mean_input_tokens, row.mean_input_tokens);
    take(known.mean_output_tokens, row.mean_output_tokens);
    take(known.beams, row.beams);
    take(known.rate_of, row.rate_of);
  }
  return known;
}

}  // namespace dsplan::catalog
