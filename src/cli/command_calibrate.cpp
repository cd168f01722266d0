#include "dsplan/base/error.hpp"
#include "dsplan/ingest/calibration.hpp"
#include "dsplan/report/calibration_report.hpp"

#include "catalog_source.hpp"
#include "command.hpp"
#include "files.hpp"

namespace dsplan::cli {

report::Answer run_calibrate(const CommandContext& context) {
  if (context.positionals.empty()) {
    throw Error(ErrorCode::usage,
                "`calibrate` needs a file",
                "name a CSV of your runs, or - for standard input; its columns are those of "
                "`validate`");
  }
  const std::string& file = context.positionals.front();
  const auto table = ingest::read_csv(read_file(file), file);
  catalog::Catalog catalog = load_catalog(context.inputs);
  report::Answer answer;
  answer.inputs = {{"file", file, Origin::flag, ""}};
  report::report_calibration(answer, ingest::calibrate(catalog, table, file));
  return answer;
}

}  // namespace dsplan::cli
