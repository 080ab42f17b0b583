// Compressed bodies of any bytes: inflated whole, or refused, and never beyond the cap. The first byte chooses the cap,
// the second whether the rest is gzip already or is to be made so; then it must come back.
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "http/body.hpp"
#include "support/gzip.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using pulsekit::fuzz::require;
namespace gzip = pulsekit::gzip;
namespace http = collector::http;

void inflate_any(const std::string& bytes, std::size_t cap) {
    const auto inflated = gzip::inflate(bytes, cap);
    if (inflated) {
        require(inflated->size() <= cap, "more came out than the cap allows");
        return;
    }
    const auto code = inflated.error().code;
    require(code == pulsekit::ErrorCode::limited || code == pulsekit::ErrorCode::invalid, "an error of another kind");
}

void take(const std::string& bytes, const char* encoding) {
    http::Request request;
    if (*encoding != '\0') request.headers.emplace("Content-Encoding", encoding);
    request.body = bytes;
    const auto taken = http::take_body(request);
    if (const auto* body = std::get_if<std::string>(&taken)) {
        require(body->size() <= http::kMaxBodyBytes, "a body is larger than the limit");
    }
}

void there_and_back(const std::string& bytes, std::size_t cap) {
    const auto packed = gzip::compress(bytes);
    require(packed.ok(), "it cannot be compressed");
    const auto back = gzip::inflate(*packed, cap);
    require(back.ok() == (bytes.size() <= cap), "the cap is not where it is said to be");
    if (back) require(*back == bytes, "it came back changed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    constexpr std::size_t kCaps[] = {0, 1, 7, 64, 1000, 65'536, http::kMaxBodyBytes};
    const std::size_t cap = kCaps[static_cast<std::uint8_t>(data[0] - '0') % std::size(kCaps)];
    const std::string bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    if (data[1] == 'p') {
        there_and_back(bytes, cap);
        return 0;
    }
    inflate_any(bytes, cap);
    for (const char* encoding : {"", "gzip", "GZIP", "identity", "br"}) take(bytes, encoding);
    return 0;
}
