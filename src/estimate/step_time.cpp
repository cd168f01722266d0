#include "dsplan/estimate/step_time.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace dsplan::estimate {
namespace {

// Attention to several new tokens of a sequence at once reads the cache once and works a little
// more.
constexpr double kVerifyFactor = 1.15;

/// (a^p + b^p)^(1/p)
double norm(double a, double b, double p) {
  if (b <= 0.0) return a;
  if (a <= 0.0) return b;
  if (p <= 1.0) return a + b;
  const double most = std::max(a, b);
  return most * std::pow(1.0 + std::pow(std::min(a, b) / most, p), 1.0 / p);
}

struct TermTime {
  double memory = 0.0;
  double compute = 0.0;
  double total = 0.0;
};

TermTime time_of(const StepModel& m, const StepTerm& t, double tokens) {
  const double n = t.per == Per::routed_token ? tokens * m.routed_per_token : tokens;
  const double touched = t.touched ? 1.0 - std::pow(1.0 - m.touch_share, n) : 1.0;
  TermTime time;
  time.memory = t.fixed_s * touched +
                std::max(t.memory_s * n, t.small_memory_s * std::min(n, kOneShotTokens));
  time.compute = t.compute_s * n;
  time.total = t.count * (t.start_s + norm(time.memory, time.compute, t.sharpness));
  return time;
}

Resource resource_of(const StepTerm& t, const TermTime& time) {
  if (t.resource == Resource::communication) return t.resource;
  return time.compute > time.memory ? Resource::compute : Resource::memory;
}

double attended_tokens(const DecodeTerm& t, double sequences, double context_tokens) {
  return t.window > 0.0 ? sequences * std::min(context_tokens / sequences, t.window)
                        : context_tokens;
}

double decode_seconds(const DecodeTerm& t, double sequences, double context_tokens) {
  if (sequences <= 0.0) return 0.0;
  const double attended = attended_tokens(t, sequences, context_tokens);
  return t.count *
         (t.start_s + t.sequence_s * sequences + std::max(t.memory_s, t.compute_s) * attended);
}

/// Pairs of a causal chunk: each new token attends to what is done and to those before it.
double pairs(const Chunk& c, double window) {
  const double all = c.tokens * (c.done + c.tokens / 2.0);
  if (window <= 0.0 || c.done + c.tokens <= window) return all;
  const double growing = std::max(0.0, window - c.done);
  return growing * (c.done + growing / 2.0) + (c.tokens - growing) * window;
}

double chunk_seconds(const PrefillTerm& t, const Chunk& c) {
  return t.count * c.count * (t.pair_s * pairs(c, t.window) + t.token_s * c.tokens);
}

double prompt_tokens(std::span<const Chunk> chunks) {
  double sum = 0.0;
  for (const Chunk& c : chunks) sum += c.tokens * c.count;
  return sum;
}

/// What one pipeline stage's micro-batch holds of the step's load.
struct MicroBatch {
  double sequences = 0.0;
  double context = 0.0;
  double prompt = 0.0;
  double prompt_share = 1.0;  ///< of all chunks

