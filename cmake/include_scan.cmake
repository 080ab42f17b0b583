# Holds the rules of who may include whom: cmake [-DROOT=<tree>] -P cmake/include_scan.cmake
#
# A rule that changes here is a decision of architecture (docs/architecture.md), not a way to make a test pass.
cmake_minimum_required(VERSION 3.20)

# Our own code. A file includes "<room>/..." of the rooms named beside the longest path that fits it, or <pulsekit/...>
# of the headers named so. `embedded` are generated files of text.
set(ROOMS
  "sdk/include       : pulsekit/"
  "sdk/support       : pulsekit/ support"
  "sdk/src           : pulsekit/ support src"
  "sdk/send          : pulsekit/ send"
  "collector/crypto  : support crypto"
  "collector/model   : support model"
  "collector/http    : support crypto model http"
  "collector/store   : support crypto model http store embedded"
  "collector/meta    : support crypto model http meta embedded"
  "collector/outbound: support crypto model http store meta outbound embedded"
  "collector/ingest  : support crypto model http store meta outbound ingest embedded"
  "collector/query   : support crypto model http store meta outbound query"
  "collector/admin   : support crypto model http store meta outbound admin"
  "collector/watch   : support crypto model http store meta outbound ingest query admin watch"
  "collector/cli     : support model http cli"
  "collector/app     : support crypto model http store meta outbound ingest query admin watch cli app embedded"
  "collector/main.cpp: app"
  "tests/collector   : support crypto model http store meta outbound ingest query admin watch cli app embedded tests pulsekit/")

# What the collector may use of the SDK's public headers; the rest is for clients.
set(COLLECTOR_PUBLIC pulsekit/environment.hpp pulsekit/result.hpp pulsekit/version.hpp)

# Headers that belong to somebody: who may include them. Any other must be the language's or the system's.
set(OWNED
  "httplib.h   : collector/http/head.cpp"
  "sqlite3.h   : sdk/support/sqlite/"
  "curl/       : sdk/support/curl/ tests/support/"
  "zlib.h      : sdk/support/gzip.cpp tests/bench/sink.hpp"
  "openssl/    : collector/crypto/ tests/support/tls_server.hpp"
  "simdjson.h  : collector/ingest/ tests/collector/ingest/"
  "re2/        : collector/ingest/agent_rules.cpp"
  "maxminddb.h : collector/ingest/country.cpp"
  "nlohmann/   : collector/http/json.hpp tests/integration/ tests/fuzz/collector_seeds.cpp"
  "toml++/     : collector/app/config.cpp"
  "fmt/        : collector/app/"
  "store/local/: collector/store/open.cpp collector/store/local/ tests/"
  "gtest/      : tests/"
  "benchmark/  : tests/bench/")

# Headers of the system, as a pattern; those of C++ have no dot and need no line.
set(SYSTEM "^((sys|arpa|netinet|net|linux|mach)/[a-z0-9_]+|assert|ctype|dirent|errno|fcntl|inttypes|limits|math|netdb|\
malloc|poll|pthread|sched|signal|spawn|stdbool|stddef|stdint|stdio|stdlib|string|strings|termios|time|unistd|windows|winhttp|winsock2|\
ws2tcpip|bcrypt|[a-z]mmintrin|immintrin|arm_acle|arm_neon|cpuid|intrin)\\.h$")

# No public header names a type of a library that an application does not have to know.
set(FOREIGN "(^|[^A-Za-z0-9_])(sqlite3[A-Za-z0-9_]*|CURL[A-Za-z0-9_]*|curl_[a-z_]+|z_stream|gzFile|nlohmann|httplib|simdjson|fmt::|toml::|EVP_[A-Z_]+)")

