#include "dsplan/plan/training_speed.hpp"

#include <algorithm>
#include <array>

#include "dsplan/base/error.hpp"
#include "dsplan/solve/training_limits.hpp"

namespace dsplan::plan {
namespace {

using estimate::TrainingTime;
using workload::Training;

std::string text(std::int64_t n) { return std::to_string(n); }

/// A part of a step: where it stands, what it is called and what bounds it.
struct Part {
  Seconds TrainingTime::*time;
  const char* term;
  const char* formula;
  const char* kind;
};
constexpr std::array kParts{
    Part{&TrainingTime::linear, "matrices", "TT-MATRIX", "compute"},
    Part{&TrainingTime::experts, "experts", "TT-MATRIX", "compute"},
    Part{&TrainingTime::attention, "attention", "TT-ATTENTION", "compute"},
    Part{&TrainingTime::elementwise, "elementwise", "TT-ELEMENTWISE", "memory"},
    Part{&TrainingTime::head, "head and loss", "TT-HEAD", "compute"},
    Part{&TrainingTime::dequantisation, "widening the base", "TT-QLORA", "memory"},
    Part{&TrainingTime::tensor, "tensor parallelism", "TT-TENSOR", "communication"},
    Part{&TrainingTime::expert_traffic, "expert parallelism", "TT-EXPERT", "communication"},
    Part{&TrainingTime::context, "context parallelism", "TT-CONTEXT", "communication"},
    Part{&TrainingTime::pipeline, "between stages", "TT-PIPELINE", "communication"},
    Part{&TrainingTime::shards, "sharded weights", "TT-SHARD", "communication"},
    Part{&TrainingTime::gradients, "gradients", "TT-GRADIENT", "communication"},
    Part{&TrainingTime::optimizer, "optimizer", "TT-OPTIMIZER", "memory"},
    Part{&TrainingTime::offload, "host memory", "TT-OFFLOAD", "communication"},
    Part{&TrainingTime::host, "host", "TT-HOST", "host"},
    Part{&TrainingTime::bubble, "pipeline bubble", "TT-STEP", "pipeline"},
};

std::string passes(const Training& t) {
  const std::string forward = t.method == workload::Method::full ? "3" : "2";
  return workload::recompute(t) == workload::Recompute::full ? forward + " + 1" : forward;
}

std::string reckoning(const Part& part, const Training& t) {
  std::string each = text(workload::micro_batches(t)) + " micro-batches";
  const std::string formula = part.formula;
  if (formula == "TT-MATRIX") return each + ", " + passes(t) + " passes";
  if (formula == "TT-STEP")
    return "(pp " + text(t.layout.pp) + " - 1) / vpp " + text(t.vpp) + " mean micro-batches";
  if (formula == "TT-GRADIENT")
    return "what " + text(t.layout.dp * t.layout.cp) + " ranks cannot hide";
  if (formula == "TT-OPTIMIZER") return "once a step";
  return each;
}

std::vector<TrainingTerm> breakdown(const TrainingTime& time, const Training& t) {
  const Seconds step = estimate::total(time);
  std::vector<TrainingTerm> terms;
  for (const Part& part : kParts) {
    const Seconds spent = time.*part.time;
    if (spent.value <= 0.0) continue;
    terms.push_back({part.term, spent, spent / step, part.formula, reckoning(part, t)});
  }
  return terms;
}

/// The kind of part that most of the step goes to.
std::string bound(const TrainingTime& time) {
  std::string best;
  double most = -1.0;
  for (const char* kind : {"compute", "memory", "communication", "pipeline", "host"}) {
    double sum = 0.0;
    for (const Part& part : kParts)
      if (std::string_view(part.kind) == kind) sum += (time.*part.time).value;
    if (sum > most) {
      most = sum;
      best = kind;
    }
  }
  return best;
}

std::string peak_format(const Training& t, const catalog::Gpu& gpu) {
  using workload::Compute;
  if (t.compute == Compute::fp32) return gpu.dense_tf32_tflops ? "tf32" : "fp32";
  if (t.compute == Compute::fp8) {
    if (t.narrow == workload::NarrowRecipe::fp4 && gpu.dense_fp4_tflops) return "fp4";
    if (gpu.dense_fp8_tflops) return "fp8";
  }
  if (t.compute == Compute::fp16 && gpu.dense_fp16_tflops) return "fp16";
  if (gpu.dense_bf16_tflops) return "bf16";
  return gpu.dense_fp16_tflops ? "fp16" : "fp32";
}

/// A speed and its band; a time has the ends the other way round.
Predicted speed(double value, SpeedBand band) {
  return {value, value * band.low, value * band.high};
}
Predicted duration(double value, SpeedBand band) {
  return {value, value / band.high, value / band.low};
}

std::vector<std::string> borrowed(const Training& t, const catalog::TrainingRate& rates) {
  std::vector<std::string> notes;
  if (t.framework->generic)
    notes.push_back("the speed of " + std::string(t.framework->name) +
                    " is not measured: constants of other frameworks, a wider band");
  if (rates.generic)
    notes.push_back("no training run of this architecture was fitted: shares of rates are '" +
                    std::string(rates.id) + "', a wider band");
  return notes;
}

void set_utilisation(
    TrainingSpeedAnswer& a, const Training& t, double step, double peak, SpeedBand band) {
  const estimate::TrainingWork work = estimate::training_work(t);
  const double tokens = static_cast<double>(t.global_batch) * static_cast<double>(t.seq_len);
  const double gpu_seconds = step * static_cast<double>(workload::gpu_count(t));
  a.flops_per_token_causal = work.causal / tokens;
  a.flops_per_token_full = work.full / tokens;
  a.model_flops_per_gpu_per_s = speed(work.causal.value / gpu_seconds, band);
  a.peak_flops_per_s = peak;
  a.mfu = speed(work.causal.value / gpu_seconds / peak, band);
  a.mfu_full = speed(work.full.value / gpu_seconds / peak, band);
  a.hfu = speed(work.hardware.value / gpu_seconds / peak, band);
}

// What a size without an architecture leaves open.
constexpr double kShapeWidening = 1.25;

}  // namespace

SpeedBand speed_band(const Training& t, const catalog::TrainingRate& rates) {
  // What a device or framework that no run was fitted for adds on either side.
  constexpr double kUnknownLow = 0.8;
  constexpr double kUnknownHigh = 1.15;
  const catalog::Framework& f = *t.framework;
  const bool moe = catalog::is_moe(*t.model);
  SpeedBand band{moe ? f.moe_low : f.dense_low, moe ? f.moe_high : f.dense_high};
  if (rates.generic) {
    band.low *= kUnknownLow;
    band.high *= kUnknownHigh;
  }
  return band;
}

estimate::TrainingHardware training_hardware(const catalog::Catalog& catalog,
                                             const TrainingDeployment& d,
                                             const TrainingSpeedOptions& options) {
  if (d.gpu == nullptr) throw Error(ErrorCode::usage, "a time needs a GPU", "say --gpu");
  estimate::TrainingHardware hw;
  hw.gpu = d.gpu;
  hw.rates = catalog::find_training_rate(catalog.all<catalog::TrainingRate>(), *d.gpu);
  hw.ways = estimate::interconnect(
      *d.gpu, catalog.all<catalog::Link>(), d.node_gpus, options.link, options.network);
  hw.power_share = options.power_share;
  const double peak = estimate::training_peak(d.training, *d.gpu).value;
  if (hw.rates == nullptr || peak <= 0.0 || d.gpu->bandwidth_gb_per_s <= 0.0)
    throw Error(ErrorCode::usage,
                "the catalog has no rate for training on " + std::string(d.gpu->id),
                "give it dense_bf16_tflops in a --catalog file");
  return hw;
}

TrainingSpeedAnswer training_speed_answer(const catalog::Catalog& catalog,
                                          const TrainingDeployment& d,
                                          const TrainingSpeedOptions& options) {
  const Training& t = d.training;
  const estimate::TrainingHardware hw = training_hardware(catalog, d, options);
  const TrainingTime time = estimate::training_time(t, hw);
  SpeedBand band = speed_band(t, *hw.rates);
  if (d.shape_assumed) band = {band.low / kShapeWidening, band.high * kShapeWidening};
  const double step = estimate::total(time).value;
  const double tokens = static_cast<double>(t.global_batch) * static_cast<double>(t.seq_len);
  const double rate = tokens / step;
  TrainingSpeedAnswer a;
  a.step_s = duration(step, band);
  a.tokens_per_s = speed(rate, band);
  a.tokens_per_s_per_gpu = speed(rate / static_cast<double>(workload::gpu_count(t)), band);
  if (options.tokens_to_train) a.time_to_train_s = duration(*options.tokens_to_train / rate, band);
  set_utilisation(a, t, step, estimate::training_peak(t, *d.gpu).value, band);
  a.peak_format = peak_format(t, *d.gpu);
  a.bubble_fraction = time.bubble.value / step;
  a.bound = bound(time);
  a.fits = solve::holds(t, *d.gpu);
  a.breakdown = breakdown(time, t);
  a.notes = borrowed(t, *hw.rates);
  return a;
}

}  // namespace dsplan::plan