  [[nodiscard]] double tokens(double drafts) const { return sequences * (1.0 + drafts) + prompt; }
};

/// Sequences spread over the stages; a chunk stays whole.
MicroBatch micro_batch(const StepModel& m,
                       double sequences,
                       double context,
                       std::span<const Chunk> chunks) {
  MicroBatch b;
  b.sequences = sequences > 0.0 ? std::max(1.0, sequences / m.stages) : 0.0;
  b.context = sequences > 0.0 ? context * b.sequences / sequences : 0.0;
  double largest = 0.0;
  for (const Chunk& c : chunks) largest = std::max(largest, c.tokens);
  const double all = prompt_tokens(chunks);
  b.prompt = std::max(largest, all / m.stages);
  b.prompt_share = all > 0.0 ? b.prompt / all : 0.0;
  return b;
}

double drafted_share(const StepModel& m) { return m.draft_tokens > 0.0 ? m.draft_share : 0.0; }

/// What a term takes of a step, `factor` times over.
StepShare share_of(const StepTerm& t, const TermTime& time, double factor) {
  return {t.operation,
          t.formula,
          resource_of(t, time),
          t.count,
          seconds(time.total * factor),
          seconds(t.count * t.start_s * factor),
          seconds(t.count * time.memory * factor),
          seconds(t.count * time.compute * factor)};
}

StepShare share_of(const DecodeTerm& t, const MicroBatch& b, double factor) {
  const double attended = attended_tokens(t, b.sequences, b.context);
  const bool computes = t.compute_s > t.memory_s;
  return {"attention, decode",
          "S-DECODE",
          computes ? Resource::compute : Resource::memory,
          t.count,
          seconds(decode_seconds(t, b.sequences, b.context) * factor),
          seconds(t.count * (t.start_s + t.sequence_s * b.sequences) * factor),
          seconds(t.count * t.memory_s * attended * factor),
          seconds(t.count * t.compute_s * attended * factor)};
}

StepShare share_of(const PrefillTerm& t,
                   std::span<const Chunk> chunks,
                   double share,
                   double factor) {
  double work = 0.0;
  for (const Chunk& c : chunks) work += chunk_seconds(t, c) * share;
  const double start = t.count * t.start_s;
  return {"attention, prefill",
          "S-PREFILL",
          Resource::compute,
          t.count,
          seconds((start + work) * factor),
          seconds(start * factor),
          seconds(0.0),
          seconds(work * factor)};
}

/// Calls `take(StepShare)` for every part of a step that the devices work on.
template <typename Take>
void visit_kernels(const StepModel& m,
                   const MicroBatch& b,
                   std::span<const Chunk> chunks,
                   Take take) {
  const double tokens = b.tokens(m.draft_tokens);
  const bool drafts = m.draft_tokens > 0.0;
  const double sampled = b.sequences + (chunks.empty() ? 0.0 : 1.0);
  for (const StepTerm& t : m.terms) {
    const bool head = t.per == Per::sampled_sequence;
    const double again = head ? (drafts ? 2.0 : 1.0) : 1.0 + drafted_share(m);
    take(share_of(t, time_of(m, t, head ? sampled : tokens), again * m.kernel_factor));
  }
  const double verify = drafts ? kVerifyFactor : 1.0;
  for (const DecodeTerm& t : m.decode) {
    if (b.sequences > 0.0) take(share_of(t, b, verify * m.kernel_factor));
  }
  if (chunks.empty()) return;
  for (const PrefillTerm& t : m.prefill) take(share_of(t, chunks, b.prompt_share, m.kernel_factor));
}

StepShare scaled(StepShare share, double factor) {
  share.time = share.time * factor;
  share.start = share.start * factor;
  share.memory = share.memory * factor;
  share.compute = share.compute * factor;
  return share;
}

/// Of the kernels' time, what stays on the device, and what the layers in host memory add.
struct OffloadTime {
  double on_device = 1.0;
  double beside_s = 0.0;
  bool copies = false;
};

OffloadTime offload_time(const OffloadedLayers& o, double tokens, double kernels_s) {
  if (o.share <= 0.0) return {};
  if (tokens >= kCopyTokens) return {1.0, o.copy_s, true};
  return {1.0 - o.share, kernels_s * o.share * o.slowdown, false};
}

template <typename Take>
void visit(const StepModel& m,
           double sequences,
           double context,
           std::span<const Chunk> chunks,
           Take take) {
  const MicroBatch b = micro_batch(m, sequences, context, chunks);
  double kernels = 0.0;
  visit_kernels(m, b, chunks, [&](const StepShare& share) { kernels += share.time.value; });
  const OffloadTime off = offload_time(m.offloaded, b.tokens(m.draft_tokens), kernels);
  visit_kernels(m, b, chunks, [&](const StepShare& share) { take(scaled(share, off.on_device)); });
  kernels = kernels * off.on_device + off.beside_s;
  if (off.beside_s > 0.0) {
    const Seconds beside = seconds(off.beside_s);
    const Resource bound_by = off.copies ? Resource::communication : Resource::memory;
    take(StepShare{"layers in host memory", "S-OFFLOAD", bound_by, 1.0, beside, {}, beside, {}});
  }
  if (m.send_start_s > 0.0) {
    const double bytes = m.send_token_s * b.tokens(0.0);
    take(StepShare{"stage to stage",
                   "S-EXCHANGE",
                   Resource::communication,
                   m.stages - 1.0,
                   seconds(m.send_start_s + bytes),
                   seconds(m.send_start_s),
                   seconds(bytes),
                   seconds(0.0)});
  }
  const double host = host_seconds(m, b.sequences, !chunks.empty());
  const double seen = m.host.overlaps ? std::max(0.0, host - kernels) : host;
  take(StepShare{"host", "S-HOST", Resource::host, 1.0, seconds(seen), seconds(seen), {}, {}});
}

/// Of all kernels but those of attention.
double products(const StepModel& m, const MicroBatch& b, bool has_prompt) {
  const double sampled = b.sequences + (has_prompt ? 1.0 : 0.0);
  return linear_seconds(m, b.tokens(m.draft_tokens)) * (1.0 + drafted_share(m)) +
         head_seconds(m, sampled) * (m.draft_tokens > 0.0 ? 2.0 : 1.0);
}

/// The sum of what `visit` visits, without naming the parts.
Seconds total(const StepModel& m,
              const MicroBatch& b,
              std::span<const Chunk> chunks,
              double products_s) {
  const bool drafts = m.draft_tokens > 0.0;
  double kernels = products_s;
  kernels += decode_attention_seconds(m, b.sequences, b.context) * (drafts ? kVerifyFactor : 1.0);
  if (!chunks.empty()) kernels += prefill_attention_seconds(m, chunks, b.prompt_share);
  const OffloadTime off = offload_time(m.offloaded, b.tokens(m.draft_tokens), kernels);
  kernels = kernels * off.on_device + off.beside_s;
  const double sends = m.send_start_s > 0.0 ? m.send_start_s + m.send_token_s * b.tokens(0.0) : 0.0;
  const double host = host_seconds(m, b.sequences, !chunks.empty());
  const double seen = m.host.overlaps ? std::max(0.0, host - kernels) : host;
  return seconds(kernels + sends + seen);
}

double interpolated(const std::vector<LinearPoint>& table, double tokens) {
  const auto above =
      std::lower_bound(table.begin(), table.end(), tokens, [](const LinearPoint& p, double n) {
        return p.tokens < n;
      });
  if (above == table.begin()) return above->time_s;
  const LinearPoint& b = above == table.end() ? table.back() : *above;
  const LinearPoint& a = above == table.end() ? table[table.size() - 2] : *(above - 1);
  return a.time_s + (b.time_s - a.time_s) * (tokens - a.tokens) / (b.tokens - a.tokens);
}

}  // namespace

