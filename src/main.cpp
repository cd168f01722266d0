#include "dsplan/cli/run.hpp"

int main(int argc, char** argv) {
  return dsplan::cli::run({argv + 1, argv + argc}, dsplan::cli::process_surroundings());
}
