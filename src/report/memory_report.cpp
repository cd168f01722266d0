#include "dsplan/report/memory_report.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "describe.hpp"
#include "figures.hpp"

namespace dsplan::report {

using plan::BatchAdjustment;
using plan::FitsOn;
using plan::Fix;
using plan::MemoryAnswer;
using plan::MemoryTerm;
using plan::PerGpuMemory;
using plan::PoolAnswer;
using plan::ShapeInterval;
using workload::Layout;

// ---- keys of the result ----

template <>
std::span<const ResultField<PerGpuMemory>> described<PerGpuMemory>() {
  static constexpr std::array kFields{
      field<&PerGpuMemory::rank>("rank", "which GPU this is: one of the fullest stage"),
      field<&PerGpuMemory::weights>("weights_bytes", "weights as the engine holds them"),
      field<&PerGpuMemory::kv_cache>("kv_cache_bytes", "KV cache and recurrent state of the batch"),
      field<&PerGpuMemory::activations>("activations_bytes", "peak of one step"),
      field<&PerGpuMemory::gradients>("gradients_bytes", "training only"),
      field<&PerGpuMemory::optimizer>("optimizer_bytes", "training, and the guides' rule"),
      field<&PerGpuMemory::runtime>("runtime_bytes", "context, collectives, captured graphs"),
      field<&PerGpuMemory::total>("total_bytes", "sum of the six terms"),
      field<&PerGpuMemory::capacity>("capacity_bytes",
                                     "memory of the device as the runtime gets it"),
      field<&PerGpuMemory::usable>("usable_bytes", "what the engine may use of it"),
      field<&PerGpuMemory::headroom>("headroom_bytes",
                                     "usable less total; negative: so much is missing"),
      field<&PerGpuMemory::headroom_fraction>("headroom_fraction", "headroom over usable"),
      field<&PerGpuMemory::allocated>("allocated_bytes", "training: what the allocator hands out"),
      field<&PerGpuMemory::reserved>("reserved_bytes", "training: what the allocator holds"),
      field<&PerGpuMemory::reserved_p90>("reserved_p90_bytes",
                                         "training: the same in the worst of ten runs"),
  };
  return kFields;
}

template <>
std::span<const ResultField<MemoryTerm>> described<MemoryTerm>() {
  static constexpr std::array kFields{
      field<&MemoryTerm::term>("term", "which of the six terms"),
      field<&MemoryTerm::part>("part", "part of the term"),
      field<&MemoryTerm::size>("size_bytes", "on one GPU of the fullest stage"),
      field<&MemoryTerm::formula>("formula", "id in docs/formulas.md"),
      field<&MemoryTerm::reckoning>("reckoning", "the formula with its values"),
  };
  return kFields;
}

template <>
std::span<const ResultField<Layout>> described<Layout>() {
  static constexpr std::array kFields{
      field<&Layout::tp>("tp", "tensor parallel size"),
      field<&Layout::pp>("pp", "pipeline (or layer split) stages"),
      field<&Layout::dp>("dp", "copies of the model"),
      field<&Layout::ep>("ep", "groups that whole experts are spread over"),
      field<&Layout::cp>("cp", "context parallel size"),
      field<&Layout::attention_dp>("attention_dp",
                                   "copies of attention within a copy of the model"),
  };
  return kFields;
}

template <>
std::span<const ResultField<PoolAnswer>> described<PoolAnswer>() {
  static constexpr std::array kFields{
      field<&PoolAnswer::size>("size_bytes", "pool on each GPU"),
      field<&PoolAnswer::tokens>("tokens", "tokens of all sequences that it holds"),
  };
  return kFields;
}

template <>
std::span<const ResultField<BatchAdjustment>> described<BatchAdjustment>() {
  static constexpr std::array kFields{
      field<&BatchAdjustment::current>("current_batch", "batch that runs now"),
      field<&BatchAdjustment::utilization>("utilization_fraction", "memory use that was measured"),
      field<&BatchAdjustment::rule_next>("rule_next_batch", "next batch by the guides' rule"),
      field<&BatchAdjustment::largest_that_fits>("largest_batch_that_fits",
                                                 "by the detailed estimate"),
  };
  return kFields;
}

template <>
std::span<const ResultField<ShapeInterval>> described<ShapeInterval>() {
  static constexpr std::array kFields{
      field<&ShapeInterval::least_shape>("least_shape", "plausible model with the smallest cache"),
      field<&ShapeInterval::most_shape>("most_shape", "plausible model with the largest cache"),
      field<&ShapeInterval::kv_bytes_per_token_least>("kv_bytes_per_token_least",
                                                      "its cache a token"),
      field<&ShapeInterval::kv_bytes_per_token_most>("kv_bytes_per_token_most",
                                                     "its cache a token"),
      field<&ShapeInterval::total_least>("total_least_bytes", "least total on one GPU"),
      field<&ShapeInterval::total_most>("total_most_bytes", "largest total on one GPU"),
  };
  return kFields;
}

template <>
std::span<const ResultField<Fix>> described<Fix>() {
  static constexpr std::array kFields{
      field<&Fix::change>("change", "what to change"),
      field<&Fix::flags>("flags", "as flags of this command"),
      field<&Fix::gives_up>("gives_up", "what it costs"),
      field<&Fix::gpus>("gpus", "GPUs after it"),
      field<&Fix::total_per_gpu>("total_bytes", "per GPU after it"),
      field<&Fix::headroom>("headroom_bytes", "per GPU after it"),
  };
  return kFields;
}

template <>
std::span<const ResultField<FitsOn>> described<FitsOn>() {
  static constexpr std::array kFields{
      field<&FitsOn::gpu>("gpu", "catalog id"),
      field<&FitsOn::gpus>("gpus", "fewest of 1, 2, 4, 8 ... that hold it"),
      field<&FitsOn::layout>("layout", "how it is spread"),
      field<&FitsOn::total_per_gpu>("total_bytes", "per GPU"),
      field<&FitsOn::usable_per_gpu>("usable_bytes", "per GPU"),
      field<&FitsOn::headroom_fraction>("headroom_fraction", "headroom over usable"),
  };
  return kFields;
}

template <>
std::span<const ResultField<MemoryAnswer>> described<MemoryAnswer>() {
  static constexpr std::array kFields{
      field<&MemoryAnswer::per_gpu>("per_gpu", "one GPU of the fullest stage"),
      field<&MemoryAnswer::breakdown>("breakdown", "parts of the terms of that GPU"),
      field<&MemoryAnswer::total>("total_bytes", "over all GPUs"),
      field<&MemoryAnswer::host>("host_bytes", "weights that stay in host memory"),
      field<&MemoryAnswer::gpus>("gpus", "GPUs of the layout"),
      field<&MemoryAnswer::layout>("layout", "how the model is spread"),
      field<&MemoryAnswer::parameters>("parameters", "parameters of the model"),
      field<&MemoryAnswer::active_parameters>("active_parameters", "parameters that a token uses"),
      field<&MemoryAnswer::fits>("fits", "does every stage fit; null without --gpu"),
      field<&MemoryAnswer::max_batch>(
          "max_batch", "most sequences of this context that fit; null without --gpu"),
      field<&MemoryAnswer::max_context_tokens>(
          "max_context_tokens", "longest context of this batch that fits; null without --gpu"),
      field<&MemoryAnswer::kv_bytes_per_token>("kv_bytes_per_token",
                                               "one token in all attention layers"),
      field<&MemoryAnswer::kv_bytes_per_token_beyond_window>(
          "kv_bytes_per_token_beyond_window", "one more token once windows are full"),
      field<&MemoryAnswer::kv_pool>("kv_pool",
                                    "pool that the engine makes; null where it makes none"),
      field<&MemoryAnswer::adjust_batch>("adjust_batch", "with --adjust-batch"),
      field<&MemoryAnswer::interval>("interval",
                                     "what a size alone leaves open; null for a known model"),
      field<&MemoryAnswer::fixes>("fixes", "nearest changes that make it fit, each re-checked"),
      field<&MemoryAnswer::fits_on>("fits_on", "devices that hold it, when no --gpu was given"),
  };
  return kFields;
}

namespace {

std::string gib(Bytes size) { return fmt::format("{:.2f} GiB", in_gib(size)); }

struct TermRow {
  const char* name;
  Bytes size;
};

std::vector<TermRow> terms_of(const PerGpuMemory& g) {
  std::vector<TermRow> rows{{"weights", g.weights},
                            {"gradients", g.gradients},
                            {"optimizer", g.optimizer},
                            {"KV cache", g.kv_cache},
                            {"activations", g.activations},
                            {"runtime", g.runtime}};
  std::erase_if(rows, [](const TermRow& row) { return row.size.value == 0.0; });
  return rows;
}

Grid terms_grid(const PerGpuMemory& g) {
  Grid grid;
  grid.header = {"on " + g.rank, "GiB", "GB", "of total"};
  grid.right = {false, true, true, true};
  for (const auto& [name, size] : terms_of(g)) {
    grid.rows.push_back({name,
                         fmt::format("{:.2f}", in_gib(size)),
                         fmt::format("{:.2f}", in_gb(size)),
                         fmt::format("{:.1f} %", 100.0 * (size / g.total))});
  }
  grid.rows.push_back(
      {"total", fmt::format("{:.2f}", in_gib(g.total)), fmt::format("{:.2f}", in_gb(g.total)), ""});
  if (g.usable) {
    grid.rows.push_back({"usable",
                         fmt::format("{:.2f}", in_gib(*g.usable)),
                         fmt::format("{:.2f}", in_gb(*g.usable)),
                         fmt::format("of {:.2f} GiB", in_gib(*g.capacity))});
  }
  return grid;
}

Bar terms_bar(const PerGpuMemory& g) {
  Bar bar;
  for (const auto& [name, size] : terms_of(g)) bar.parts.push_back({name, size.value});
  bar.whole = g.usable ? g.usable->value : g.total.value;
  bar.whole_name = g.usable ? gib(*g.usable) + " usable" : "total";
  return bar;
}

std::string cards(const MemoryAnswer& m) {
  return m.gpus == 1 ? "one GPU" : fmt::format("{} GPUs", m.gpus);
}

Text verdict(const MemoryAnswer& m) {
  const PerGpuMemory& g = m.per_gpu;
  if (!m.fits) return {fmt::format("Needs {} on {}.", gib(m.total), cards(m)), Tone::strong};
  if (*m.fits) {
    return {fmt::format("Fits on {}: {} to spare on {}, {:.1f} % of what is usable.",
                        cards(m),
                        gib(*g.headroom),
                        g.rank,
                        100.0 * *g.headroom_fraction),
            Tone::good};
  }
  return {
      fmt::format("Does not fit on {}: {} short on {}.", cards(m), gib(*g.headroom * -1.0), g.rank),
      Tone::bad};
}

/// What the three ways of counting give for a training run.
std::string scopes_line(const PerGpuMemory& g) {
  return fmt::format("Allocated {}, reserved {} ({} in the worst of ten runs), on the device {}.",
                     gib(*g.allocated),
                     gib(*g.reserved),
                     gib(*g.reserved_p90),
                     gib(g.total));
}

std::string training_limits_line(const MemoryAnswer& m) {
  if (!m.max_batch) return {};
  const std::string batch = *m.max_batch > 0
                                ? fmt::format("Largest micro-batch: {}.", grouped(*m.max_batch))
                                : std::string("No micro-batch fits.");
  const std::string length =
      *m.max_context_tokens > 0
          ? fmt::format("Longest sequences: {} tokens.", grouped(*m.max_context_tokens))
          : std::string("No sequence length fits.");
  return batch + " " + length;
}

std::string limits_line(const MemoryAnswer& m) {
  if (m.per_gpu.allocated) return training_limits_line(m);
  std::string line;
  if (m.max_batch) {
    line += *m.max_batch > 0
                ? fmt::format("Largest batch at this context: {}. ", grouped(*m.max_batch))
                : std::string("No batch fits at this context. ");
  }
  if (m.max_context_tokens) {
    line += *m.max_context_tokens > 0 ? fmt::format("Longest context at this batch: {} tokens. ",
                                                    grouped(*m.max_context_tokens))
                                      : std::string("No context fits at this batch. ");
  }
  if (m.kv_bytes_per_token.value > 0.0) {
    line += fmt::format("KV cache: {} bytes a token", grouped(whole(m.kv_bytes_per_token)));
    if (m.kv_bytes_per_token_beyond_window != m.kv_bytes_per_token) {
      line +=
          fmt::format(", {} beyond the window", grouped(whole(m.kv_bytes_per_token_beyond_window)));
    }
    line += ". ";
  }
  if (m.kv_pool)
    line += fmt::format(
        "The engine's pool: {}, {} tokens. ", gib(m.kv_pool->size), grouped(m.kv_pool->tokens));
  if (m.host.value > 0.0) line += fmt::format("In host memory: {} of weights. ", gib(m.host));
  if (!line.empty()) line.pop_back();
  return line;
}

std::string interval_line(const ShapeInterval& i) {
  return fmt::format(
      "The size alone leaves open: {} to {} on one GPU; {} ({}) to {} ({}) bytes of cache a token.",
      gib(i.total_least),
      gib(i.total_most),
      grouped(whole(i.kv_bytes_per_token_least)),
      i.least_shape,
      grouped(whole(i.kv_bytes_per_token_most)),
      i.most_shape);
}

std::string adjustment_line(const BatchAdjustment& a) {
  std::string line =
      fmt::format("At {:.0f} % memory use the guides' rule takes the batch from {} to {}",
                  100.0 * a.utilization,
                  a.current,
                  a.rule_next);
  if (a.largest_that_fits)
    line += fmt::format("; the largest that really fits is {}", grouped(*a.largest_that_fits));
  return line + ".";
}

Grid fixes_grid(const std::vector<Fix>& fixes) {
  Grid grid{
      {"what makes it fit", "total GiB", "to spare", "gives up", "flags"}, {false, true, true}, {}};
  for (const Fix& fix : fixes) {
    grid.rows.push_back({fix.change,
                         fmt::format("{:.2f}", in_gib(fix.total_per_gpu)),
                         fmt::format("{:.2f}", in_gib(fix.headroom)),
                         fix.gives_up,
                         fix.flags});
  }
  return grid;
}

/// Devices that need as many GPUs in the same layout share a row, tightest first.
Grid fits_on_grid(const std::vector<FitsOn>& list) {
  Grid grid{{"GPUs", "layout", "fits on (share to spare)"}, {true}, {}};
  std::vector<const FitsOn*> ordered;
  ordered.reserve(list.size());
  for (const FitsOn& f : list) ordered.push_back(&f);
  std::stable_sort(ordered.begin(), ordered.end(), [](const FitsOn* a, const FitsOn* b) {
    return a->gpus != b->gpus ? a->gpus < b->gpus : a->headroom_fraction < b->headroom_fraction;
  });
  for (const FitsOn* f : ordered) {
    const std::string count = std::to_string(f->gpus);
    const std::string device = fmt::format("{} ({:.0f}%)", f->gpu, 100.0 * f->headroom_fraction);
    const bool same_row =
        !grid.rows.empty() && grid.rows.back()[0] == count && grid.rows.back()[1] == f->layout;
    if (same_row) {
      grid.rows.back()[2] += ", " + device;
    } else {
      grid.rows.push_back({count, f->layout, device});
    }
  }
  return grid;
}

Document memory_document(const MemoryAnswer& m, const std::string& subject) {
  Document document{
      Text{subject, Tone::strong}, terms_grid(m.per_gpu), terms_bar(m.per_gpu), verdict(m)};
  if (m.per_gpu.allocated) document.emplace_back(Text{scopes_line(m.per_gpu)});
  if (const std::string line = limits_line(m); !line.empty()) document.emplace_back(Text{line});
  if (m.interval) document.emplace_back(Text{interval_line(*m.interval)});
  if (m.adjust_batch) document.emplace_back(Text{adjustment_line(*m.adjust_batch)});
  if (!m.fixes.empty()) document.emplace_back(fixes_grid(m.fixes));
  if (m.fits && !*m.fits && m.fixes.empty()) {
    document.emplace_back(Text{"None of the changes that were tried makes it fit."});
  }
  if (!m.fits_on.empty()) document.emplace_back(fits_on_grid(m.fits_on));
  return document;
}

Document memory_explanation(const MemoryAnswer& m) {
  return {Text{"How it is reckoned (formulas: docs/formulas.md)", Tone::strong},
          explained(m.breakdown)};
}

}  // namespace

Grid explained(const std::vector<MemoryTerm>& terms) {
  Grid grid{{"term", "part", "bytes", "formula", "reckoning"}, {false, false, true}, {}};
  for (const MemoryTerm& t : terms) {
    grid.rows.push_back({t.term, t.part, grouped(whole(t.size)), t.formula, t.reckoning});
  }
  return grid;
}

std::string describe(const plan::Deployment& d) {
  const workload::Inference& w = d.workload;
  const std::string model = d.shape_assumed ? fmt::format("{} parameters in the shape of {}",
                                                          short_count(d.parameters),
                                                          w.model->name)
                                            : std::string(w.model->name);
  std::string formats = std::string(w.precision.dense->id);
  if (w.precision.experts != w.precision.dense)
    formats += "+" + std::string(w.precision.experts->id);
  std::string where;
  if (d.gpu != nullptr) {
    where = fmt::format(" on {} x {}", workload::gpu_count(w.layout), d.gpu->id);
    if (!d.slice_name.empty()) where += " (MIG " + d.slice_name + ")";
    if (workload::gpu_count(w.layout) > 1)
      where += fmt::format(" ({})", workload::describe(w.layout));
  } else if (workload::gpu_count(w.layout) > 1) {
    where = fmt::format(", {}", workload::describe(w.layout));
  }
  if (d.prefill) {
    const workload::Layout& prompts = d.prefill->workload.layout;
    where += fmt::format(
        ", prompts on {} more ({})", workload::gpu_count(prompts), workload::describe(prompts));
  }
  return fmt::format("{} in {}, KV cache in {}, batch {} of {} + {} tokens, {}{}",
                     model,
                     formats,
                     w.precision.kv->id,
                     w.batch,
                     w.input_tokens,
                     w.output_tokens,
                     d.engine_label,
                     where);
}

std::string describe(const plan::TrainingDeployment& d) {
  constexpr std::array kMethods{"full training", "LoRA", "QLoRA"};
  constexpr std::array kComputes{"fp32", "bf16", "fp16", "fp8"};
  const workload::Training& t = d.training;
  const std::string model = d.shape_assumed ? fmt::format("{} parameters in the shape of {}",
                                                          short_count(d.parameters),
                                                          t.model->name)
                                            : std::string(t.model->name);
  std::string where;
  if (d.gpu != nullptr) where = fmt::format(" on {} x {}", workload::gpu_count(t), d.gpu->id);
  if (workload::gpu_count(t) > 1) where += fmt::format(" ({})", workload::describe(t.layout));
  return fmt::format(
      "{}, {} in {} by {} with {}, {} x {} tokens at once, {} sequence{} a step{}",
      model,
      kMethods[static_cast<std::size_t>(t.method)],
      t.base_format != nullptr ? t.base_format->id : kComputes[static_cast<std::size_t>(t.compute)],
      t.framework->name,
      t.optimizer->name,
      t.micro_batch,
      t.seq_len,
      t.global_batch,
      t.global_batch == 1 ? "" : "s",
      where);
}

void report_memory(Answer& answer, MemoryAnswer memory, std::string subject) {
  answer.command = "memory";
  answer.main_list = "breakdown";
  answer.negative = memory.fits && !*memory.fits;
  const auto shared = std::make_shared<const MemoryAnswer>(std::move(memory));
  answer.result = [shared] { return json_of(*shared); };
  answer.document = [shared, subject = std::move(subject)] {
    return memory_document(*shared, subject);
  };
  answer.explanation = [shared] { return memory_explanation(*shared); };
}

Json memory_schema() { return SchemaOf<MemoryAnswer>::get(); }

}  // namespace dsplan::report
