#include "dsplan/report/calibration_report.hpp"

#include <memory>

#include "describe.hpp"

namespace dsplan::report {

using ingest::Calibration;
using ingest::FittedConstant;

template <>
std::span<const ResultField<FittedConstant>> described<FittedConstant>() {
  static constexpr std::array kFields{
      field<&FittedConstant::entry>("entry", "catalog entry that holds the constant"),
      field<&FittedConstant::key>("key", "its field"),
      field<&FittedConstant::before>("before", "its value before"),
      field<&FittedConstant::after>("after", "its value as fitted"),
      field<&FittedConstant::runs>("figures", "measured figures behind it"),
  };
  return kFields;
}

namespace {

/// {"vllm-0.18": {"kernel_factor": 1.03, "step_ms": 0.8}}
Json constants_json(const Calibration& c) {
  Json constants = Json::object();
  for (const FittedConstant& f : c.constants) constants[f.entry][f.key] = f.after;
  return constants;
}

Json constants_schema() {
  Json values = Json::object();
  values["type"] = "object";
  values["additionalProperties"] = type_schema("number");
  Json schema = Json::object();
  schema["type"] = "object";
  schema["additionalProperties"] = std::move(values);
  return schema;
}

}  // namespace

template <>
std::span<const ResultField<Calibration>> described<Calibration>() {
  static constexpr std::array kFields{
      field<&Calibration::table>("table", "kind of table, told by its columns"),
      ResultField<Calibration>{
          "constants", "by catalog entry and field, as fitted", &constants_json, &constants_schema},
      field<&Calibration::constants>("fits", "each constant before and after"),
      field<&Calibration::figures>("figures", "measured figures of the table"),
      field<&Calibration::skipped>("skipped", "of them without a prediction"),
      field<&Calibration::error_before>("error_before", "median absolute error over measured"),
      field<&Calibration::error_after>("error_after", "the same with the fitted constants"),
      field<&Calibration::overlay>("overlay", "YAML for --catalog"),
  };
  return kFields;
}

void report_calibration(Answer& answer, Calibration calibration) {
  answer.command = "calibrate";
  answer.main_list = "fits";
  const auto shared = std::make_shared<const Calibration>(std::move(calibration));
  answer.result = [shared] { return json_of(*shared); };
  answer.document = [shared] { return Document{Verbatim{shared->overlay}}; };
}

Json calibration_schema() { return SchemaOf<Calibration>::get(); }

}  // namespace dsplan::report
