#include "checked_point.hpp"

#include <algorithm>

#include "dsplan/estimate/memory.hpp"

#include "machines.hpp"
#include "pair_figures.hpp"
#include "search_layout.hpp"
#include "search_texts.hpp"

namespace dsplan::plan {

void Judged::hold(Constraint c, double share, double needed, double limit) {
  if (share > checked.use) {
    checked.use = share;
    checked.binding = std::string(name_of(c));
  }
  if (share > 1.0) broken.push_back({c, needed, limit});
}

bool Judged::breaks(Constraint c) const {
  return std::any_of(
      broken.begin(), broken.end(), [&](const BrokenLimit& b) { return b.constraint == c; });
}

namespace {

PrefillPool said(const SearchPool& pool) {
  const workload::Layout& l = pool.layout;
  return {.gpus = {},
          .tp = l.tp,
          .pp = l.pp,
          .dp = l.dp,
          .ep = l.ep,
          .cp = l.cp,
          .attention_dp = l.attention_dp,
          .max_batched_tokens = pool.chunk};
}

}  // namespace

DeploymentRequest PointChecker::request_of(const SearchPoint& p) const {
  const Deployment& f = families_[p.family];
  DeploymentRequest d = r_.base;
  d.gpu = std::string(f.gpu->id);
  if (!f.slice_name.empty()) d.mig = f.slice_name;
  d.engine = std::string(base_engine(f));
  d.precision = precision_name(f);
  d.kv_precision = std::string(f.workload.precision.kv->id);
  d.gpus = workload::gpu_count(p.layout);
  d.nodes = std::nullopt;
  d.tp = p.layout.tp;
  d.pp = p.layout.pp;
  d.dp = p.layout.dp;
  d.ep = p.layout.ep;
  d.cp = p.layout.cp;
  d.attention_dp = p.layout.attention_dp;
  d.batch = p.batch;
  if (p.chunk) d.settings.max_batched_tokens = p.chunk;
  if (p.prefill) d.prefill_pool = said(*p.prefill);
  d.model.format.clear();
  return d;
}

Judged PointChecker::judge(const SearchPoint& p) const {
  Judged j;
  j.checked.point = p;
  j.checked.deployment = resolve_deployment(c_, request_of(p));
  const std::int64_t said = r_.gpus ? whole_devices(j.checked.deployment, *r_.gpus) : r_.most_gpus;
  const double most = static_cast<double>(said);
  const double gpus = static_cast<double>(whole_devices(j.checked.deployment, p.gpus));
  if (gpus > most) j.broken.push_back({Constraint::gpus, gpus, most});
  if (p.prefill) fill_pools(j.checked);
  hold_demands(j);
  if (!j.breaks(Constraint::memory)) take_figures(j.checked);
  hold_money(j);
  return j;
}

/// The limits hold of the copies that are left when the spare ones are gone; the figures are those
/// of all.
void PointChecker::hold_demands(Judged& j) const {
  const SearchPoint& p = j.checked.point;
  const Deployment& all = j.checked.deployment;
  Deployment left;
  const bool spare = r_.spare_copies > 0 && p.layout.dp > r_.spare_copies;
  if (spare) {
    SearchPoint pressed = p;
    pressed.layout.dp -= r_.spare_copies;
    left = resolve_deployment(c_, request_of(pressed));
  }
  const Deployment& judged = spare ? left : all;
  hold_memory(j, judged);
  if (judged.prefill) hold_memory(j, *judged.prefill);
  if (j.breaks(Constraint::memory)) return;
  j.checked.figures = latency_figures(c_, all, usual_arrival(all));
  if (!spare) return hold_times(j, j.checked.figures.times);
  hold_times(j, latency_figures(c_, left, usual_arrival(left)).times);
}

/// [P-POOLS] As many clients as both pools take: the screen's load is that of the decode pool.
void PointChecker::fill_pools(Checked& c) const {
  const workload::Layout& l = c.point.layout;
  const double sequences =
      static_cast<double>(c.point.batch) / static_cast<double>(l.dp * l.attention_dp);
  c.point.batch = most_clients(c_, c.deployment, sequences, c.point.prefill->load);
  c.deployment = resolve_deployment(c_, request_of(c.point));
}

void PointChecker::hold_memory(Judged& j, const Deployment& d) const {
  const workload::Inference& w = d.workload;
  const auto memory = estimate::inference_memory(w, d.gpu);
  const auto& worst = memory.worst_gpu();
  const double needed = total(worst).value;
  const double usable = estimate::budget(w, worst, *d.gpu).usable.value;
  const bool fits = estimate::fits(w, memory, *d.gpu);
  j.hold(Constraint::memory, std::min(1.0, needed / usable), needed, usable);
  if (!fits) j.broken.push_back({Constraint::memory, needed, usable});
}

void PointChecker::hold_times(Judged& j, const RunTimes& t) const {
  const SearchLimits& l = r_.limits;
  const auto time = [&](Constraint c, const std::optional<TimeLimit>& limit) {
    if (!limit) return;
    const double value = limited_time(c, t, limit->at);
    j.hold(c, value / limit->most_s, value, limit->most_s);
  };
  time(Constraint::ttft, l.ttft);
  time(Constraint::tpot, l.tpot);
  time(Constraint::latency, l.latency);
  if (!l.output_tokens_per_s) return;
  const double rate = t.output_tokens_per_s;
  j.hold(Constraint::throughput, *l.output_tokens_per_s / rate, rate, *l.output_tokens_per_s);
}

/// Money and power as `cost` says; what is not known does not hold.
void PointChecker::hold_money(Judged& j) const {
  const Checked& c = j.checked;
  const auto within =
      [&](Constraint name, const std::optional<double>& most, const std::optional<double>& value) {
        if (!most) return;
        if (!value) return j.broken.push_back({name, 0.0, *most});
        j.hold(name, *value / *most, *value, *most);
      };
  const SearchLimits& l = r_.limits;
  std::optional<double> month;
  if (c.point.usd_per_hour) month = *c.point.usd_per_hour * estimate::kHoursPerMonth;
  within(Constraint::month, l.usd_per_month, month);
  within(Constraint::capex, l.capex_usd, purchase_of(c.deployment, c.point.gpus));
  if (l.power_w) within(Constraint::power, l.power_w, power(c));
}

std::optional<double> PointChecker::power(const Checked& c) {
  const auto power = power_of(fleet_of(c.deployment));
  return power ? std::optional<double>(power->value) : std::nullopt;
}

void PointChecker::take_figures(Checked& c) const {
  const RunTimes& t = c.figures.times;
  c.point.ttft_s = t.ttft_s.mean;
  c.point.tpot_s = t.tpot_s.mean;
  c.point.e2e_s = c.figures.e2e_s.value;
  c.point.output_tokens_per_s = t.output_tokens_per_s;
  const auto rents = rent_offers(c_, fleet_of(c.deployment), r_.rent);
  c.point.usd_per_hour =
      rents.empty() ? std::nullopt : std::optional<double>(rents.front().usd_per_hour);
  c.point.power_w = power(c);
  c.point.key = search_key(r_, families_[c.point.family], c.point);
}

double limited_time(Constraint c, const RunTimes& t, Statistic at) {
  if (c == Constraint::ttft) return figure_at(t.ttft_s, at);
  return figure_at(c == Constraint::tpot ? t.tpot_s : t.e2e_s, at);
}

}  // namespace dsplan::plan
