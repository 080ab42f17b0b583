# Every dependency in one place: the system's package first, else a download pinned to a full commit, which
# -DPULSEKIT_FETCH=OFF forbids. Why each is here: docs/decisions/0002-dependencies.md.
include(FetchContent)
find_package(PkgConfig QUIET)

# pulsekit_pkg_config(<alias target> <pkg-config module>): the alias exists when the module was found.
function(pulsekit_pkg_config alias module)
  if(PkgConfig_FOUND)
    string(MAKE_C_IDENTIFIER "PC_${module}" variable)
    pkg_check_modules(${variable} QUIET IMPORTED_TARGET GLOBAL ${module})
    if(${variable}_FOUND)
      add_library(${alias} ALIAS PkgConfig::${variable})
    endif()
  endif()
endfunction()

# pulsekit_fetch(<name> <repository> <commit> <target>...): the targets exist afterwards. Their headers count as the
# system's, so that our warnings stay with our code, and only what is linked is built, nothing is installed.
function(pulsekit_fetch name repository commit)
  if(NOT PULSEKIT_FETCH)
    message(FATAL_ERROR "${name} was not found on this system, and PULSEKIT_FETCH=OFF forbids its download.")
  endif()
  message(STATUS "${name}: not on this system, fetching ${repository}")
  set(BUILD_SHARED_LIBS OFF)
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)  # an option() of theirs keeps the value that we set
  FetchContent_Declare(${name} GIT_REPOSITORY ${repository} GIT_TAG ${commit})
  FetchContent_MakeAvailable(${name})
  FetchContent_GetProperties(${name} SOURCE_DIR source)
  set_property(DIRECTORY ${source} PROPERTY EXCLUDE_FROM_ALL ON)
  foreach(target IN LISTS ARGN)
    get_target_property(aliased ${target} ALIASED_TARGET)
    if(aliased)
      set(target ${aliased})
    endif()
    get_target_property(includes ${target} INTERFACE_INCLUDE_DIRECTORIES)
    set_property(TARGET ${target} PROPERTY INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${includes})
  endforeach()
endfunction()

# The SDK's own: installed everywhere a C++ program speaks HTTP, so never fetched.
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 3.24 REQUIRED)
find_package(CURL REQUIRED)

if(PULSEKIT_COLLECTOR)
  find_package(OpenSSL REQUIRED)  # libcrypto: hashes and keyed hashes

  pulsekit_pkg_config(pulsekit::httplib cpp-httplib)
  if(NOT TARGET pulsekit::httplib)
    foreach(unused OPENSSL ZLIB BROTLI)  # TLS ends at the proxy before us, and bodies are inflated under our own cap
      set(HTTPLIB_USE_${unused}_IF_AVAILABLE OFF)
    endforeach()
    pulsekit_fetch(httplib https://github.com/yhirose/cpp-httplib.git
      7992b148969fbf8093230b37a6a36c2f61135937  # v0.11.4
      httplib::httplib)
    add_library(pulsekit::httplib ALIAS httplib)
  endif()

  find_package(nlohmann_json 3.10 QUIET)
  if(NOT TARGET nlohmann_json::nlohmann_json)
    pulsekit_fetch(nlohmann_json https://github.com/nlohmann/json.git
      bc889afb4c5bf1c0d8ee29ef35eaaf4c8bef8a5d  # v3.11.2
      nlohmann_json::nlohmann_json)
  endif()

  find_package(simdjson QUIET)
  if(NOT TARGET simdjson::simdjson)
    pulsekit_fetch(simdjson https://github.com/simdjson/simdjson.git
      0d2455029d845e801809dd54b01ae47173d7d8e8  # v3.0.1
      simdjson::simdjson)
  endif()

  pulsekit_pkg_config(pulsekit::re2 re2)
  if(NOT TARGET pulsekit::re2)
    pulsekit_fetch(re2 https://github.com/google/re2.git
      4be240789d5b322df9f02b7e19c8651f3ccbf205  # 2022-12-01
      re2::re2)
    add_library(pulsekit::re2 ALIAS re2)
  endif()

  pulsekit_pkg_config(pulsekit::maxminddb libmaxminddb)
  if(NOT TARGET pulsekit::maxminddb)
    pulsekit_fetch(maxminddb https://github.com/maxmind/libmaxminddb.git
      ac4d0d2480032a8664e251588e57d7b306ca630c  # 1.7.1
      maxminddb::maxminddb)
    add_library(pulsekit::maxminddb ALIAS maxminddb)
  endif()

  find_package(fmt 8 QUIET)
  if(NOT TARGET fmt::fmt)
    pulsekit_fetch(fmt https://github.com/fmtlib/fmt.git
      a33701196adfad74917046096bf5a2aa0ab0bb50  # 9.1.0
      fmt::fmt)
  endif()

  find_package(tomlplusplus QUIET)
  if(NOT TARGET tomlplusplus::tomlplusplus)
    pulsekit_fetch(tomlplusplus https://github.com/marzer/tomlplusplus.git
      c635f218c0aefc801d9748841930365e54fe3089  # v3.3.0
      tomlplusplus::tomlplusplus)
  endif()
endif()

if(PULSEKIT_TESTS)
  if(NOT CMAKE_CROSSCOMPILING)
    find_package(OpenSSL REQUIRED)  # libssl: servers for the SDK's tests
  endif()
  find_package(GTest 1.11 QUIET)
  if(NOT TARGET GTest::gtest)
    pulsekit_fetch(googletest https://github.com/google/googletest.git
      58d77fa8070e8cec2dc1ed015d66b454c8d78850  # release-1.12.1
      GTest::gtest GTest::gtest_main)
  endif()
endif()
