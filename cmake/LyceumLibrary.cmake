# The libraries in order of dependence, each with all that it may use directly.
# A library sees the headers of what it uses, and of nothing else: its headers are reached
# through a staged include folder of its own, so a forbidden include does not compile.
set(LYCEUM_LIBRARIES base tutor grading wire envelope store dispatch shard llm toolhost tools gateway)
set(LYCEUM_base_MAY_USE)
set(LYCEUM_tutor_MAY_USE base)
set(LYCEUM_grading_MAY_USE base)
set(LYCEUM_wire_MAY_USE base)
set(LYCEUM_envelope_MAY_USE base tutor)
set(LYCEUM_store_MAY_USE base)
set(LYCEUM_dispatch_MAY_USE base tutor wire envelope)
set(LYCEUM_shard_MAY_USE base tutor wire envelope store dispatch)
set(LYCEUM_llm_MAY_USE base wire)
set(LYCEUM_toolhost_MAY_USE base tutor wire envelope)
set(LYCEUM_gateway_MAY_USE base tutor wire envelope)
set(LYCEUM_tools_MAY_USE base tutor grading wire envelope llm toolhost)

# What nearly every file includes is read once: a good part of the time of a build from nothing.
option(LYCEUM_PCH "Precompile the headers of the standard library and fmt" ON)
function(lyceum_precompiled NAME)
  if(NOT LYCEUM_PCH)
    return()
  endif()
  if(NOT TARGET lyceum_${NAME}_pch)
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/pch/${NAME}.cc CONTENT "")
    add_library(lyceum_${NAME}_pch OBJECT ${CMAKE_BINARY_DIR}/pch/${NAME}.cc)
    target_link_libraries(lyceum_${NAME}_pch PRIVATE fmt::fmt lyceum_flags $<$<STREQUAL:${NAME},test>:GTest::gtest>)
    target_precompile_headers(lyceum_${NAME}_pch PRIVATE
      <algorithm> <atomic> <chrono> <cstdint> <deque> <functional> <list> <map> <memory> <mutex> <optional>
      <set> <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector> <fmt/format.h> ${ARGN})
  endif()
endfunction()

# A build from nothing reads every header once per compiled file: half of its time is gone where files
# are compiled together. After a small change it is the other way round, so `dev` has it off.
# Where everything is built once, the environment may turn it on.
if("$ENV{LYCEUM_UNITY}" STREQUAL "ON")
  set(unity_wanted ON)
else()
  set(unity_wanted OFF)
endif()
option(LYCEUM_UNITY "Compile the sources of a library together, where that pays" ${unity_wanted})

