#include "support/gzip.hpp"

#include <zlib.h>

#include <algorithm>

namespace pulsekit::gzip {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib: 32 KiB window, gzip framing
constexpr std::size_t kFirstChunk = 16 * 1024;

struct Deflate {
    z_stream stream{};
    bool ready;
    explicit Deflate(int level) {
        ready = deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    }
    ~Deflate() {
        if (ready) deflateEnd(&stream);
    }
    Deflate(const Deflate&) = delete;
    Deflate& operator=(const Deflate&) = delete;
};

struct Inflate {
    z_stream stream{};
    bool ready;
    Inflate() { ready = inflateInit2(&stream, kGzipWindow) == Z_OK; }
    ~Inflate() {
        if (ready) inflateEnd(&stream);
    }
    Inflate(const Inflate&) = delete;
    Inflate& operator=(const Inflate&) = delete;
};

Bytef* input_of(std::string_view bytes) {
    return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));  // zlib reads only, but is not const
}

}  // namespace

Result<std::string> compress(std::string_view bytes, int level) {
    Deflate deflater(level);
    if (!deflater.ready) return Error{ErrorCode::internal, "gzip: out of memory"};
    std::string out;
    out.resize(deflateBound(&deflater.stream, static_cast<uLong>(bytes.size())));
    deflater.stream.next_in = input_of(bytes);
    deflater.stream.avail_in = static_cast<uInt>(bytes.size());
    deflater.stream.next_out = reinterpret_cast<Bytef*>(&out[0]);
    deflater.stream.avail_out = static_cast<uInt>(out.size());
    if (deflate(&deflater.stream, Z_FINISH) != Z_STREAM_END) return Error{ErrorCode::internal, "gzip: cannot compress"};
    out.resize(deflater.stream.total_out);
    return out;
}

Result<std::string> inflate(std::string_view bytes, std::size_t max_bytes) {
    Inflate inflater;
    if (!inflater.ready) return Error{ErrorCode::internal, "gzip: out of memory"};
    auto& stream = inflater.stream;
    stream.next_in = input_of(bytes);
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::string out;
    std::size_t filled = 0;
    for (;;) {
        if (filled == out.size()) {
            // One byte past the cap tells "exactly the cap" from "more".
            if (filled > max_bytes) return Error{ErrorCode::limited, "gzip: inflates past the limit"};
            out.resize(std::min(max_bytes + 1, std::max(kFirstChunk, out.size() * 2)));
        }
        stream.next_out = reinterpret_cast<Bytef*>(&out[filled]);
        stream.avail_out = static_cast<uInt>(out.size() - filled);
        const int result = ::inflate(&stream, Z_NO_FLUSH);
        filled = out.size() - stream.avail_out;
        if (filled > max_bytes) return Error{ErrorCode::limited, "gzip: inflates past the limit"};
        if (result == Z_STREAM_END) {
            if (stream.avail_in == 0) break;
            if (inflateReset(&stream) != Z_OK) return Error{ErrorCode::internal, "gzip: cannot reset"};
        } else if (result == Z_BUF_ERROR && stream.avail_in == 0) {
            return Error{ErrorCode::invalid, "gzip: truncated"};
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            return Error{ErrorCode::invalid, "gzip: damaged"};
        } else if (stream.avail_in == 0 && stream.avail_out != 0) {
            return Error{ErrorCode::invalid, "gzip: truncated"};
        }
    }
    out.resize(filled);
    return out;
}

}  // namespace pulsekit::gzip
