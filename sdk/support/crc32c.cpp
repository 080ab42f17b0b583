#include "support/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <nmmintrin.h>
#define PULSEKIT_CRC32C_X86 1
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define PULSEKIT_CRC32C_ARM 1
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

#if defined(PULSEKIT_CRC32C_X86)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_x86(const void* bytes, std::size_t size) noexcept {
    const auto* in = static_cast<const unsigned char*>(bytes);
    std::uint64_t crc = 0xffffffff;
    const auto word = [&in](std::size_t at) {
        std::uint64_t value;
        std::memcpy(&value, in + at, 8);
        return value;
    };
    for (; size >= 32; size -= 32, in += 32) {
        crc = _mm_crc32_u64(crc, word(0));
        crc = _mm_crc32_u64(crc, word(8));
        crc = _mm_crc32_u64(crc, word(16));
        crc = _mm_crc32_u64(crc, word(24));
    }
    for (; size >= 8; size -= 8, in += 8) crc = _mm_crc32_u64(crc, word(0));
    auto narrow = static_cast<std::uint32_t>(crc);
    for (; size > 0; --size, ++in) narrow = _mm_crc32_u8(narrow, *in);
    return ~narrow;
}
const bool kHasInstruction = __builtin_cpu_supports("sse4.2");
#elif defined(PULSEKIT_CRC32C_ARM)
std::uint32_t crc32c_arm(const void* bytes, std::size_t size) noexcept {
    const auto* in = static_cast<const unsigned char*>(bytes);
    std::uint32_t crc = 0xffffffff;
    for (; size >= 8; size -= 8, in += 8) {
        std::uint64_t word;
        std::memcpy(&word, in, 8);
        crc = __crc32cd(crc, word);
    }
    for (; size > 0; --size, ++in) crc = __crc32cb(crc, *in);
    return ~crc;
}
#endif

}  // namespace

std::uint32_t crc32c_portable(const void* bytes, std::size_t size) noexcept {
    const auto* in = static_cast<const unsigned char*>(bytes);
    std::uint32_t crc = 0xffffffff;
    for (; size > 0; --size, ++in) crc = (crc >> 8) ^ kTable[(crc ^ *in) & 0xff];
    return ~crc;
}

std::uint32_t crc32c(const void* bytes, std::size_t size) noexcept {
#if defined(PULSEKIT_CRC32C_X86)
    if (kHasInstruction) return crc32c_x86(bytes, size);
#elif defined(PULSEKIT_CRC32C_ARM)
    return crc32c_arm(bytes, size);
#endif
    return crc32c_portable(bytes, size);
}

}  // namespace pulsekit
