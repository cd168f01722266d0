# dsplan_warnings: what every target of this project is compiled with, and nobody who uses it.
# Link it as  target_link_libraries(x PRIVATE $<BUILD_INTERFACE:dsplan_warnings>)
# so that installing x does not ask for it.
add_library(dsplan_warnings INTERFACE)

target_compile_options(
  dsplan_warnings
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wconversion
            -Wshadow
            -Wold-style-cast
            -Wnull-dereference
            # The same sums on every machine: aarch64 would contract a*b+c by default.
            -ffp-contract=off)

# Sanitizers and coverage counters make g++ warn about code it wrote itself.
if(DSPLAN_DEV AND NOT DSPLAN_SANITIZE AND NOT DSPLAN_COVERAGE)
  target_compile_options(dsplan_warnings INTERFACE -Werror)
endif()
