#include "ggml_types.hpp"

#include <algorithm>
#include <array>

namespace dsplan::ingest {
namespace {

// ggml/include/ggml.h (enum ggml_type) and ggml-common.h (block structs).
constexpr std::array kTypes{
    GgmlType{0, "fp32", 1, 4},        GgmlType{1, "fp16", 1, 2},
    GgmlType{2, "q4_0", 32, 18},      GgmlType{3, "q4_1", 32, 20},
    GgmlType{6, "q5_0", 32, 22},      GgmlType{7, "q5_1", 32, 24},
    GgmlType{8, "q8_0", 32, 34},      GgmlType{9, "q8_1", 32, 36},
    GgmlType{10, "q2_k", 256, 84},    GgmlType{11, "q3_k_m", 256, 110},
    GgmlType{12, "q4_k_m", 256, 144}, GgmlType{13, "q5_k_m", 256, 176},
    GgmlType{14, "q6_k", 256, 210},   GgmlType{15, "q8_k", 256, 292},
    GgmlType{16, "iq2_xxs", 256, 66}, GgmlType{17, "iq2_xs", 256, 74},
    GgmlType{18, "iq3_xxs", 256, 98}, GgmlType{19, "iq1_s", 256, 50},
    GgmlType{20, "iq4_nl", 32, 18},   GgmlType{21, "iq3_s", 256, 110},
    GgmlType{22, "iq2_s", 256, 82},   GgmlType{23, "iq4_xs", 256, 136},
    GgmlType{24, "int8", 1, 1},       GgmlType{25, "", 1, 2},
    GgmlType{26, "", 1, 4},           GgmlType{27, "", 1, 8},
    GgmlType{28, "", 1, 8},           GgmlType{29, "iq1_m", 256, 56},
    GgmlType{30, "bf16", 1, 2},       GgmlType{34, "tq1_0", 256, 54},
    GgmlType{35, "tq2_0", 256, 66},   GgmlType{39, "mxfp4", 32, 17},
    GgmlType{40, "nvfp4", 64, 36},
};

struct FileType {
  std::int64_t number;
  std::string_view format;
};

// llama.cpp include/llama.h (enum llama_ftype).
constexpr std::array kFileTypes{
    FileType{0, "fp32"},     FileType{1, "fp16"},    FileType{2, "q4_0"},    FileType{3, "q4_1"},
    FileType{7, "q8_0"},     FileType{8, "q5_0"},    FileType{9, "q5_1"},    FileType{10, "q2_k"},
    FileType{11, "q3_k_s"},  FileType{12, "q3_k_m"}, FileType{13, "q3_k_l"}, FileType{14, "q4_k_s"},
    FileType{15, "q4_k_m"},  FileType{16, "q5_k_s"}, FileType{17, "q5_k_m"}, FileType{18, "q6_k"},
    FileType{19, "iq2_xxs"}, FileType{20, "iq2_xs"}, FileType{21, "q2_k_s"}, FileType{22, "iq3_xs"},
    FileType{23, "iq3_xxs"}, FileType{24, "iq1_s"},  FileType{25, "iq4_nl"}, FileType{26, "iq3_s"},
    FileType{27, "iq3_m"},   FileType{28, "iq2_s"},  FileType{29, "iq2_m"},  FileType{30, "iq4_xs"},
    FileType{31, "iq1_m"},   FileType{32, "bf16"},   FileType{36, "tq1_0"},  FileType{37, "tq2_0"},
    FileType{38, "mxfp4"},   FileType{39, "nvfp4"},
};

}  // namespace

const GgmlType* find_ggml_type(std::uint32_t number) {
  const auto found = std::ranges::find(kTypes, number, &GgmlType::number);
  return found == kTypes.end() ? nullptr : &*found;
}

std::string_view format_of_file_type(std::int64_t file_type) {
  const auto found = std::ranges::find(kFileTypes, file_type, &FileType::number);
  return found == kFileTypes.end() ? std::string_view{} : found->format;
}

}  // namespace dsplan::ingest
