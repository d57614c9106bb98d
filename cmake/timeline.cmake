# Embeds the page of `yagura hunt --format html`: src/hunt/timeline_page.cpp takes in the files of src/hunt/page.
set(yagura_timeline ${CMAKE_SOURCE_DIR}/src/hunt/page)
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/hunt/timeline_page.cpp PROPERTIES
  COMPILE_DEFINITIONS "YAGURA_TIMELINE=\"${yagura_timeline}\""
  OBJECT_DEPENDS "${yagura_timeline}/timeline.html;${yagura_timeline}/timeline.css;${yagura_timeline}/timeline.js"
  SKIP_PRECOMPILE_HEADERS ON)