std::string_view name_of(Resource resource) {
  switch (resource) {
    case Resource::compute:
      return "compute";
    case Resource::memory:
      return "memory";
    case Resource::communication:
      return "communication";
    case Resource::host:
      break;
  }
  return "host";
}

void tabulate(StepModel& m) {
  constexpr std::array kGrid{1.0,    2.0,    4.0,     8.0,     12.0,   16.0,   24.0,
                             32.0,   48.0,   64.0,    96.0,    128.0,  192.0,  256.0,
                             384.0,  512.0,  768.0,   1024.0,  1536.0, 2048.0, 3072.0,
                             4096.0, 8192.0, 12288.0, 16384.0, 32768.0};
  std::vector<LinearPoint> table;
  table.reserve(kGrid.size());
  m.linear_table.clear();
  for (const double n : kGrid) table.push_back({n, linear_seconds(m, n)});
  m.linear_table = std::move(table);
}

double linear_seconds(const StepModel& m, double tokens) {
  if (!m.linear_table.empty()) return interpolated(m.linear_table, tokens);
  double sum = 0.0;
  for (const StepTerm& t : m.terms) {
    if (t.per != Per::sampled_sequence) sum += time_of(m, t, tokens).total;
  }
  return sum * m.kernel_factor;
}

double head_seconds(const StepModel& m, double sequences) {
  double sum = 0.0;
  for (const StepTerm& t : m.terms) {
    if (t.per == Per::sampled_sequence) sum += time_of(m, t, sequences).total;
  }
  return sum * m.kernel_factor;
}

double decode_attention_seconds(const StepModel& m, double sequences, double context_tokens) {
  double sum = 0.0;
  for (const DecodeTerm& t : m.decode) sum += decode_seconds(t, sequences, context_tokens);
  return sum * m.kernel_factor;
}

double prefill_attention_seconds(const StepModel& m, std::span<const Chunk> chunks, double share) {
  double sum = 0.0;
  for (const PrefillTerm& t : m.prefill) {
    sum += t.count * t.start_s;
    for (const Chunk& c : chunks) sum += chunk_seconds(t, c) * share;
  }
  return sum * m.kernel_factor;
}

double host_seconds(const StepModel& m, double sequences, bool has_prompt) {
  return m.host.step_s + m.host.sequence_s * sequences + (has_prompt ? m.host.prompt_s : 0.0);
}

Seconds decode_step(const StepModel& m, double sequences, double context_tokens) {
  return mixed_step(m, sequences, context_tokens, {});
}

double decode_products(const StepModel& m, double sequences) {
  return products(m, micro_batch(m, sequences, 0.0, {}), false);
}

Seconds decode_step(const StepModel& m,
                    double sequences,
                    double context_tokens,
                    double products_s) {
  return total(m, micro_batch(m, sequences, context_tokens, {}), {}, products_s);
}

Seconds mixed_step(const StepModel& m,
                   double sequences,
                   double context_tokens,
                   std::span<const Chunk> chunks) {
  const MicroBatch b = micro_batch(m, sequences, context_tokens, chunks);
  return total(m, b, chunks, products(m, b, !chunks.empty()));
}

void add_share(std::vector<StepShare>& shares, const StepShare& part) {
  const auto same = std::find_if(shares.begin(), shares.end(), [&](const StepShare& x) {
    return x.operation == part.operation && x.resource == part.resource;
  });
  if (same == shares.end()) {
    shares.push_back(part);
    return;
  }
  same->count += part.count;
  same->time += part.time;
  same->start += part.start;
  same->memory += part.memory;
  same->compute += part.compute;
}

std::vector<StepShare> step_shares(const StepModel& m,
                                   double sequences,
                                   double context_tokens,
                                   const std::vector<Chunk>& chunks) {
  std::vector<StepShare> shares;
  visit(m, sequences, context_tokens, chunks, [&](const StepShare& part) {
    add_share(shares, part);
  });
  return shares;
}

Resource bound(const std::vector<StepShare>& shares) {
  std::array<double, 4> spent{};
  for (const StepShare& s : shares) spent[static_cast<std::size_t>(s.resource)] += s.time.value;
  const auto most = std::max_element(spent.begin(), spent.end());
  return static_cast<Resource>(most - spent.begin());
}

}  // namespace dsplan::estimate
