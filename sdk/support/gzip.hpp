// gzip (RFC 1952) over zlib, with a cap on what a stream may inflate to.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <pulsekit/result.hpp>

namespace pulsekit::gzip {

/// Level 1 (fastest) to 9 (smallest).
Result<std::string> compress(std::string_view bytes, int level = 1);

/// Errors: `limited` when more than `max_bytes` would come out (nothing beyond them is ever allocated), `invalid` for
/// anything that is not whole, undamaged gzip members with nothing after them.
Result<std::string> inflate(std::string_view bytes, std::size_t max_bytes);

}  // namespace pulsekit::gzip
