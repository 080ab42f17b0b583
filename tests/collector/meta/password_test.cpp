#include "crypto/password.hpp"

#include <gtest/gtest.h>

#include "tests/collector/support/counting_random.hpp"

namespace collector::crypto {
namespace {

std::string hex_of(const std::string& bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += {kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return text;
}

struct Vector {
    const char* password;
    const char* salt;
    ScryptCost cost;
    const char* key;
};

/// RFC 7914, section 12; its fourth takes a gigabyte.
constexpr Vector kVectors[] = {
    {"",
     "",
     {16, 1, 1},
     "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
     "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"},
    {"password",
     "NaCl",
     {1024, 8, 16},
     "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
     "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"},
    {"pleaseletmein",
     "SodiumChloride",
     {16384, 8, 1},
     "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
     "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"},
};

TEST(Scrypt, ComputesTheVectorsOfItsStandard) {
    for (const auto& vector : kVectors) {
        const auto key = scrypt(vector.password, vector.salt, vector.cost, 64);
        ASSERT_TRUE(key) << vector.password;
        EXPECT_EQ(hex_of(*key), vector.key) << vector.password;
    }
}

TEST(Scrypt, RefusesCostsThatItDoesNotKnowOrThatAreTooHigh) {
    for (const ScryptCost cost : {ScryptCost{0, 8, 1}, ScryptCost{15, 8, 1}, ScryptCost{16, 0, 1}, ScryptCost{16, 8, 0},
                                  ScryptCost{1u << 20, 8, 1}, ScryptCost{1u << 23, 1u << 23, 1u << 23},
                                  ScryptCost{UINT64_MAX, UINT64_MAX, UINT64_MAX}}) {
        EXPECT_FALSE(scrypt("p", "s", cost, 32)) << cost.n << " " << cost.r << " " << cost.p;
    }
}

constexpr ScryptCost kCheap{16, 1, 1};

TEST(Password, IsKnownAgainByItsHash) {
    pulsekit::test::CountingRandom random;
    const auto hash = hash_of_password("open sesame", random, kCheap);
    ASSERT_TRUE(hash.ok());
    EXPECT_EQ(hash->substr(0, 14), "scrypt$16$1$1$");
    EXPECT_EQ(hash->find("open"), std::string::npos);
    EXPECT_TRUE(is_password("open sesame", *hash).value());
    for (const char* wrong : {"", "open", "open sesam", "open sesame ", "Open sesame"}) {
        EXPECT_FALSE(is_password(wrong, *hash).value()) << wrong;
    }
}

TEST(Password, HasItsOwnSaltAndSaysWhatItCost) {
    pulsekit::test::CountingRandom random;
    const auto one = hash_of_password("p", random, kCheap).value();
    EXPECT_NE(one, hash_of_password("p", random, kCheap).value());
    const auto usual = hash_of_password("p", random).value();
    EXPECT_EQ(usual.substr(0, 17), "scrypt$32768$8$1$");
    EXPECT_TRUE(is_password("p", usual).value()) << "whatever the cost is by then";
    EXPECT_TRUE(is_password("p", one).value());
}

TEST(Password, OfAnotherFormIsAnError) {
    for (const char* hash : {"", "p", "bcrypt$16$1$1$salt$00", "scrypt$16$1$1$salt", "scrypt$16$1$1$salt$",
                             "scrypt$16$1$x$salt$00", "scrypt$$1$1$salt$00", "scrypt$16$1$1$salt$00$more"}) {
        const auto result = is_password("p", hash);
        ASSERT_FALSE(result.ok()) << hash;
        EXPECT_EQ(result.error().code, pulsekit::ErrorCode::corrupt) << hash;
    }
    EXPECT_FALSE(is_password("p", "scrypt$16$1$1$salt$00").value());
}

}  // namespace
}  // namespace collector::crypto
