# The installed PROGRAM starts, and is the version that was built.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)

run(out ${PROGRAM} --version)
string(FIND "${out}" "${VERSION}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "${PROGRAM} --version printed: ${out}")
endif()
