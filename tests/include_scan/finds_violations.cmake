# Plants one violation at a time in a copy of the tree: the scan must fail and name the file.
cmake_minimum_required(VERSION 3.20)

# <file> | <line added to it>
set(PLANTS
  "sdk/include/pulsekit/result.hpp    | #include \"support/ids.hpp\""
  "sdk/include/pulsekit/options.hpp   | #include <curl/curl.h>"
  "sdk/include/pulsekit/client.hpp    | struct sqlite3@"
  "sdk/include/pulsekit/pulsekit.h    | typedef CURL *pulsekit_handle@"
  "sdk/support/ids.cpp                | #include \"src/queue.hpp\""
  "sdk/src/queue_sqlite.cpp           | #include <sqlite3.h>"
  "sdk/src/uploader.cpp               | #  include <curl/curl.h>"
  "collector/store/writer.cpp         | #include \"src/queue.hpp\""
  "collector/app/app.cpp              | #include <pulsekit/client.hpp>"
  "collector/model/event.hpp          | #include \"http/message.hpp\""
  "collector/model/event.cpp          | #include \"crypto/hash.hpp\""
  "collector/crypto/hash.cpp          | #include \"model/event.hpp\""
  "collector/store/open.hpp           | #include \"meta/catalog.hpp\""
  "collector/meta/catalog.cpp         | #include \"store/store.hpp\""
  "collector/ingest/pipeline.cpp      | #include \"query/values.hpp\""
  "collector/query/routes.cpp         | #include \"admin/routes.hpp\""
  "collector/admin/routes.cpp         | #include \"ingest/dialect.hpp\""
  "collector/query/answer.cpp         | #include \"app/config.hpp\""
  "collector/cli/exchange.cpp         | #include \"admin/routes.hpp\""
  "collector/http/body.cpp            | #include <httplib.h>"
  "collector/query/params.cpp         | #include <nlohmann/json.hpp>"
  "collector/query/values.hpp         | #include <simdjson.h>"
  "collector/meta/access.cpp          | #include <openssl/evp.h>"
  "collector/app/verbs.cpp            | #include \"store/local/rows.hpp\""
  "collector/store/writer.hpp         | #include \"store/local/rows.hpp\""
  "collector/http/router.cpp          | #include \"../model/event.hpp\""
  "collector/http/route.cpp           | #include <boost/asio.hpp>"
  "collector/http/route.hpp           | #include PULSE_HEADER"
  "collector/cellar/wine.hpp          | #include <string>")

# scan(<output>): the scan's result on the copy.
function(scan result output)
  execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${COPY} -P ${SOURCE}/cmake/include_scan.cmake
    RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
  set(${result} "${code}" PARENT_SCOPE)
  set(${output} "${out}${err}" PARENT_SCOPE)
endfunction()

# Only what is planted into: the scan of each copy is quick, and the whole tree has a test of its own.
file(REMOVE_RECURSE ${COPY})
foreach(plant IN LISTS PLANTS)
  string(REGEX MATCH "^([^ ]+) *\\| (.*)$" _ "${plant}")
  set(file ${CMAKE_MATCH_1})
  get_filename_component(folder ${file} DIRECTORY)
  if(EXISTS ${SOURCE}/${file})
    file(COPY ${SOURCE}/${file} DESTINATION ${COPY}/${folder})
  elseif(NOT file MATCHES "cellar")
    message(FATAL_ERROR "${file} is gone: plant in another")
  endif()
endforeach()
scan(code out)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "the copy is not clean:\n${out}")
endif()

foreach(plant IN LISTS PLANTS)
  string(REGEX MATCH "^([^ ]+) *\\| (.*)$" _ "${plant}")
  set(file ${CMAKE_MATCH_1})
  string(REPLACE "@" ";" line "${CMAKE_MATCH_2}")
  set(clean "")
  if(EXISTS ${COPY}/${file})
    file(READ ${COPY}/${file} clean)
  endif()
  file(WRITE ${COPY}/${file} "${clean}\n${line}\n")
  scan(code out)
  string(FIND "${out}" "${file}: " named)
  if(code EQUAL 0 OR named EQUAL -1)
    message(FATAL_ERROR "not found: `${line}` in ${file}\n${out}")
  endif()
  if(clean STREQUAL "")
    file(REMOVE ${COPY}/${file})
  else()
    file(WRITE ${COPY}/${file} "${clean}")
  endif()
endforeach()
