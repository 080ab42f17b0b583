#include "support/checksum.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pulsekit {
namespace {

std::string some_bytes(int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += static_cast<char>(i * 131 + 7);
    return bytes;
}

// The check values of RFC 3720, appendix B.4, as far as they are whole words and few: 32 bytes of zeros, and of ones.
TEST(Checksum, OfAFewWordsIsCrc32c) {
    EXPECT_EQ(checksum(std::string(32, '\0').data(), 32), 0x8a9136aau);
    EXPECT_EQ(checksum(std::string(32, '\xff').data(), 32), 0x62a8ab43u);
    EXPECT_EQ(checksum("", 0), 0u);
}

TEST(Checksum, InstructionAndTableAgreeAtEveryLengthAndOffset) {
    const std::string bytes = some_bytes(300);
    for (std::size_t offset = 0; offset < 9; ++offset) {
        for (std::size_t size = 0; size + offset <= bytes.size(); ++size) {
            ASSERT_EQ(checksum(bytes.data() + offset, size), checksum_portable(bytes.data() + offset, size));
        }
    }
}

TEST(Checksum, EveryBitCounts) {
    std::string bytes = some_bytes(75);
    const std::uint32_t whole = checksum(bytes.data(), bytes.size());
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
        ASSERT_NE(checksum(bytes.data(), bytes.size()), whole) << "bit " << bit;
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    }
    for (std::size_t a = 0; a + 8 <= bytes.size(); a += 8) {
        for (std::size_t b = a + 8; b + 8 <= bytes.size(); b += 8) {
            std::string swapped = bytes;
            swapped.replace(a, 8, bytes, b, 8).replace(b, 8, bytes, a, 8);
            ASSERT_NE(checksum(swapped.data(), swapped.size()), whole) << "words at " << a << " and " << b;
        }
    }
}

}  // namespace
}  // namespace pulsekit
