#include "dsplan/plan/serving.hpp"

#include <algorithm>
#include <limits>

#include "dsplan/base/error.hpp"
#include "dsplan/estimate/device_rates.hpp"
#include "dsplan/estimate/memory.hpp"

namespace dsplan::plan {
namespace {

// Stand-ins for the host where nobody says which it is.
constexpr std::string_view kDesktopHost = "cpu-desktop-ddr5";
constexpr std::string_view kServerHost = "epyc-9654";

using workload::Inference;

// A server under pressure still runs a few sequences, however little memory is left by the
// estimate.
constexpr std::int64_t kLeastSequences = 8;
// Steps of an engine without a limit of its own.
constexpr std::int64_t kUnbounded = std::int64_t{1} << 40;

/// Tokens that one attention replica keeps in its cache.
double cache_tokens(const Inference& w, const catalog::Gpu& gpu, bool& fits) {
  const auto memory = estimate::inference_memory(w, &gpu);
  if (!w.engine->preallocates) {
    fits = estimate::fits(w, memory, gpu);
    return std::numeric_limits<double>::infinity();
  }
  const auto pool = estimate::kv_pool(w, memory, gpu);
  const double replicas = static_cast<double>(w.layout.attention_dp * w.layout.dp);
  const double tokens = static_cast<double>(pool.tokens) / replicas;
  fits = tokens >= static_cast<double>(workload::context_tokens(w));
  return tokens;
}

}  // namespace

traffic::Scheduling step_scheduling(const Inference& w,
                                    const catalog::Stack& stack,
                                    const catalog::Gpu& gpu) {
  const catalog::Engine& e = *w.engine;
  const workload::EngineSettings& said = w.settings;
  const auto limits = workload::step_limits(w, &gpu);
  traffic::Scheduling s;
  s.cache_tokens = std::numeric_limits<double>::infinity();
  s.least_seqs = kLeastSequences;
  s.step_tokens = e.batched_tokens_by_gib.empty() ? kUnbounded : limits.batched_tokens;
  if (stack.prompt_tokens > 0) s.step_tokens = stack.prompt_tokens;
  if (said.max_batched_tokens) s.step_tokens = *said.max_batched_tokens;
  s.max_seqs = e.seqs_by_gib.empty() && !said.max_seqs ? kUnbounded : limits.seqs;
  if (stack.max_seqs > 0 && !said.max_seqs) s.max_seqs = stack.max_seqs;
  s.stage_overlap = stack.stage_overlap;
  s.prompts_first = stack.scheduler == "prompts_first";
  s.reserves_output = stack.reserves_output;
  s.poll_interval = w.settings.poll_interval.value_or(stack.poll_interval);
  s.stream_interval = w.settings.stream_interval.value_or(stack.stream_interval);
  s.request_s = stack.request_ms * 1e-3;
  s.prompt_token_s = stack.prompt_token_us * 1e-6;
  s.tokens_per_step = 1.0 + w.settings.accepted_tokens.value_or(0.0);
  return s;
}

const catalog::Gpu* host_of(const catalog::Catalog& catalog, const catalog::Gpu& gpu) {
  if (gpu.unified_memory) return &gpu;
  return catalog.find<catalog::Gpu>(gpu.device_class == "data-center" ? kServerHost : kDesktopHost);
}

std::string_view base_engine(const Deployment& d) {
  const catalog::Engine& e = *d.workload.engine;
  return e.engine.empty() ? e.id : e.engine;
}

estimate::Platform platform_of(const catalog::Catalog& catalog, const Deployment& d) {
  return {
      d.gpu,
      catalog.all<catalog::Kernel>(),
      estimate::interconnect(*d.gpu, catalog.all<catalog::Link>(), d.node_gpus, d.link, d.network),
      host_of(catalog, *d.gpu)};
}

const catalog::Stack& stack_of(const catalog::Catalog& catalog, const Deployment& d) {
  if (estimate::peak_rate(*d.gpu, "bf16").value <= 0.0) {
    throw Error(ErrorCode::usage,
                std::string(d.gpu->name) + ": no rate of 16-bit products is known",
                "add dense_fp16_tflops with --catalog");
  }
  const catalog::Stack* stack =
      catalog::find_stack(catalog.all<catalog::Stack>(),
                          d.any_engine ? "" : base_engine(d),
                          d.any_engine ? std::string_view{} : d.engine_version,
                          *d.gpu,
                          {d.engine_build, d.engine_year});
  if (stack == nullptr) {
    throw Error(ErrorCode::internal, "no stack stands for any engine", "see data/stacks.yaml");
  }
  return *stack;
}

Serving serving(const catalog::Catalog& catalog, const Deployment& d) {
  Serving s;
  s.stack = &stack_of(catalog, d);
  s.steps = estimate::step_model(d.workload, platform_of(catalog, d), *s.stack);
  s.scheduling = step_scheduling(d.workload, *s.stack, *d.gpu);
  s.scheduling.cache_tokens = cache_tokens(d.workload, *d.gpu, s.fits);
  s.attention_replicas = static_cast<double>(d.workload.layout.dp * d.workload.layout.attention_dp);
  return s;
}

}  // namespace dsplan::plan