# lyceum_together(TARGET SIZE [ALONE a.cc ...])   SIZE sources at a time, all but those that stay alone
# lyceum_together(TARGET a.cc b.cc ...)           these, as one, and no others
# Where LYCEUM_UNITY is set. Names in the unnamed namespaces of what is compiled as one must differ.
function(lyceum_together TARGET)
  if(NOT LYCEUM_UNITY)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "ALONE" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS MATCHES "^[0-9]+$")
    set_target_properties(${TARGET} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${ARG_UNPARSED_ARGUMENTS})
    set_source_files_properties(${ARG_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  else()
    set_target_properties(${TARGET} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
    set_source_files_properties(${ARG_UNPARSED_ARGUMENTS} PROPERTIES UNITY_GROUP together)
  endif()
  # GCC warns of unnamed namespaces in what is included, as if it were included twice.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${TARGET} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

# Where a build for speed need not be fast when it runs, it is fast to compile. GCC and Clang take
# the last -O of a command line. LEVEL: 1, or 0 where it waits for others all the time.
function(lyceum_cold TARGET LEVEL)
  target_compile_options(${TARGET} PRIVATE $<$<CONFIG:Release>:-O${LEVEL}>)
endfunction()

# lyceum_library(NAME SOURCES a.cc b.cc USES base tutor LINKS fmt::fmt [TOGETHER 8 ALONE b.cc])
#   SOURCES  every source, by name
#   TOGETHER, ALONE  as lyceum_together takes them: a number, or the sources by name
#   USES     libraries of this project; one that does not stand above NAME is an error
#   LINKS    libraries of others that the headers show; LINKS_PRIVATE those they do not
function(lyceum_library NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LINKS;LINKS_PRIVATE;TOGETHER;ALONE" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "lib/${NAME}: unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT NAME IN_LIST LYCEUM_LIBRARIES)
    message(FATAL_ERROR "lib/${NAME} has no place in the order of cmake/LyceumLibrary.cmake")
  endif()
  list(FIND LYCEUM_LIBRARIES ${NAME} own)
  foreach(used IN LISTS ARG_USES)
    list(FIND LYCEUM_LIBRARIES ${used} place)
    if(NOT used IN_LIST LYCEUM_${NAME}_MAY_USE OR NOT place LESS own)
      message(FATAL_ERROR "lib/${NAME} may not use lib/${used}: see cmake/LyceumLibrary.cmake")
    endif()
  endforeach()

  set(staged ${CMAKE_BINARY_DIR}/include/${NAME})
  file(MAKE_DIRECTORY ${staged})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${staged}/${NAME} SYMBOLIC)

  add_library(lyceum_${NAME} STATIC ${ARG_SOURCES})
  target_include_directories(lyceum_${NAME} PUBLIC ${staged})
  list(TRANSFORM ARG_USES PREPEND lyceum_)
  target_link_libraries(lyceum_${NAME} PUBLIC ${ARG_USES} ${ARG_LINKS}
                        PRIVATE ${ARG_LINKS_PRIVATE} lyceum_flags)
  if(ARG_TOGETHER)
    lyceum_together(lyceum_${NAME} ${ARG_TOGETHER} ALONE ${ARG_ALONE})
  endif()
  # Compiled together, the files share more than that.
  if(LYCEUM_PCH AND NOT (LYCEUM_UNITY AND ARG_TOGETHER))
    lyceum_precompiled(library)
    target_precompile_headers(lyceum_${NAME} REUSE_FROM lyceum_library_pch)
  endif()
endfunction()

# lyceum_test(NAME SOURCES a_test.cc USES tutor LINKS x [INTEGRATION] [SERIAL] [TIMEOUT seconds])
# One executable; every TEST in it is a test of ctest. INTEGRATION: starts real servers. SERIAL: runs
# alone, because it fills the machine.
function(lyceum_test NAME)
  cmake_parse_arguments(ARG "INTEGRATION;SERIAL" "TIMEOUT" "SOURCES;USES;LINKS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${NAME} ${ARG_SOURCES})
  list(TRANSFORM ARG_USES PREPEND lyceum_)
  target_link_libraries(${NAME} PRIVATE ${ARG_USES} ${ARG_LINKS} GTest::gtest_main lyceum_flags)
  if(LYCEUM_PCH)
    lyceum_precompiled(test <gtest/gtest.h>)
    target_precompile_headers(${NAME} REUSE_FROM lyceum_test_pch)
  endif()
  set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_compile_definitions(${NAME} PRIVATE LYCEUM_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                             LYCEUM_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  set(properties TIMEOUT ${ARG_TIMEOUT})
  # One label, "unit", "integration" or "unit-integration": a list would not get through discovery.
  set(labels)
  if(NAME MATCHES "^(unit|golden)_")
    list(APPEND labels unit)
    if(NOT TARGET unit_tests)
      add_custom_target(unit_tests)
    endif()
    add_dependencies(unit_tests ${NAME})
  endif()
  if(ARG_INTEGRATION)
    list(APPEND labels integration)
  endif()
  if(labels)
    list(JOIN labels "-" label)
    list(APPEND properties LABELS ${label})
  endif()
  if(ARG_SERIAL)
    list(APPEND properties RUN_SERIAL TRUE)
  endif()
  gtest_discover_tests(${NAME} NO_PRETTY_VALUES PROPERTIES ${properties} DISCOVERY_TIMEOUT 60)
endfunction()
