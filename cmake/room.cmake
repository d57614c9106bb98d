# yagura_room(<name> [DEPENDS room...] [LINK target...] [NO_TESTS])
#
# One declaration builds and guards a room: src/<name>/**.cpp becomes the static library yagura_<name>,
# *_test.cpp becomes the test program <name>_test, each x_fuzz.cpp a fuzzer <name>_x_fuzz (preset fuzz),
# *_bench.cpp the program <name>_bench (target "benches"). A new file needs no edit here.
# DEPENDS lists every room that files of this room may include (no transitive reach).
set_property(GLOBAL PROPERTY YAGURA_ROOMS "")

add_library(yagura_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_precompile_headers(yagura_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.hpp)
target_link_libraries(yagura_pch PRIVATE fmt::fmt)
target_compile_options(yagura_pch PRIVATE -pthread)

add_custom_target(benches)
add_custom_target(fuzzers)

function(yagura_room name)
  cmake_parse_arguments(R "NO_TESTS" "" "DEPENDS;LINK" ${ARGN})
  set(dir ${CMAKE_SOURCE_DIR}/src/${name})
  file(GLOB_RECURSE all CONFIGURE_DEPENDS ${dir}/*.cpp)
  set(tests ${all})
  set(fuzzers ${all})
  set(benches ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cpp$")
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_bench|/main)\\.cpp$")

  add_library(yagura_${name} STATIC ${sources} ${CMAKE_SOURCE_DIR}/cmake/room_anchor.cpp)
  target_include_directories(yagura_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(yagura_${name} PRIVATE -pthread)
  target_precompile_headers(yagura_${name} REUSE_FROM yagura_pch)
  foreach(dep IN LISTS R_DEPENDS)
    target_link_libraries(yagura_${name} PUBLIC yagura_${dep})
  endforeach()
  target_link_libraries(yagura_${name} PUBLIC ${R_LINK})

  if(tests AND YAGURA_TESTS AND NOT R_NO_TESTS AND NOT YAGURA_FUZZ)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE yagura_${name} yagura_testing)
    target_compile_options(${name}_test PRIVATE -pthread)
    target_precompile_headers(${name}_test REUSE_FROM yagura_pch)
    add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1
             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  endif()

  if(YAGURA_FUZZ)
    foreach(file IN LISTS fuzzers)
      get_filename_component(stem ${file} NAME_WE)
      add_executable(${name}_${stem} ${file})
      target_link_libraries(${name}_${stem} PRIVATE yagura_${name})
      target_link_options(${name}_${stem} PRIVATE -fsanitize=fuzzer)
      add_dependencies(fuzzers ${name}_${stem})
    endforeach()
  endif()

  if(benches AND NOT YAGURA_FUZZ)
    add_executable(${name}_bench EXCLUDE_FROM_ALL ${benches})
    target_link_libraries(${name}_bench PRIVATE yagura_${name} yagura_dep_bench)
    add_dependencies(benches ${name}_bench)
  endif()

  set_property(GLOBAL APPEND PROPERTY YAGURA_ROOMS ${name})
endfunction()

# Fails the build on an include that the declarations do not allow, or on a cycle.
function(yagura_check_rooms)
  file(GLOB_RECURSE every CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*.hpp ${CMAKE_SOURCE_DIR}/src/*.cpp)
  add_custom_command(
    OUTPUT ${CMAKE_BINARY_DIR}/rooms.checked
    COMMAND python3 ${CMAKE_SOURCE_DIR}/scripts/check_rooms --source ${CMAKE_SOURCE_DIR}
    COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/rooms.checked
    DEPENDS ${every} ${CMAKE_SOURCE_DIR}/CMakeLists.txt ${CMAKE_SOURCE_DIR}/scripts/check_rooms
    COMMENT "Checking that rooms include only what they may")
  add_custom_target(check_rooms ALL DEPENDS ${CMAKE_BINARY_DIR}/rooms.checked)
endfunction()
