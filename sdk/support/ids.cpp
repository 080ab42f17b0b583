#include "support/ids.hpp"

#include <cstring>

namespace pulsekit {
namespace {

std::uint64_t rotate_left(std::uint64_t value, int by) noexcept { return (value << by) | (value >> (64 - by)); }

constexpr std::uint32_t kSequenceLimit = 1u << 12;

void store_big_endian(std::uint64_t value, std::uint8_t* out) {
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap64(value);
    std::memcpy(out, &value, sizeof value);
#else
    for (int i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
#endif
}

}  // namespace

void Uuid::write(char* out) const noexcept {
    static constexpr char kDigits[] = "0123456789abcdef";
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        *out++ = kDigits[bytes[i] >> 4];
        *out++ = kDigits[bytes[i] & 15];
    }
}

std::string Uuid::text() const {
    std::string out(36, '\0');
    write(&out[0]);
    return out;
}

FastRandom::FastRandom(Random& seed) noexcept {
    for (auto& word : state_) word = seed.next();
    state_[0] |= 1;  // xoshiro must not start from all zeros
}

std::uint64_t FastRandom::next() noexcept {
    const std::uint64_t result = rotate_left(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate_left(state_[3], 45);
    return result;
}

Uuid UuidGenerator::next(std::int64_t unix_ms) noexcept {
    if (unix_ms > last_ms_) {
        last_ms_ = unix_ms;
        // Starting low leaves room to count up within the millisecond.
        sequence_ = static_cast<std::uint32_t>(random_.next() & 0xff);
    } else if (++sequence_ == kSequenceLimit) {
        ++last_ms_;  // borrow from the future rather than go back: RFC 9562, 6.2
        sequence_ = 0;
    }
    const auto ms = static_cast<std::uint64_t>(last_ms_);
    constexpr std::uint64_t kVersion = 0x7000;
    constexpr std::uint64_t kVariant = std::uint64_t{2} << 62;
    Uuid id;
    store_big_endian(ms << 16 | kVersion | sequence_, id.bytes.data());
    store_big_endian(kVariant | random_.next() >> 2, id.bytes.data() + 8);
    return id;
}

std::string random_token(Random& random, std::size_t length) {
    static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    std::string token;
    token.reserve(length);
    while (token.size() < length) {
        std::uint64_t bits = random.next();
        for (int i = 0; i < 10 && token.size() < length; ++i, bits >>= 6) token += kAlphabet[bits & 63];
    }
    return token;
}

}  // namespace pulsekit
