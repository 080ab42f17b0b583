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

macro(pulsekit_fetch name repository commit)
  if(NOT PULSEKIT_FETCH)
    message(FATAL_ERROR "${name} was not found on this system, and PULSEKIT_FETCH=OFF forbids its download.")
  endif()
  message(STATUS "${name}: not on this system, fetching ${repository}")
  FetchContent_Declare(${name} GIT_REPOSITORY ${repository} GIT_TAG ${commit})
  FetchContent_MakeAvailable(${name})
endmacro()

# The SDK's own: installed everywhere a C++ program speaks HTTP, so never fetched.
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 3.24 REQUIRED)
find_package(CURL REQUIRED)

if(PULSEKIT_COLLECTOR)
  find_package(OpenSSL REQUIRED)  # libcrypto: hashes and keyed hashes

  pulsekit_pkg_config(pulsekit::httplib cpp-httplib)
  if(NOT TARGET pulsekit::httplib)
    set(HTTPLIB_COMPILE ON)
    pulsekit_fetch(httplib https://github.com/yhirose/cpp-httplib.git 98cc8913b4d5c2d2fdc1dd8d25a5c7d2f9c9f9a3)
    add_library(pulsekit::httplib ALIAS httplib)
  endif()

  find_package(nlohmann_json 3.10 QUIET)
  if(NOT TARGET nlohmann_json::nlohmann_json)
    pulsekit_fetch(nlohmann_json https://github.com/nlohmann/json.git bc889afb4c5bf1c0d8ee29ef35eaaf4c8bef8a5d)
  endif()

  find_package(simdjson QUIET)
  if(NOT TARGET simdjson::simdjson)
    pulsekit_fetch(simdjson https://github.com/simdjson/simdjson.git 0000000000000000000000000000000000000000)
  endif()

  find_package(fmt 8 QUIET)
  if(NOT TARGET fmt::fmt)
    pulsekit_fetch(fmt https://github.com/fmtlib/fmt.git 0000000000000000000000000000000000000000)
  endif()

  find_package(tomlplusplus QUIET)
  if(NOT TARGET tomlplusplus::tomlplusplus)
    pulsekit_fetch(tomlplusplus https://github.com/marzer/tomlplusplus.git 0000000000000000000000000000000000000000)
  endif()
endif()

if(PULSEKIT_TESTS)
  find_package(GTest 1.11 QUIET)
  if(NOT TARGET GTest::gtest)
    pulsekit_fetch(googletest https://github.com/google/googletest.git 0000000000000000000000000000000000000000)
  endif()
endif()
