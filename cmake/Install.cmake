# What `cmake --install` ships: component SDK (the shared library), SDK_Development (headers, CMake package, pkg-config
# file, static library), Send (pulse-send) and Collector (the server). tests/install consumes them.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/pulsekit)

install(TARGETS pulsekit EXPORT pulsekitTargets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT SDK
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT SDK NAMELINK_COMPONENT SDK_Development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT SDK_Development)

# By name: a header is public because somebody decided so, not because it lies in the folder.
set(headers client.hpp environment.hpp export.h options.hpp properties.hpp pulsekit.h result.hpp)
list(TRANSFORM headers PREPEND ${PROJECT_SOURCE_DIR}/sdk/include/pulsekit/)
install(FILES ${headers} ${PROJECT_BINARY_DIR}/sdk/include/pulsekit/version.hpp
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pulsekit COMPONENT SDK_Development)

install(EXPORT pulsekitTargets NAMESPACE pulsekit:: DESTINATION ${package_dir} COMPONENT SDK_Development)

get_target_property(type pulsekit TYPE)
if(type STREQUAL STATIC_LIBRARY)
  set(PULSEKIT_IS_STATIC ON)
else()
  set(PULSEKIT_IS_STATIC OFF)
endif()
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/pulsekitConfig.cmake.in
  ${PROJECT_BINARY_DIR}/pulsekitConfig.cmake INSTALL_DESTINATION ${package_dir})
# While the version is 0.x a new minor may break source; from 1.0 on this becomes SameMajorVersion.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pulsekitConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/pulsekitConfig.cmake ${PROJECT_BINARY_DIR}/pulsekitConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT SDK_Development)

# The prefix relative to the .pc file: the tree may be installed with --prefix, or moved.
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
  set(PC_PREFIX ${CMAKE_INSTALL_PREFIX})
else()
  file(RELATIVE_PATH up /${pc_dir} /)
  string(REGEX REPLACE "/$" "" up "${up}")
  set(PC_PREFIX "\${pcfiledir}/${up}")
endif()
foreach(dir INCLUDEDIR LIBDIR)
  if(IS_ABSOLUTE ${CMAKE_INSTALL_${dir}})
    set(PC_${dir} ${CMAKE_INSTALL_${dir}})
  else()
    set(PC_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
  endif()
endforeach()
# A static library needs its dependencies in every link, so they are not private: --static would ask for libcurl's own
# static dependencies too, which most systems do not install. A shared library names its own.
set(PC_REQUIRES "")
set(PC_LIBS "-L\${libdir} -lpulsekit")
set(PC_CFLAGS "-I\${includedir}")
if(PULSEKIT_IS_STATIC)
  set(PC_REQUIRES "zlib, sqlite3 >= 3.24, libcurl")
  if(CMAKE_THREAD_LIBS_INIT)
    string(APPEND PC_LIBS " ${CMAKE_THREAD_LIBS_INIT}")
  endif()
  foreach(runtime stdc++ c++)  # so that a C compiler can link it
    if(runtime IN_LIST CMAKE_CXX_IMPLICIT_LINK_LIBRARIES)
      string(APPEND PC_LIBS " -l${runtime}")
    endif()
  endforeach()
else()
  string(APPEND PC_CFLAGS " -DPULSEKIT_SHARED")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/pulsekit.pc.in ${PROJECT_BINARY_DIR}/pulsekit.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/pulsekit.pc DESTINATION ${pc_dir} COMPONENT SDK_Development)

if(PULSEKIT_SEND)
  install(TARGETS pulse-send RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT Send)
endif()
if(PULSEKIT_COLLECTOR)
  install(TARGETS pulse-collector RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT Collector)
  if(PULSEKIT_COUNTRY_DATABASE)
    install(FILES ${PULSEKIT_COUNTRY_DATABASE} DESTINATION ${CMAKE_INSTALL_DATADIR}/pulse-collector
      RENAME country.mmdb COMPONENT Collector)
  endif()
endif()
