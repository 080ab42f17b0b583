// A request's body as its sender meant it: out of its Content-Encoding, and bounded.
#pragma once

#include <cstddef>
#include <string>
#include <variant>

#include "http/message.hpp"

namespace collector::http {

/// As received and again when inflated.
inline constexpr std::size_t kMaxBodyBytes = 10'485'760;

enum class BodyProblem {
    encoding,   ///< neither gzip nor identity
    damaged,    ///< not the gzip that it says it is
    too_large,  ///< more than kMaxBodyBytes; never held in memory
};

/// Takes the request's body.
std::variant<std::string, BodyProblem> take_body(Request& request);

}  // namespace collector::http
