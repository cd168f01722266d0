// The table compiler: data/*.yaml to a C++ file of constants. Runs at build time only.
//
//   catalogc OUT.cpp FILE.yaml...
#include <fstream>
#include <iostream>
#include <sstream>

#include "dsplan/base/error.hpp"
#include "dsplan/catalog/load.hpp"

namespace dsplan::catalog {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(ErrorCode::io, path + ": cannot be read", "");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
  return out + "\"sv";
}

std::string number(double value) {
  std::ostringstream out;
  out.precision(17);
  out << value;
  return out.str();
}

/// Writes the rows of one kind; lists become constants of their own above the table.
template <typename Entry>
class TableWriter {
 public:
  explicit TableWriter(std::string type) : type_(std::move(type)) {}

  void write(std::ostream& out, std::span<const Entry> rows) {
    for (const Entry& row : rows) write_row(row);
    out << lists_.str() << "constexpr " << type_ << " k" << type_ << "s[] = {\n"
        << rows_.str() << "};\n\n";
  }

  void operator()(std::string_view Entry::*m) const { set(!(row_->*m).empty(), literal(row_->*m)); }
  void operator()(TextList Entry::*m) const {
    if ((row_->*m).empty()) return;
    const std::string name = "k" + type_ + "List" + std::to_string(++list_count_);
    lists_ << "constexpr std::string_view " << name << "[] = {";
    for (const auto item : row_->*m) lists_ << literal(item) << ", ";
    lists_ << "};\n";
    set(true, name);
  }
  void operator()(bool Entry::*m) const {
    set(row_->*m != Entry{}.*m, row_->*m ? "true" : "false");
  }
  void operator()(std::int64_t Entry::*m) const {
    set(row_->*m != Entry{}.*m, std::to_string(row_->*m));
  }
  void operator()(double Entry::*m) const { set(row_->*m != Entry{}.*m, number(row_->*m)); }
  void operator()(std::optional<double> Entry::*m) const {
    if (row_->*m) set(true, number(*(row_->*m)));
  }

 private:
  void write_row(const Entry& row) {
    row_ = &row;
    rows_ << "    {";
    for (const auto& field : fields_of<Entry>()) {
      key_ = field.key;
      std::visit(*this, field.member);
    }
    rows_ << "},\n";
  }
  void set(bool differs, const std::string& value) const {
    if (differs) rows_ << "." << key_ << " = " << value << ", ";
  }

  std::string type_;
  const Entry* row_ = nullptr;
  std::string_view key_;
  mutable std::ostringstream rows_;
  mutable std::ostringstream lists_;
  mutable int list_count_ = 0;
};

void write_tables(std::ostream& out, const Catalog& catalog) {
  out << "// Made from data/*.yaml by catalogc. Do not edit: edit the YAML and build.\n"
         "#include \"dsplan/catalog/catalog.hpp\"\n\n"
         "namespace dsplan::catalog {\nnamespace {\n\nusing namespace "
         "std::string_view_literals;\n\n";
  TableWriter<Gpu>("Gpu").write(out, catalog.all<Gpu>());
  TableWriter<Model>("Model").write(out, catalog.all<Model>());
  TableWriter<Format>("Format").write(out, catalog.all<Format>());
  TableWriter<Engine>("Engine").write(out, catalog.all<Engine>());
  TableWriter<Link>("Link").write(out, catalog.all<Link>());
  TableWriter<Price>("Price").write(out, catalog.all<Price>());
  TableWriter<Framework>("Framework").write(out, catalog.all<Framework>());
  TableWriter<Optimizer>("Optimizer").write(out, catalog.all<Optimizer>());
  TableWriter<Kernel>("Kernel").write(out, catalog.all<Kernel>());
  TableWriter<Stack>("Stack").write(out, catalog.all<Stack>());
  TableWriter<Protocol>("Protocol").write(out, catalog.all<Protocol>());
  TableWriter<Scenario>("Scenario").write(out, catalog.all<Scenario>());
  TableWriter<TrainingRate>("TrainingRate").write(out, catalog.all<TrainingRate>());
  TableWriter<Band>("Band").write(out, catalog.all<Band>());
  TableWriter<Toolkit>("Toolkit").write(out, catalog.all<Toolkit>());
  out << "constexpr Tables kTables{kGpus, kModels, kFormats, kEngines, kLinks, kPrices, "
         "kFrameworks, kOptimizers, kKernels, kStacks, kProtocols, kScenarios, kTrainingRates, kBands, "
         "kToolkits};\n\n"
         "}  // namespace\n\nconst Tables& builtin_tables() { return kTables; }\n\n"
         "}  // namespace dsplan::catalog\n";
}

int compile(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) {
    std::cerr << "usage: catalogc OUT.cpp FILE.yaml...\n";
    return 2;
  }
  Catalog catalog{Tables{}};
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    merge_yaml(catalog, read_file(arguments[i]), arguments[i]);
  }
  check_consistency(catalog);
  std::ofstream out(arguments.front(), std::ios::binary);
  write_tables(out, catalog);
  out.close();
  if (!out) throw Error(ErrorCode::io, arguments.front() + ": cannot be written", "");
  return 0;
}

}  // namespace
}  // namespace dsplan::catalog

int main(int argc, char** argv) {
  try {
    return dsplan::catalog::compile({argv + 1, argv + argc});
  } catch (const dsplan::Error& error) {
    std::cerr << "catalogc: " << error.what() << " (" << error.hint() << ")\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "catalogc: " << error.what() << "\n";
    return 1;
  }
}
