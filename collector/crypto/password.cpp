#include "crypto/password.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "crypto/hash.hpp"
#include "support/ids.hpp"

namespace collector::crypto {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

constexpr std::string_view kScheme = "scrypt";
constexpr std::size_t kSaltCharacters = 22;  // of 6 random bits each
constexpr std::uint64_t kMaxBytes = 1u << 30;
constexpr std::uint64_t kMaxFactor = 1u << 23;  // of n, r and p: their product with 128 stays far from overflow

struct Kept {
    ScryptCost cost;
    std::string_view salt;
    std::string_view hash;
};

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<Kept> parse(std::string_view text) {
    std::array<std::string_view, 6> parts;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto end = std::min(text.find('$'), text.size());
        parts[i] = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    const auto n = number(parts[1]);
    const auto r = number(parts[2]);
    const auto p = number(parts[3]);
    if (parts[0] != kScheme || !text.empty() || !n || !r || !p || parts[5].empty()) return std::nullopt;
    return Kept{.cost = {.n = *n, .r = *r, .p = *p}, .salt = parts[4], .hash = parts[5]};
}

Result<std::string> hexadecimal(std::string_view password, std::string_view salt, const ScryptCost& cost) {
    Digest digest{};
    const auto bytes = scrypt(password, salt, cost, digest.size());
    if (!bytes) return Error{ErrorCode::unavailable, "there is no memory to hash a password"};
    std::copy(bytes->begin(), bytes->end(), digest.begin());
    return hex(digest);
}

}  // namespace

std::optional<std::string> scrypt(std::string_view password, std::string_view salt, const ScryptCost& cost,
                                  std::size_t size) {
    if (std::max({cost.n, cost.r, cost.p}) > kMaxFactor) return std::nullopt;
    const std::uint64_t blocks = cost.n + cost.p + 2;  // OpenSSL's own reckoning
    if (cost.r == 0 || blocks > kMaxBytes / (128 * cost.r)) return std::nullopt;
    std::string key(size, '\0');
    const int done = EVP_PBE_scrypt(
        password.data(), password.size(), reinterpret_cast<const unsigned char*>(salt.data()), salt.size(), cost.n,
        cost.r, cost.p, 128 * cost.r * blocks, reinterpret_cast<unsigned char*>(key.data()), key.size());
    if (done != 1) return std::nullopt;
    return key;
}

Result<std::string> hash_of_password(std::string_view password, pulsekit::Random& random, const ScryptCost& cost) {
    const auto salt = pulsekit::random_token(random, kSaltCharacters);
    auto hash = hexadecimal(password, salt, cost);
    if (!hash) return hash;
    std::string kept(kScheme);
    for (const auto factor : {cost.n, cost.r, cost.p}) kept += "$" + std::to_string(factor);
    return kept + "$" + salt + "$" + *hash;
}

Result<bool> is_password(std::string_view password, std::string_view hash) {
    const auto kept = parse(hash);
    if (!kept) return Error{ErrorCode::corrupt, "a kept password has another form"};
    const auto own = hexadecimal(password, kept->salt, kept->cost);
    if (!own) return own.error();
    return equal(*own, kept->hash);
}

}  // namespace collector::crypto
