// What any client may send as a request: its framing, its head, and its body in chunks. The input: a byte for
// how the body is cut into pieces, and the request.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/framing.hpp"
#include "http/head.hpp"

#include "tests/fuzz/require.hpp"

namespace {

using namespace collector;
using State = http::ChunkedBody::State;

constexpr std::size_t kMaxBody = 4096;

struct Taken {
    State state = State::more;
    std::string body;
    std::size_t consumed = 0;
};

Taken take(std::string_view bytes, std::size_t piece) {
    http::ChunkedBody chunks;
    Taken taken;
    while (taken.state == State::more && taken.consumed < bytes.size()) {
        std::size_t consumed = 0;
        const auto part = bytes.substr(taken.consumed, piece);
        taken.state = chunks.take(part, taken.body, kMaxBody, consumed);
        pulsekit::fuzz::require(consumed <= part.size(), "more was taken than there was");
        pulsekit::fuzz::require(consumed > 0 || taken.state != State::more, "nothing was taken, and more is wanted");
        taken.consumed += consumed;
    }
    pulsekit::fuzz::require(taken.body.size() <= kMaxBody, "a body beyond its limit");
    return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    const auto head = bytes.substr(0, end + 4);
    const auto framing = http::framing_of(head);
    pulsekit::fuzz::require(framing.refused == 0 || (framing.refused >= 400 && framing.refused < 600), "no status");
    pulsekit::fuzz::require(!(framing.chunked && framing.content_length > 0), "two lengths");

    static http::HeadReader reader;
    http::Request request;
    const int refused = reader.read(head, request);
    pulsekit::fuzz::require(refused == 0 || (refused >= 400 && refused < 600), "no status");
    if (refused == 0 && framing.refused == 0)
        pulsekit::fuzz::require(!request.method.empty(), "a request without a method");
    // Whatever the pieces that it comes in, a body is the same.
    const auto body = bytes.substr(head.size());
    const auto whole = take(body, std::max<std::size_t>(body.size(), 1));
    const auto pieces = take(body, 1 + data[0] % 7);
    pulsekit::fuzz::require(whole.state == pieces.state, "pieces end otherwise than the whole");
    pulsekit::fuzz::require(
        whole.state != State::done || (whole.body == pieces.body && whole.consumed == pieces.consumed),
        "pieces make another body");
    return 0;
}
