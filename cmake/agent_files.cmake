# `yagura agent install` carries its unit and its default configuration: src/cli/agent.cpp takes them in as raw strings.
foreach(file packaging/yagura-agent.service conf/agent.yaml)
  file(READ ${CMAKE_SOURCE_DIR}/${file} text)
  get_filename_component(name ${file} NAME)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${name}.inc CONTENT "R\"file(@text@)file\"" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
endforeach()
set_source_files_properties(src/cli/agent.cpp PROPERTIES INCLUDE_DIRECTORIES ${CMAKE_BINARY_DIR}/generated)
