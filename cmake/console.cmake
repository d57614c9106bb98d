# Embeds the console: src/serve/console_pack.cpp takes in web/dist/console.pack when `npm run build` has made it.
# A console built for the first time is seen by the next configure, which CONFIGURE_DEPENDS below brings about.
file(GLOB yagura_console_pack CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/dist/console.pack)
if(yagura_console_pack AND NOT YAGURA_FUZZ)
  set_source_files_properties(${CMAKE_SOURCE_DIR}/src/serve/console_pack.cpp PROPERTIES
    COMPILE_DEFINITIONS "YAGURA_CONSOLE_PACK=\"${yagura_console_pack}\""
    OBJECT_DEPENDS "${yagura_console_pack}"
    SKIP_PRECOMPILE_HEADERS ON)
endif()
