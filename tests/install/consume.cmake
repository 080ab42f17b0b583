# Configures, builds and runs the project SOURCE against PREFIX, and reads the ledger that it prints.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)

file(REMOVE_RECURSE ${BINARY})
set(ENV{PKG_CONFIG_PATH} "${PREFIX}/${LIBDIR}/pkgconfig:$ENV{PKG_CONFIG_PATH}")
run(out ${CMAKE_COMMAND} -S ${SOURCE} -B ${BINARY} ${toolchain_options} "-DCMAKE_PREFIX_PATH=${PREFIX}")
run(out ${CMAKE_COMMAND} --build ${BINARY})
# What is found there must be what was installed, not a pulsekit of the system.
file(STRINGS ${BINARY}/CMakeCache.txt found REGEX "^pulsekit_(DIR|INCLUDEDIR):")
if(NOT found MATCHES "${PREFIX}/")
  message(FATAL_ERROR "the consumer found another pulsekit: ${found}")
endif()

file(MAKE_DIRECTORY ${BINARY}/storage)
set(ENV{LD_LIBRARY_PATH} "${PREFIX}/${LIBDIR}:$ENV{LD_LIBRARY_PATH}")
run(out ${BINARY}/consumer ${BINARY}/storage)
if(NOT out STREQUAL "accepted 1 queued 1\n")
  message(FATAL_ERROR "the consumer printed: ${out}")
endif()
