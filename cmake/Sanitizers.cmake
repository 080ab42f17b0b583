# pulsekit_sanitizers: the instrumentation of the asan and tsan presets. Every target of ours links it.
add_library(pulsekit_sanitizers INTERFACE)
if(PULSEKIT_SANITIZE)
  target_compile_options(pulsekit_sanitizers INTERFACE
    -fsanitize=${PULSEKIT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  if(PULSEKIT_SANITIZE MATCHES "undefined")
    # The SDK is built without run-time types and the tests with them: this check would take its objects for foreign.
    target_compile_options(pulsekit_sanitizers INTERFACE -fno-sanitize=vptr)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Instrumented code hides from the compiler what has been set: false alarms, in <regex> for one.
    target_compile_options(pulsekit_sanitizers INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_link_options(pulsekit_sanitizers INTERFACE -fsanitize=${PULSEKIT_SANITIZE})
  target_compile_definitions(pulsekit_sanitizers INTERFACE PULSEKIT_SANITIZED=1)
endif()
