# Installs COMPONENTS (with commas between them) of the build tree BUILD into a new PREFIX.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)

string(REPLACE "," ";" COMPONENTS ${COMPONENTS})
file(REMOVE_RECURSE ${PREFIX})
foreach(component IN LISTS COMPONENTS)
  run(out ${CMAKE_COMMAND} --install ${BUILD} --component ${component} --prefix ${PREFIX})
endforeach()
