# cmake --install: the program, and the library for find_package(dsplan) as dsplan::dsplan.
# Include after the last target.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

add_library(dsplan_library INTERFACE)
set_target_properties(dsplan_library PROPERTIES EXPORT_NAME dsplan)
target_compile_features(dsplan_library INTERFACE cxx_std_20)
target_include_directories(dsplan_library
                           INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

# Highest floor first, as the linker wants its archives.
set(dsplan_parts dsplan_report dsplan_emit dsplan_ingest dsplan_builtin dsplan_load dsplan_core)
foreach(part IN LISTS dsplan_parts)
  if(TARGET ${part})
    target_link_libraries(dsplan_library INTERFACE ${part})
    install(TARGETS ${part} EXPORT dsplanTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
endforeach()
install(TARGETS dsplan_library EXPORT dsplanTargets)
add_library(dsplan::dsplan ALIAS dsplan_library)

install(TARGETS dsplan RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY include/dsplan DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} PATTERN cli EXCLUDE)

set(dsplan_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/dsplan)
install(EXPORT dsplanTargets NAMESPACE dsplan:: DESTINATION ${dsplan_package_dir})
configure_package_config_file(cmake/dsplanConfig.cmake.in dsplanConfig.cmake
                              INSTALL_DESTINATION ${dsplan_package_dir})
write_basic_package_version_file(dsplanConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/dsplanConfig.cmake
              ${PROJECT_BINARY_DIR}/dsplanConfigVersion.cmake DESTINATION ${dsplan_package_dir})
