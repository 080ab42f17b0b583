# pulsekit_embed_text(<target> <symbol prefix> FILES <file>...)
#
# Makes each file a `const char kName[]` in namespace `embedded`, from a generated header `embedded/<prefix>.hpp`.
# The name is the file's: 0001-events.sql becomes k0001_events_sql.
#
# The target pulsekit_generated makes all of them, for tools that read sources without a build.
add_custom_target(pulsekit_generated)

function(pulsekit_embed_text target prefix)
  cmake_parse_arguments(ARG "" "" "FILES" ${ARGN})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/generated/embedded/${prefix}.hpp)
  set(inputs "")
  foreach(file IN LISTS ARG_FILES)
    list(APPEND inputs ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} "-DOUT=${out}" "-DINPUTS=${inputs}" -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${inputs} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding ${prefix}"
    VERBATIM)
  add_custom_target(${target}_${prefix} DEPENDS ${out})
  add_dependencies(pulsekit_generated ${target}_${prefix})
  add_dependencies(${target} ${target}_${prefix})  # else two parallel makes would both write it
  target_sources(${target} PRIVATE ${out})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/generated)
endfunction()
