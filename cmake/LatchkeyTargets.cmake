# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
#
# The four kinds of target in this tree, so that flags and layering stand in one place:
#   lk_library(NAME sources... LINK deps...)   a library of src/lib
#   lk_pure(NAME sources... )                  pure code of a program: links base and model only
#   lk_program(NAME sources... LINK deps...)   a program in build/bin
#   lk_unit_test(NAME sources... LINK deps...) a GLib test run by ctest
add_library(lk_options INTERFACE)
target_include_directories(lk_options INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(lk_options INTERFACE
  _GNU_SOURCE
  LK_VERSION="${PROJECT_VERSION}"
  G_LOG_USE_STRUCTURED
  GLIB_VERSION_MIN_REQUIRED=GLIB_VERSION_2_74
  GLIB_VERSION_MAX_ALLOWED=GLIB_VERSION_2_74)
target_compile_options(lk_options INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings
  -Wformat=2 -Wundef -Wvla -Wnull-dereference -Wno-unused-parameter
  -fno-omit-frame-pointer -fstack-protector-strong
  $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>
  $<$<BOOL:${LK_WERROR}>:-Werror>)
if(LK_SANITIZE)
  target_compile_options(lk_options INTERFACE -fsanitize=${LK_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(lk_options INTERFACE -fsanitize=${LK_SANITIZE})
endif()
if(LK_FUZZ)
  target_compile_options(lk_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined)
  target_link_options(lk_options INTERFACE -fsanitize=address,undefined)
endif()

function(lk_library name)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${A_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC lk_options PkgConfig::GLIB ${A_LINK})
endfunction()

function(lk_pure name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PUBLIC lk_options lk_base lk_model)
endfunction()

function(lk_program name)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  add_executable(${name} ${A_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE lk_options ${A_LINK})
  # librdkafka allocates in one thread and frees in another, which glibc's malloc is slow at: a
  # quarter of a worker's CPU time (tests/bench/bench_workers.py). Sanitizers bring their own. No
  # symbol is found in it alone, so the linker has to be told that it is needed.
  if(NOT LK_SANITIZE AND NOT LK_FUZZ)
    target_link_libraries(${name} PRIVATE
      -Wl,--push-state,--no-as-needed,${JEMALLOC_LINK_LIBRARIES},--pop-state)
  endif()
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()

function(lk_unit_test name)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  add_executable(test-${name} ${A_UNPARSED_ARGUMENTS})
  target_link_libraries(test-${name} PRIVATE lk_options ${A_LINK})
  target_compile_definitions(test-${name} PRIVATE LK_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND test-${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endfunction()

# lk_fuzz_target(NAME sources... LINK deps...): NAME's seeds are tests/corpus/NAME
function(lk_fuzz_target name)
  if(NOT LK_FUZZ)
    return()
  endif()
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  add_executable(fuzz-${name} ${A_UNPARSED_ARGUMENTS})
  target_link_libraries(fuzz-${name} PRIVATE lk_options ${A_LINK})
  target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
  set_property(GLOBAL APPEND PROPERTY LK_FUZZ_TARGETS fuzz-${name})
endfunction()
