#include "support/crc32c.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pulsekit {
namespace {

// The check value of RFC 3720, appendix B.4: 32 bytes of zeros, and of ones.
TEST(Crc32c, MatchesThePublishedValues) {
    EXPECT_EQ(crc32c(std::string(32, '\0').data(), 32), 0x8a9136aau);
    EXPECT_EQ(crc32c(std::string(32, '\xff').data(), 32), 0x62a8ab43u);
    EXPECT_EQ(crc32c("123456789", 9), 0xe3069283u);
}

TEST(Crc32c, InstructionAndTableAgreeAtEveryLengthAndOffset) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) bytes += static_cast<char>(i * 131 + 7);
    for (std::size_t offset = 0; offset < 9; ++offset) {
        for (std::size_t size = 0; size + offset <= bytes.size(); ++size) {
            ASSERT_EQ(crc32c(bytes.data() + offset, size), crc32c_portable(bytes.data() + offset, size));
        }
    }
}

}  // namespace
}  // namespace pulsekit
