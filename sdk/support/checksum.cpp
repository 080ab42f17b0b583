#include "support/checksum.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <nmmintrin.h>
#define PULSEKIT_CRC_X86 __attribute__((target("sse4.2")))
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define PULSEKIT_CRC_ARM 1
#endif

namespace pulsekit {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? kPolynomial : 0);
        table[i] = crc;
    }
    return table;
}

constexpr auto kTable = make_table();

std::uint32_t step_byte(std::uint32_t crc, std::uint8_t byte) noexcept {
    return (crc >> 8) ^ kTable[(crc ^ byte) & 0xff];
}
std::uint32_t step_word(std::uint32_t crc, std::uint64_t word) noexcept {
    for (int i = 0; i < 8; ++i, word >>= 8) crc = step_byte(crc, static_cast<std::uint8_t>(word));
    return crc;
}

// CRCs are linear: joined by another one, changes in two of them could cancel. (The golden ratio, odd.)
constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15;

// One text for each way to step: what may use a processor's instruction must say so as a whole.
#define PULSEKIT_CHECKSUM_BODY(Crc, word_step, byte_step)                                              \
    const auto* in = static_cast<const unsigned char*>(bytes);                                         \
    const auto word = [&in](std::size_t at) {                                                          \
        std::uint64_t value;                                                                           \
        std::memcpy(&value, in + at, sizeof value);                                                    \
        return value;                                                                                  \
    };                                                                                                 \
    if (size < 8) {                                                                                    \
        std::uint32_t crc = 0xffffffff;                                                                \
        for (; size > 0; --size, ++in) crc = byte_step(crc, *in);                                      \
        return ~crc;                                                                                   \
    }                                                                                                  \
    Crc a = 0xffffffff;                                                                                \
    if (size > 32) {                                                                                   \
        Crc b = a, c = a, d = a;                                                                       \
        for (; size > 32; size -= 32, in += 32) {                                                      \
            a = word_step(a, word(0));                                                                 \
            b = word_step(b, word(8));                                                                 \
            c = word_step(c, word(16));                                                                \
            d = word_step(d, word(24));                                                                \
        }                                                                                              \
        a = word_step(0xffffffff, (a | std::uint64_t{b} << 32) * kMix + (c | std::uint64_t{d} << 32)); \
    }                                                                                                  \
    const unsigned char* const last = in + size - 8;                                                   \
    for (; in < last; in += 8) a = word_step(a, word(0));                                              \
    in = last;                                                                                         \
    return ~static_cast<std::uint32_t>(word_step(a, word(0)));

#if defined(PULSEKIT_CRC_X86)
PULSEKIT_CRC_X86 std::uint32_t checksum_x86(const void* bytes, std::size_t size) noexcept {
    PULSEKIT_CHECKSUM_BODY(std::uint64_t, _mm_crc32_u64, _mm_crc32_u8)
}
const bool kHasInstruction = __builtin_cpu_supports("sse4.2");
#elif defined(PULSEKIT_CRC_ARM)
std::uint32_t checksum_arm(const void* bytes, std::size_t size) noexcept {
    PULSEKIT_CHECKSUM_BODY(std::uint32_t, __crc32cd, __crc32cb)
}
#endif

}  // namespace

std::uint32_t checksum_portable(const void* bytes,
                                std::size_t size) noexcept {PULSEKIT_CHECKSUM_BODY(std::uint32_t, step_word, step_byte)}

std::uint32_t checksum(const void* bytes, std::size_t size) noexcept {
#if defined(PULSEKIT_CRC_X86)
    if (kHasInstruction) return checksum_x86(bytes, size);
#elif defined(PULSEKIT_CRC_ARM)
    return checksum_arm(bytes, size);
#endif
    return checksum_portable(bytes, size);
}

}  // namespace pulsekit
