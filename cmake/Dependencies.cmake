# The libraries that the sources use, as Debian ships them and as newer releases do.
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)

# libcsv comes as an archive and a header, without a package file.
find_library(DSPLAN_CSV NAMES libcsv.a csv REQUIRED)
mark_as_advanced(DSPLAN_CSV)

# yaml-cpp 0.7 names its target without a namespace, 0.8 with one; `yaml-cpp` is right for both.
if(NOT TARGET yaml-cpp)
  add_library(yaml-cpp ALIAS yaml-cpp::yaml-cpp)
endif()

# Debian's target means the shared library, though the archive lies beside it.
if(DSPLAN_STATIC)
  find_library(DSPLAN_YAML_ARCHIVE NAMES libyaml-cpp.a REQUIRED)
  mark_as_advanced(DSPLAN_YAML_ARCHIVE)
  get_target_property(dsplan_yaml_target yaml-cpp ALIASED_TARGET)
  if(NOT dsplan_yaml_target)
    set(dsplan_yaml_target yaml-cpp)
  endif()
  get_target_property(dsplan_yaml_configs ${dsplan_yaml_target} IMPORTED_CONFIGURATIONS)
  foreach(config IN LISTS dsplan_yaml_configs)
    set_target_properties(${dsplan_yaml_target} PROPERTIES IMPORTED_LOCATION_${config}
                                                           "${DSPLAN_YAML_ARCHIVE}")
  endforeach()
endif()
