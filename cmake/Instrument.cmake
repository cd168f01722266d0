# Whole-build instruments. Include before the first target: they must cover all object files.
if(DSPLAN_SANITIZE)
  add_compile_options(-fsanitize=${DSPLAN_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DSPLAN_SANITIZE})
endif()

if(DSPLAN_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

if(DSPLAN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
