# dsplan_add_fuzzer(NAME SOURCE LIBRARY...): the libFuzzer program fuzz_NAME, and a ctest entry
# that runs it for a fixed count over the kept inputs in tests/fuzz/NAME/ (crashes stay there).
set(DSPLAN_FUZZ_RUNS 20000 CACHE STRING "inputs that each fuzzer's ctest entry tries")
add_custom_target(fuzzers)

function(dsplan_add_fuzzer name source)
  add_executable(fuzz_${name} ${source})
  target_link_libraries(fuzz_${name} PRIVATE ${ARGN} dsplan_warnings)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzzers fuzz_${name})
  add_test(NAME fuzz.${name}
           COMMAND sh ${PROJECT_SOURCE_DIR}/cmake/run_fuzzer.sh $<TARGET_FILE:fuzz_${name}>
                   ${PROJECT_SOURCE_DIR}/tests/fuzz/${name} ${DSPLAN_FUZZ_RUNS})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz)
endfunction()
