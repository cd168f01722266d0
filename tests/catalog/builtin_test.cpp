// The built-in table: the same as data/*.yaml, physically sound, every row with its source.
#include <cmath>
#include <set>
#include <string>

#include "dsplan/catalog/load.hpp"

#include "../support/built_in.hpp"

namespace dsplan::catalog {
namespace {

using test::built_in;

/// The files of data/ as a catalog of its own, in the order in which the table is compiled.
const Catalog& from_files() {
  static const Catalog parsed = [] {
    Catalog catalog{Tables{}};
    for (const char* name : {"links",
                             "formats",
                             "gpus",
                             "engines",
                             "models",
                             "prices",
                             "optimizers",
                             "frameworks",
                             "kernels",
                             "stacks",
                             "protocols",
                             "scenarios",
                             "training_rates",
                             "bands"}) {
      const std::string file = "data/" + std::string(name) + ".yaml";
      merge_yaml(catalog, test::file_text(DSPLAN_SOURCE_DIR "/" + file), file);
    }
    return catalog;
  }();
  return parsed;
}

template <typename Entry>
struct SameField {
  const Entry& a;
  const Entry& b;
  bool operator()(TextList Entry::*m) const {
    return std::equal((a.*m).begin(), (a.*m).end(), (b.*m).begin(), (b.*m).end());
  }
  template <typename Value>
  bool operator()(Value Entry::*m) const {
    return a.*m == b.*m;
  }
};

TEMPLATE_TEST_CASE("the built-in table is data/*.yaml, row by row and field by field",
                   "[catalog]",
                   Gpu,
                   Model,
                   Format,
                   Engine,
                   Link,
                   Price,
                   Framework,
                   Optimizer,
                   Kernel,
                   Stack,
                   Protocol,
                   Scenario,
                   TrainingRate,
                   Band) {
  const auto table = built_in().all<TestType>();
  const auto parsed = from_files().all<TestType>();
  REQUIRE(table.size() == parsed.size());
  REQUIRE_FALSE(table.empty());
  for (std::size_t i = 0; i < table.size(); ++i) {
    for (const auto& field : fields_of<TestType>()) {
      INFO(table[i].id << " " << field.key);
      CHECK(std::visit(SameField<TestType>{table[i], parsed[i]}, field.member));
    }
  }
}

TEMPLATE_TEST_CASE("every row has an id of its own and a source",
                   "[catalog]",
                   Gpu,
                   Model,
                   Format,
                   Engine,
                   Link,
                   Price,
                   Framework,
                   Optimizer,
                   Kernel,
                   Stack,
                   Protocol,
                   Scenario,
                   TrainingRate,
                   Band) {
  std::set<std::string_view> ids;
  for (const auto& row : built_in().all<TestType>()) {
    INFO(row.id);
    CHECK(ids.insert(row.id).second);
    CHECK_FALSE(row.sources.empty());
    for (const auto source : row.sources) CHECK(source.size() > 3);
  }
}

TEST_CASE("the files of data are consistent with one another", "[catalog]") {
  CHECK_NOTHROW(check_consistency(from_files()));
  CHECK_NOTHROW(check_consistency(built_in()));
}

/// A sparse rate is twice the dense one, within 1 % of rounding in the data sheets.
void check_sparse(const Gpu& gpu, std::optional<double> dense, std::optional<double> sparse) {
  if (!sparse) return;
  INFO(gpu.id << " sparse " << *sparse);
  REQUIRE(dense);
  CHECK(*sparse / *dense == Approx(2.0).epsilon(0.01));
}

TEST_CASE("sparse rates are twice the dense ones", "[catalog]") {
  for (const Gpu& gpu : built_in().all<Gpu>()) {
    check_sparse(gpu, gpu.dense_tf32_tflops, gpu.sparse_tf32_tflops);
    check_sparse(gpu, gpu.dense_fp16_tflops, gpu.sparse_fp16_tflops);
    check_sparse(gpu, gpu.dense_bf16_tflops, gpu.sparse_bf16_tflops);
    check_sparse(gpu, gpu.dense_fp8_tflops, gpu.sparse_fp8_tflops);
    check_sparse(gpu, gpu.dense_int8_tops, gpu.sparse_int8_tops);
  }
}

TEST_CASE("a narrower format is never slower in hardware that has both", "[catalog]") {
  for (const Gpu& gpu : built_in().all<Gpu>()) {
    INFO(gpu.id);
    if (gpu.dense_bf16_tflops && gpu.dense_fp8_tflops) {
      CHECK(*gpu.dense_bf16_tflops <= *gpu.dense_fp8_tflops);
    }
    if (gpu.dense_fp8_tflops && gpu.dense_fp4_tflops) {
      CHECK(*gpu.dense_fp8_tflops <= *gpu.dense_fp4_tflops);
    }
    if (gpu.dense_tf32_tflops && gpu.dense_bf16_tflops) {
      CHECK(*gpu.dense_tf32_tflops <= *gpu.dense_bf16_tflops);
    }
  }
}

TEST_CASE("memory, bandwidth and power of every device are plausible", "[catalog]") {
  for (const Gpu& gpu : built_in().all<Gpu>()) {
    INFO(gpu.id);
    CHECK(gpu.memory_gb >= 4);
    CHECK(gpu.memory_gb <= 1024);
    CHECK(gpu.bandwidth_gb_per_s >= 10);
    CHECK(gpu.bandwidth_gb_per_s <= 25000);
    CHECK(gpu.power_w.value_or(100) >= 5);
    CHECK(gpu.power_w.value_or(100) <= 3000);
    CHECK((gpu.year == 0 || (gpu.year >= 2012 && gpu.year <= 2027)));
    // One street price came without its date.
    CHECK((!gpu.price_usd || !gpu.price_date.empty() || gpu.id == "ascend-310p-duo"));
  }
}

TEST_CASE("operations a byte of every device are within a factor of what is built", "[catalog]") {
  for (const Gpu& gpu : built_in().all<Gpu>()) {
    const auto rate = gpu.dense_bf16_tflops ? gpu.dense_bf16_tflops : gpu.dense_fp16_tflops;
    if (!rate) continue;
    INFO(gpu.id);
    const double flops_per_byte = *rate * 1e3 / gpu.bandwidth_gb_per_s;
    CHECK(flops_per_byte >= 0.5);
    CHECK(flops_per_byte <= 1000);
  }
}

TEST_CASE("a program gets less memory than is sold, but most of it", "[catalog]") {
  for (const Gpu& gpu : built_in().all<Gpu>()) {
    INFO(gpu.id);
    const double runtime = in_gib(runtime_memory(gpu));
    // Of one device, where a board holds several.
    const double sold = gpu.memory_gb / static_cast<double>(gpu.devices);
    CHECK(runtime <= sold);
    CHECK(runtime >= sold * (gpu.unified_memory ? 0.6 : 0.85));
    if (gpu.memory_visible_mib) CHECK(*gpu.memory_visible_mib <= gpu.memory_gb * 1024.0 * 1.08);
    if (gpu.memory_visible_mib && gpu.memory_runtime_gib) {
      CHECK(*gpu.memory_runtime_gib * 1024.0 <= *gpu.memory_visible_mib);
    }
    CHECK_FALSE(runtime_memory_rule(gpu).empty());
  }
}

TEST_CASE("an H100 is sold with 80 GB, shows 81,559 MiB and gives 79.18 GiB", "[catalog]") {
  const Gpu& h100 = test::gpu("h100-sxm");
  CHECK(h100.memory_gb == 80);
  CHECK(h100.memory_visible_mib == 81559.0);
  CHECK(in_gib(runtime_memory(h100)) == Approx(79.18).margin(0.011));
}

TEST_CASE("an A100 does 312 dense TFLOPS, never the sparse 624", "[catalog]") {
  for (const Gpu& gpu : built_in().all<Gpu>()) {
    if (!gpu.id.starts_with("a100-")) continue;
    INFO(gpu.id);
    CHECK(gpu.dense_bf16_tflops == 312.0);
    CHECK(gpu.dense_fp16_tflops == 312.0);
    CHECK(gpu.sparse_bf16_tflops == 624.0);
    CHECK_FALSE(gpu.traps.empty());
  }
}

/// Of what the format quantizes: some cover the routed experts alone.
double stored_bits(const Format& f) {
  return f.expert_bits_per_weight > 0.0 ? f.expert_bits_per_weight : f.bits_per_weight;
}

TEST_CASE("bits of a format follow from its blocks", "[catalog]") {
  for (const Format& f : built_in().all<Format>()) {
    INFO(f.id);
    CHECK(f.bits_per_weight >= 1.0);
    CHECK(f.bits_per_weight <= 32.0);
    CHECK(f.quantized == (stored_bits(f) < 16.0));
    CHECK(f.embedding_bits <= 32.0);
    if (f.block_bytes == 0 || f.block_elements == 0) continue;
    const double bits = 8.0 * static_cast<double>(f.block_bytes);
    CHECK(stored_bits(f) == Approx(bits / static_cast<double>(f.block_elements)));
  }
}

TEST_CASE("known formats have their exact widths", "[catalog]") {
  struct Row {
    const char* id;
    double bits;
  };
  // GGUF blocks: block_q*_ of ggml-common.h, 32 or 256 weights. MXFP4: 32 weights and one byte.
  // NVFP4: 16 weights and one byte. GPTQ and AWQ: 128 weights, an fp16 scale and a 4-bit zero.
  constexpr Row kRows[] = {{"fp32", 32},
                           {"bf16", 16},
                           {"fp16", 16},
                           {"int8", 8},
                           {"q8_0", 8.5},
                           {"q4_0", 4.5},
                           {"q4_1", 5.0},
                           {"q5_0", 5.5},
                           {"mxfp4", 4.25},
                           {"nvfp4", 4.5},
                           {"awq", 4.15625},
                           {"gguf-q4_k", 4.5}};
  for (const Row& row : kRows) {
    INFO(row.id);
    CHECK(stored_bits(test::format(row.id)) == Approx(row.bits).epsilon(0.002));
  }
}

TEST_CASE("every price is of a date and of a device of the catalog", "[catalog]") {
  for (const Price& price : built_in().all<Price>()) {
    INFO(price.id);
    CHECK(built_in().find<Gpu>(price.gpu) != nullptr);
    CHECK(price.gpus >= 1);
    if (!price.date.empty()) CHECK(price.date.size() >= 4);
    for (const auto usd : {price.on_demand_usd_per_hour, price.spot_usd_per_hour}) {
      CHECK(usd.value_or(1.0) > 0.0);
      CHECK(usd.value_or(1.0) < 2000.0);
    }
  }
}

}  // namespace
}  // namespace dsplan::catalog
