# Builds the SDK alone as a shared library, without a network, and installs it into a new PREFIX.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)

# The library only has to be built, not to be fast. Without debug information the compiler cache ignores the folder.
run(out ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} ${toolchain_options} -DCMAKE_BUILD_TYPE=None
  -DBUILD_SHARED_LIBS=ON -DPULSEKIT_COLLECTOR=OFF -DPULSEKIT_TESTS=OFF -DPULSEKIT_EXAMPLES=OFF -DPULSEKIT_FETCH=OFF
  -DCMAKE_INSTALL_LIBDIR=${LIBDIR})
run(out ${CMAKE_COMMAND} --build ${BUILD} --target pulsekit --parallel)
file(REMOVE_RECURSE ${PREFIX})
foreach(component SDK SDK_Development)
  run(out ${CMAKE_COMMAND} --install ${BUILD} --component ${component} --prefix ${PREFIX})
endforeach()
