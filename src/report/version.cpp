#include "dsplan/report/version.hpp"

namespace dsplan::report {

const std::string_view kVersion = DSPLAN_VERSION;

}  // namespace dsplan::report