if(NOT ROOT)
  get_filename_component(ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
endif()
set(violations 0)

function(violation file text)
  message(STATUS "${file}: ${text}")
  math(EXPR count "${violations} + 1")
  set(violations ${count} PARENT_SCOPE)
endfunction()

# The words after the colon of the longest line of `table` whose key `subject` begins with; found says if there is one.
function(look_up table subject found words)
  set(longest -1)
  set(${found} OFF PARENT_SCOPE)
  foreach(line IN LISTS ${table})
    string(REGEX MATCH "^([^: ]+) *: *(.*)$" _ "${line}")
    set(value "${CMAKE_MATCH_2}")
    string(LENGTH "${CMAKE_MATCH_1}" length)
    string(FIND "${subject}" "${CMAKE_MATCH_1}" at)
    if(at EQUAL 0 AND length GREATER longest)
      set(longest ${length})
      string(REPLACE " " ";" value "${value}")
      set(${found} ON PARENT_SCOPE)
      set(${words} "${value}" PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

macro(check_include file quote header)
  string(REGEX MATCH "^[^/]*" first "${header}")
  look_up(OWNED "${header}" owned owners)
  if("${header}" MATCHES "(^|/)\\.\\.?/")
    violation(${file} "includes ${header} by a relative path; begin with the room")
  elseif(owned)
    set(allowed OFF)
    foreach(owner IN LISTS owners)
      string(FIND "${file}" "${owner}" at)
      if(at EQUAL 0)
        set(allowed ON)
      endif()
    endforeach()
    if(NOT allowed)
      violation(${file} "includes ${header}, which only these may: ${owners}")
    endif()
  elseif("${header}" MATCHES "^pulsekit/")
    if(has_room AND NOT "pulsekit/" IN_LIST rooms AND NOT "${header}" IN_LIST COLLECTOR_PUBLIC)
      violation(${file} "includes ${header}; the collector may use only: ${COLLECTOR_PUBLIC}")
    endif()
  elseif("${quote}" STREQUAL "<" AND NOT "${first}" STREQUAL "embedded")
    if(NOT "${header}" MATCHES "^[a-z_]+$" AND NOT "${header}" MATCHES "${SYSTEM}")
      violation(${file} "includes <${header}>, a library that the table does not know")
    endif()
  elseif(has_room AND NOT "${first}" IN_LIST rooms)
    violation(${file} "includes ${header}; it may include only: ${rooms}")
  endif()
endmacro()

set(files "")
foreach(folder sdk/include sdk/support sdk/src sdk/send collector tests examples)
  file(GLOB_RECURSE found RELATIVE ${ROOT} ${ROOT}/${folder}/*.h ${ROOT}/${folder}/*.hpp ${ROOT}/${folder}/*.c
    ${ROOT}/${folder}/*.cpp)
  list(FILTER found EXCLUDE REGEX "node_modules/")
  list(APPEND files ${found})
endforeach()

foreach(file IN LISTS files)
  look_up(ROOMS "${file}" has_room rooms)
  if(file MATCHES "^(sdk|collector)/" AND NOT has_room)
    violation(${file} "lies in no room that the table knows")
  endif()
  file(STRINGS ${ROOT}/${file} includes REGEX "^[ \t]*#[ \t]*include")
  foreach(line IN LISTS includes)
    if(line MATCHES "^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)[>\"]")
      check_include("${file}" "${CMAKE_MATCH_1}" "${CMAKE_MATCH_2}")
    else()
      violation(${file} "has an include that cannot be read: ${line}")
    endif()
  endforeach()
  if(file MATCHES "^sdk/include/")
    file(READ ${ROOT}/${file} text)
    string(REGEX REPLACE "/\\*([^*]|\\*+[^*/])*\\*+/" "" text "${text}")
    string(REGEX REPLACE "//[^\n]*" "" text "${text}")
    if(text MATCHES "${FOREIGN}")
      violation(${file} "names ${CMAKE_MATCH_2} in a public header")
    endif()
  endif()
endforeach()

list(LENGTH files count)
if(count EQUAL 0)
  message(FATAL_ERROR "include scan: no files under ${ROOT}")
elseif(violations)
  message(FATAL_ERROR "include scan: ${violations} violations in ${count} files")
endif()
message(STATUS "include scan: ${count} files, every include in its place")
