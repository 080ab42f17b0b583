# pulsekit_warnings: what we ask of our own code; never of a dependency's, never of a user's.
add_library(pulsekit_warnings INTERFACE)
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  target_compile_options(pulsekit_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align -Wformat=2 -Wimplicit-fallthrough
    -Wno-missing-field-initializers  # a designated initialiser names what differs from the defaults
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # False alarms on `"text" + std::string` when optimising (GCC bug 105651).
    target_compile_options(pulsekit_warnings INTERFACE -Wno-restrict)
  endif()
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(pulsekit_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wthread-safety>)
  endif()
  if(PULSEKIT_WERROR)
    target_compile_options(pulsekit_warnings INTERFACE -Werror)
  endif()
elseif(MSVC)
  target_compile_options(pulsekit_warnings INTERFACE /W4 $<$<BOOL:${PULSEKIT_WERROR}>:/WX>)
endif()
