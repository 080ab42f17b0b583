# Builds the packages twice, of revision 1 and 2, into OUT/1 and OUT/2. The objects need not be fast, only there: they
# are compiled as those of the build beside which BUILD lies, so that the compiler cache has most of them.
include(${CMAKE_CURRENT_LIST_DIR}/../install/run.cmake)

set(ENV{CCACHE_BASEDIR} ${SOURCE})
set(ENV{CCACHE_NOHASHDIR} true)
set(ENV{CCACHE_SLOPPINESS} pch_defines,time_macros)
file(REMOVE_RECURSE ${OUT})
foreach(revision 1 2)
  run(out ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} ${toolchain_options}
    "-DCMAKE_CXX_FLAGS_DEBUG=${CXX_FLAGS}" "-DCMAKE_C_FLAGS_DEBUG=${C_FLAGS}"
    -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_SKIP_INSTALL_RPATH=ON -DBUILD_SHARED_LIBS=ON -DPULSEKIT_PACKAGES=ON
    -DPULSEKIT_EXAMPLES=OFF -DPULSEKIT_TESTS=OFF -DPULSEKIT_FETCH=OFF -DPULSEKIT_PACKAGE_REVISION=${revision})
  run(out ${CMAKE_COMMAND} --build ${BUILD} --parallel 2)
  run(out ${CPACK} --config ${BUILD}/CPackConfig.cmake -B ${OUT}/${revision})
  file(REMOVE_RECURSE ${OUT}/${revision}/_CPack_Packages)
endforeach()
