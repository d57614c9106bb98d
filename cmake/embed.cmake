# Files that become part of the program (src/base/embed.hpp): yagura_embed(<source> <macro> <folder> <file>...) gives the
# source the folder as a macro, and makes it depend on the files.
function(yagura_embed source macro folder)
  list(TRANSFORM ARGN PREPEND "${folder}/" OUTPUT_VARIABLE files)
  set_source_files_properties(${source} PROPERTIES
    COMPILE_DEFINITIONS "${macro}=\"${folder}\"" OBJECT_DEPENDS "${files}" SKIP_PRECOMPILE_HEADERS ON)
endfunction()

yagura_embed(${CMAKE_SOURCE_DIR}/src/formats/windows_data_names.cpp YAGURA_WINDOWS_DATA
             ${CMAKE_SOURCE_DIR}/src/formats windows_data_names.txt)
yagura_embed(${CMAKE_SOURCE_DIR}/src/forward/builtin_profiles.cpp YAGURA_PROFILES
             ${CMAKE_SOURCE_DIR}/content/profiles azure-local.yaml azure-local-auth.yaml all.yaml)
