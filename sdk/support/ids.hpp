// Identifiers: UUIDv7 (RFC 9562) for events and sessions, and random text for keys and tokens.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <pulsekit/environment.hpp>

namespace pulsekit {

/// 128 bits, most significant byte first.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    /// The 36-character lower-case form.
    std::string text() const;
    /// Writes the 36 characters of text() to `out`, without a terminator.
    void write(char* out) const noexcept;

    friend bool operator==(const Uuid& a, const Uuid& b) { return a.bytes == b.bytes; }
    friend bool operator!=(const Uuid& a, const Uuid& b) { return !(a == b); }
};

/// xoshiro256** of Blackman and Vigna: fast randomness for ids, seeded once from a Random. Not for secrets.
class FastRandom {
public:
    explicit FastRandom(Random& seed) noexcept;
    std::uint64_t next() noexcept;

private:
    std::uint64_t state_[4];
};

/// Makes UUIDv7s that increase within one generator, also when the clock stands still or steps back.
/// One thread at a time.
class UuidGenerator {
public:
    explicit UuidGenerator(Random& seed) noexcept : random_(seed) {}
    Uuid next(std::int64_t unix_ms) noexcept;

private:
    FastRandom random_;
    std::int64_t last_ms_ = 0;
    std::uint32_t sequence_ = 0;  // 12 bits, counts within a millisecond
};

/// `length` characters of [A-Za-z0-9_-], 6 random bits each.
std::string random_token(Random& random, std::size_t length);

}  // namespace pulsekit
