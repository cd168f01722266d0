#include "dsplan/base/error.hpp"
#include "dsplan/ingest/csv_table.hpp"
#include "dsplan/ingest/validation_table.hpp"
#include "dsplan/report/validation_report.hpp"

#include "command.hpp"
#include "files.hpp"

namespace dsplan::cli {

report::Answer run_validate(const CommandContext& context) {
  if (context.positionals.empty()) {
    throw Error(ErrorCode::usage,
                "`validate` needs a file",
                "name a CSV of measurements, or - for standard input");
  }
  const std::string& file = context.positionals.front();
  const auto table = ingest::read_csv(read_file(file), file);
  const std::string group_by = context.inputs.text("group-by").value_or("");
  report::Answer answer;
  answer.inputs = {{"file", file, Origin::flag, ""}};
  if (!group_by.empty()) answer.inputs.push_back({"group_by", group_by, Origin::flag, ""});
  plan::Validation validation = ingest::validate_table(table, context.catalog, file, group_by);
  for (const std::string& note : validation.notes) {
    answer.warnings.push_back({"generic-profile", note});
  }
  std::string subject = file + ": " + validation.table + ", predicted against measured";
  report::report_validation(answer, std::move(validation), std::move(subject));
  return answer;
}

}  // namespace dsplan::cli
