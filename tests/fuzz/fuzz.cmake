# Fuzz targets of targets.txt.  With libFuzzer (preset `fuzz`) each is a program fuzz_<name>, all of
# them the build target `fuzz`; without it each is a test fuzz.<name>, which runs the target on its
# seeds, on what was found before, and on a few changes of both.
set(fuzz_folder ${CMAKE_CURRENT_LIST_DIR})
set(fuzz_tests ${CMAKE_CURRENT_LIST_DIR}/..)
if(APO_SANITIZE MATCHES "fuzzer")
  set(fuzz_has_engine TRUE)
  add_custom_target(fuzz)
endif()

file(GLOB mutate_sources CONFIGURE_DEPENDS ${fuzz_folder}/mutate_*.c)
list(REMOVE_ITEM mutate_sources ${fuzz_folder}/mutate_input.c)
add_library(fuzz_mutate OBJECT ${mutate_sources})
if(fuzz_has_engine)
  # What makes inputs is not what is tested: it must not count as covered, nor cost.
  set_target_properties(fuzz_mutate PROPERTIES COMPILE_OPTIONS "-O2;-fno-sanitize=all")
endif()

target_sources(unit.mutate PRIVATE $<TARGET_OBJECTS:fuzz_mutate>)

function(apo_add_fuzz name source syntax seeds)
  if(source STREQUAL "reader" AND NOT reader_table MATCHES "X\\(${name}\\)")
    return()
  endif()
  if(fuzz_has_engine)
    set(program fuzz_${name})
  else()
    set(program fuzz.${name})
  endif()
  add_executable(${program} ${fuzz_folder}/fuzz_${source}.c ${fuzz_folder}/mutate_input.c
                 ${fuzz_folder}/memory_file.c $<TARGET_OBJECTS:fuzz_mutate>)
  target_compile_definitions(${program} PRIVATE APO_FUZZ_READER="${name}"
                             APO_FUZZ_SYNTAX=apo_mutate_${syntax})
  target_link_libraries(${program} PRIVATE apo_tool)
  if(fuzz_has_engine)
    target_link_options(${program} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzz ${program})
    return()
  endif()
  target_sources(${program} PRIVATE ${fuzz_folder}/replay.c)
  list(TRANSFORM seeds PREPEND ${fuzz_tests}/)
  file(GLOB files CONFIGURE_DEPENDS ${fuzz_folder}/corpus/${name}/* ${seeds})
  list(FILTER files EXCLUDE REGEX "[.]expected[.]json$")
  if(files)
    add_test(NAME ${program} COMMAND ${program} -n 100 ${files})
    set_tests_properties(${program} PROPERTIES LABELS fuzz TIMEOUT 600)
  endif()
endfunction()

set(reader_table_file ${PROJECT_SOURCE_DIR}/engine/readers/readers.c)
file(STRINGS ${reader_table_file} reader_table REGEX "X[(]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${fuzz_folder}/targets.txt
             ${reader_table_file})
file(STRINGS ${fuzz_folder}/targets.txt lines REGEX "^[a-z]")
foreach(line IN LISTS lines)
  separate_arguments(words UNIX_COMMAND "${line}")
  list(POP_FRONT words name source syntax dictionaries longest)
  apo_add_fuzz(${name} ${source} ${syntax} "${words}")
endforeach()
