#include "dsplan/report/host_report.hpp"

#include <array>
#include <memory>

#include <fmt/format.h>

#include "describe.hpp"
#include "figures.hpp"
#include "time_tables.hpp"

namespace dsplan::report {

using plan::HostAnswer;
using plan::HostCooling;
using plan::HostNetwork;
using plan::HostNote;
using plan::HostSupplies;
using plan::HostTerm;
using plan::HostThreads;
using plan::LoadTime;
using plan::SoftwareNeed;

template <>
std::span<const ResultField<HostTerm>> described<HostTerm>() {
  static constexpr std::array kFields{
      field<&HostTerm::figure>("figure", "what it is a part of"),
      field<&HostTerm::part>("part", "name; parts of storage and power add up to them"),
      field<&HostTerm::amount>("amount", "in the unit given"),
      field<&HostTerm::unit>("unit", "B or W"),
      field<&HostTerm::formula>("formula", "id in docs/formulas.md"),
  };
  return kFields;
}

template <>
std::span<const ResultField<HostThreads>> described<HostThreads>() {
  static constexpr std::array kFields{
      field<&HostThreads::low>("low", "80 % of the cores"),
      field<&HostThreads::high>("high", "90 % of the cores"),
  };
  return kFields;
}

template <>
std::span<const ResultField<HostNetwork>> described<HostNetwork>() {
  static constexpr std::array kFields{
      field<&HostNetwork::name>("class", "kind of network"),
      field<&HostNetwork::gbit_per_s>("gbit_per_s", "of a port"),
      field<&HostNetwork::ports>("ports", "of a machine"),
      field<&HostNetwork::rdma>("rdma", "machines work on one step: RDMA is needed"),
      field<&HostNetwork::bytes_per_step>("step_bytes", "that a machine sends to others in a step"),
      field<&HostNetwork::step_s>("step_s", "that step; null where nothing is sent"),
      field<&HostNetwork::needed_bytes_per_s>("needed_bytes_per_s", "of a machine"),
  };
  return kFields;
}

template <>
std::span<const ResultField<HostSupplies>> described<HostSupplies>() {
  static constexpr std::array kFields{
      field<&HostSupplies::count>("count", "on two feeds that each carry the machine"),
      field<&HostSupplies::watts>("each_w", "of one"),
      field<&HostSupplies::redundancy>("redundancy", "needed + spare"),
  };
  return kFields;
}

template <>
std::span<const ResultField<HostCooling>> described<HostCooling>() {
  static constexpr std::array kFields{
      field<&HostCooling::kind>("class", "air or liquid"),
      field<&HostCooling::rack_units>("rack_units", "of the machine"),
      field<&HostCooling::w_per_rack_unit>("per_rack_unit_w", "air takes up to 1000"),
      field<&HostCooling::air_rack_units>("air_rack_units", "of a machine that air would cool"),
  };
  return kFields;
}

template <>
std::span<const ResultField<LoadTime>> described<LoadTime>() {
  static constexpr std::array kFields{
      field<&LoadTime::cold>("cold_s", "from storage"),
      field<&LoadTime::warm>("warm_s", "from the page cache; null: the bus is not known"),
  };
  return kFields;
}

template <>
std::span<const ResultField<SoftwareNeed>> described<SoftwareNeed>();

template <>
std::span<const ResultField<HostNote>> described<HostNote>() {
  static constexpr std::array kFields{
      field<&HostNote::id>("id", "stable"),
      field<&HostNote::text>("text", "for people"),
  };
  return kFields;
}

namespace {

std::optional<std::string> cooling_class(const HostAnswer& a) {
  return a.cooling ? std::optional<std::string>(a.cooling->kind) : std::nullopt;
}

std::optional<std::int64_t> rack_units(const HostAnswer& a) {
  return a.cooling ? std::optional<std::int64_t>(a.cooling->rack_units) : std::nullopt;
}

}  // namespace

template <>
std::span<const ResultField<HostAnswer>> described<HostAnswer>() {
  using A = HostAnswer;
  static constexpr std::array kFields{
      field<&A::machines>("machines", "all below is of one of them"),
      field<&A::gpus_per_machine>("gpus_per_machine", "of the fullest"),
      field<&A::cpu_cores>("cpu_cores", "physical; null: the device is the computer"),
      field<&A::cpu_threads>("cpu_threads", "of the engine and data loading: 80 to 90 %"),
      field<&A::ram>("ram_bytes", "host memory"),
      field<&A::storage>("storage_bytes", "weights, checkpoints, logs, system"),
      field<&A::storage_bandwidth_bytes_per_s>("storage_bandwidth_bytes_per_s", "read, or written"),
      field<&A::storage_iops>("storage_iops", "the guides' class"),
      field<&A::checkpoint>("checkpoint_bytes", "one, of the whole run; null for inference"),
      field<&A::network>("network", "between machines, or to clients of one"),
      field<&A::power_w>("power_w", "at the wall, at most; null: the device's is not known"),
      field<&A::all_power_w>("all_machines_power_w", "of all machines"),
      field<&A::psus>("psus", "power supplies; null: it has its own, or power is not known"),
      computed<A, &cooling_class>("cooling", "air or liquid; null: it has its own, or not known"),
      field<&A::cooling>("cooling_by", "what that follows from"),
      computed<A, &rack_units>("rack_units", "null: not for a rack, or not known"),
      field<&A::load_time>("load_time", "of the weights that a machine reads"),
      field<&A::software>("software", "least versions, where known"),
      field<&A::terms>("terms", "parts of the figures above"),
      field<&A::advice>("notes", "settings of the operating system"),
      field<&A::fits>("fits", "in the devices' memory"),
  };
  return kFields;
}

namespace {

std::string gib_text(Bytes n) {
  return in_gib(n) < 10.0 ? fmt::format("{:.2g} GiB", in_gib(n))
                          : grouped(std::llround(in_gib(n))) + " GiB";
}

std::string gb_text(double n) {
  constexpr double kThousand = 1000.0;
  const double size = n / kGiga;
  return size < kThousand ? fmt::format("{:.3g} GB", size) : fmt::format("{:.3g} TB", size / kKilo);
}

std::string power_text(double w) {
  return w < kKilo ? fmt::format("{:.0f} W", w) : fmt::format("{:.2f} kW", w / kKilo);
}

std::string network_text(const HostNetwork& n) {
  std::string text = n.ports > 1 ? fmt::format("{} x {}", n.ports, n.name) : n.name;
  if (n.rdma) text += ", RDMA";
  return text;
}

std::string network_why(const HostAnswer& a) {
  const HostNetwork& n = a.network;
  if (a.machines == 1) return "one machine: only requests and answers pass";
  if (!n.step_s)
    return "only requests and answers pass: machines work apart, or the fast link joins them";
  return fmt::format("{} in a step of {}", gb_text(n.bytes_per_step.value), short_time(*n.step_s));
}

std::string amount_of(const HostTerm& t) {
  if (t.unit == "W") return power_text(t.amount);
  return t.figure == "ram" ? gib_text(bytes(t.amount)) : gb_text(t.amount);
}

std::string parts_of(const HostAnswer& a, const std::string& figure) {
  std::string text;
  for (const HostTerm& t : a.terms) {
    if (t.figure == figure) text += (text.empty() ? "" : ", ") + t.part + " " + amount_of(t);
  }
  return text;
}

void add_power(Grid& grid, const HostAnswer& a) {
  const std::string power = a.power_w ? power_text(*a.power_w) : "unknown";
  grid.rows.push_back({"power at the wall", power, parts_of(a, "power")});
  if (a.psus)
    grid.rows.push_back({"power supplies",
                         fmt::format("{} x {}", a.psus->count, power_text(a.psus->watts)),
                         a.psus->redundancy + ": each of two feeds carries the machine"});
  if (!a.cooling) return;
  const HostCooling& c = *a.cooling;
  std::string why = fmt::format("{} a rack unit", power_text(c.w_per_rack_unit));
  if (c.kind == "liquid") why += fmt::format("; air would do from {} U on", c.air_rack_units);
  grid.rows.push_back({"cooling", c.kind, why});
  grid.rows.push_back({"rack units", fmt::format("{} U", c.rack_units)});
}

Grid host_grid(const HostAnswer& a) {
  Grid grid{{fmt::format("a machine of {}", a.gpus_per_machine), "", "why"}, {}, {}};
  if (a.cpu_cores) {
    grid.rows.push_back({"CPU cores", fmt::format("{}", *a.cpu_cores), "by the number of devices"});
    grid.rows.push_back({"CPU threads",
                         fmt::format("{} to {}", a.cpu_threads->low, a.cpu_threads->high),
                         "80 to 90 % of the cores"});
  }
  const std::string ram = a.cpu_cores ? parts_of(a, "ram") : "the device's own";
  grid.rows.push_back({"memory", gib_text(a.ram), ram});
  grid.rows.push_back({"storage", gb_text(a.storage.value), parts_of(a, "storage")});
  grid.rows.push_back({"  bandwidth",
                       gb_text(a.storage_bandwidth_bytes_per_s) + "/s",
                       short_count(static_cast<double>(a.storage_iops)) + " operations/s"});
  grid.rows.push_back({"network", network_text(a.network), network_why(a)});
  add_power(grid, a);
  grid.rows.push_back({"loading", short_time(a.load_time.cold.value), "from storage"});
  if (a.load_time.warm)
    grid.rows.push_back({"  again", short_time(a.load_time.warm->value), "from the page cache"});
  return grid;
}

Text software_line(const SoftwareNeed& s) {
  const std::string toolkit = plan::software_text(s);
  std::string line = "Software: " + (toolkit.empty() ? "least versions unknown" : toolkit) + ".";
  if (s.min_compute_capability && s.compute_capability)
    line += fmt::format(" The engine asks for compute capability {:.1f}; the device has {}.",
                        *s.min_compute_capability,
                        *s.compute_capability);
  if (s.format_compute_capability && !s.native_format)
    line += fmt::format(" Products in the weights' format begin with {:.1f}: here they are wider.",
                        *s.format_compute_capability);
  return {line};
}

Document host_document(const HostAnswer& a, const std::string& subject) {
  Document document{Text{subject, Tone::strong}};
  if (a.machines > 1) {
    std::string line = fmt::format("{} machines", a.machines);
    if (a.all_power_w) line += fmt::format(", {} in all", power_text(*a.all_power_w));
    document.emplace_back(Text{line + "."});
  }
  document.emplace_back(host_grid(a));
  if (!a.fits) document.emplace_back(Text{"Does not fit in the devices' memory.", Tone::bad});
  document.emplace_back(software_line(a.software));
  if (a.advice.empty()) return document;
  Grid grid{{"setting", "to"}, {}, {}};
  for (const HostNote& note : a.advice) grid.rows.push_back({note.id, note.text});
  document.emplace_back(std::move(grid));
  return document;
}

Document host_explanation(const HostAnswer& a) {
  Grid grid{{"figure", "part", "amount", "formula"}, {false, false, true}, {}};
  for (const HostTerm& t : a.terms) {
    grid.rows.push_back({t.figure, t.part, amount_of(t), t.formula});
  }
  return {Text{"How it is reckoned (formulas: docs/formulas.md)", Tone::strong}, grid};
}

}  // namespace

void report_host(Answer& answer, HostAnswer host, std::string subject) {
  answer.command = "host";
  answer.main_list = "terms";
  answer.negative = !host.fits;
  const auto shared = std::make_shared<const HostAnswer>(std::move(host));
  answer.result = [shared] { return json_of(*shared); };
  answer.document = [shared, subject = std::move(subject)] {
    return host_document(*shared, subject);
  };
  answer.explanation = [shared] { return host_explanation(*shared); };
}

Json host_schema() { return SchemaOf<HostAnswer>::get(); }

}  // namespace dsplan::report
