// How a published series of serving runs was made, where its tables do not say: as data, for
// `validate` alone. No forecast reads it.
#pragma once

#include <span>

#include "dsplan/catalog/field.hpp"
#include "dsplan/catalog/gpu.hpp"
#include "dsplan/catalog/model.hpp"

namespace dsplan::catalog {

/// Conditions on a run (empty or 0: any) and what is then known of it. Rows apply in order; a later
/// one overrides what an earlier one said.
struct Protocol {
  std::string_view id{};

  // The run.
  std::string_view engine{};
  std::string_view architecture{};  ///< of the device
  TextList gpus{};
  TextList models{};
  TextList families{};  ///< of models
  std::string_view arrival{};
  std::string_view attention{};  ///< latent, other
  std::string_view experts{};    ///< yes, no
  std::string_view lengths{};    ///< fixed, uniform
  bool narrow_weights = false;   ///< below 16 bits
  bool wide_weights = false;     ///< 16 bits
  bool version_unstated = false;
  bool input_unstated = false;
  std::int64_t least_concurrency = 0;
  std::int64_t most_tp = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t input_multiple = 0;  ///< divides the input tokens

  // What is known of it.
  std::string_view engine_version{};
  std::string_view precision{};  ///< of the weights, whatever the table says
  std::string_view kv_precision{};
  std::int64_t poll_interval = 0;
  std::int64_t stream_interval = 0;
  std::int64_t step_prompts = 0;   ///< a step's tokens: so many prompts and one for each client
  double length_spread = 0.0;      ///< lengths called fixed differ by this share either way
  double mean_input_tokens = 0.0;  ///< of the data set
  double mean_output_tokens = 0.0;
  std::int64_t beams = 0;      ///< of each request, that share the prompt's cache
  std::string_view rate_of{};  ///< what a decode rate is: answer over the request's whole time,
                               ///< or prompt and answer over it
  TextList sources{};
};

template <>
std::span<const Field<Protocol>> fields_of<Protocol>();
template <>
KindName kind_of<Protocol>();

/// A run as far as conditions ask for it.
struct Run {
  std::string_view engine{};
  const Gpu* gpu = nullptr;
  const Model* model = nullptr;
  std::string_view lengths{};
  bool narrow_weights = false;
  std::string_view arrival{};
  bool wide_weights = false;
  bool version_unstated = false;
  bool input_unstated = false;
  std::int64_t concurrency = 0;
  std::int64_t tp = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
};

/// What the rows that hold for the run know of it; their conditions are left empty.
[[nodiscard]] Protocol protocol_of(std::span<const Protocol> rows, const Run& run);

}  // namespace dsplan::catalog
