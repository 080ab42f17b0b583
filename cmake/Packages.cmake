# Debian packages, one a component (docs/decisions/0018-packages.md): `cpack` in a build folder of the preset `package`.
# What they hold beside what cmake/Install.cmake ships is installed here, for it has its place in a system and no other.
if(NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr" OR NOT BUILD_SHARED_LIBS)
  message(FATAL_ERROR "PULSEKIT_PACKAGES wants the prefix /usr and BUILD_SHARED_LIBS=ON: use the preset package")
endif()
set(PULSEKIT_PACKAGE_REVISION 1 CACHE STRING "Debian revision: which packaging of this version it is")
set(PULSEKIT_PACKAGE_CONTACT "Pulsekit maintainers <pulsekit@localhost>" CACHE STRING "Maintainer of the packages")

get_target_property(soversion pulsekit SOVERSION)
set(library libpulsekit${soversion})
set(packaging ${PROJECT_SOURCE_DIR}/packaging)

install(FILES ${packaging}/systemd/pulse-collector.service DESTINATION lib/systemd/system COMPONENT Collector)
install(FILES ${packaging}/collector.toml DESTINATION /etc/pulse-collector COMPONENT Collector)
set(doc ${CMAKE_INSTALL_DATAROOTDIR}/doc)
set(docs ${PROJECT_SOURCE_DIR}/docs)
install(FILES ${docs}/forwarding.md ${docs}/operating.md ${docs}/protocol.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
  DESTINATION ${doc}/pulse-collector COMPONENT Collector)
set(examples ${doc}/pulse-collector/examples)
install(FILES ${packaging}/nginx/pulse-collector.conf DESTINATION ${examples}/nginx COMPONENT Collector)
install(FILES ${packaging}/caddy/Caddyfile DESTINATION ${examples}/caddy COMPONENT Collector)
install(FILES ${docs}/sdk.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
  DESTINATION ${doc}/libpulsekit-dev COMPONENT SDK_Development)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME pulsekit)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has its own
set(CPACK_PACKAGE_CONTACT "${PULSEKIT_PACKAGE_CONTACT}")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL SDK SDK_Development Send Collector)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${PULSEKIT_PACKAGE_REVISION})
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/sdk)  # where the library is built
set(this_version "${PROJECT_VERSION}-${PULSEKIT_PACKAGE_REVISION}")

# pulsekit_package(<component> <name> <section> <description>)
macro(pulsekit_package component name section synopsis)
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section})
  set(CPACK_COMPONENT_${upper}_DESCRIPTION "${synopsis}")
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${doc}/${name} RENAME copyright COMPONENT ${component})
endmacro()

pulsekit_package(SDK ${library} libs "Telemetry that is never lost: shared library
 Events of native applications: journaled in memory that survives the process, queued on disk, sent until delivered.")

pulsekit_package(SDK_Development libpulsekit-dev libdevel "Telemetry that is never lost: development files
 Headers for C and C++, the CMake package and the pkg-config file.")
set(CPACK_DEBIAN_SDK_DEVELOPMENT_PACKAGE_DEPENDS "${library} (= ${this_version})")

pulsekit_package(Send pulse-send utils "Sends what a pipe says as telemetry
 Reads events as lines of JSON and delivers them to a collector, at once or when it can be reached again.")
set(CPACK_DEBIAN_SEND_PACKAGE_DEPENDS "${library} (>= ${PROJECT_VERSION})")

pulsekit_package(Collector pulse-collector net "Receives, stores and answers for telemetry
 One program with its own storage: events are acknowledged after the commit, stored once, and answered for over HTTP.")
set(CPACK_DEBIAN_COLLECTOR_PACKAGE_DEPENDS "passwd, init-system-helpers")
file(WRITE ${PROJECT_BINARY_DIR}/packaging/conffiles "/etc/pulse-collector/collector.toml\n")
set(CPACK_DEBIAN_COLLECTOR_PACKAGE_CONTROL_EXTRA ${packaging}/debian/postinst ${packaging}/debian/prerm
  ${packaging}/debian/postrm ${PROJECT_BINARY_DIR}/packaging/conffiles)

include(CPack)
