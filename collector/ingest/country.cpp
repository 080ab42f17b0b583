#include "ingest/country.hpp"

#include <arpa/inet.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "ingest/fields.hpp"

namespace collector::ingest {
namespace {

/// False when the text is no address.
bool parse(std::string_view text, sockaddr_storage& address) {
    const std::string terminated(text);
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
    if (::inet_pton(AF_INET, terminated.c_str(), &v4.sin_addr) == 1) {
        address.ss_family = AF_INET;
        return true;
    }
    if (::inet_pton(AF_INET6, terminated.c_str(), &v6.sin6_addr) != 1) return false;
    address.ss_family = AF_INET6;
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        in_addr mapped{};
        std::memcpy(&mapped, &v6.sin6_addr.s6_addr[12], sizeof mapped);
        address = {};
        address.ss_family = AF_INET;
        v4.sin_addr = mapped;
    }
    return true;
}

template <typename... Path>
std::string text_at(MMDB_entry_s& entry, Path... path) {
    MMDB_entry_data_s found{};
    if (MMDB_get_value(&entry, &found, path..., nullptr) != MMDB_SUCCESS) return {};
    if (!found.has_data || found.type != MMDB_DATA_TYPE_UTF8_STRING) return {};
    return {found.utf8_string, found.data_size};
}

}  // namespace

struct Countries::Impl {
    explicit Impl(const std::string& path) : status(MMDB_open(path.c_str(), MMDB_MODE_MMAP, &database)) {}
    ~Impl() {
        if (status == MMDB_SUCCESS) MMDB_close(&database);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    MMDB_s database{};
    const int status;
};

Countries::Countries(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Countries::Countries(Countries&&) noexcept = default;
Countries& Countries::operator=(Countries&&) noexcept = default;
Countries::~Countries() = default;

pulsekit::Result<Countries> Countries::open(const std::string& path) {
    auto impl = std::make_unique<Impl>(path);
    if (impl->status != MMDB_SUCCESS) {
        return pulsekit::Error{pulsekit::ErrorCode::invalid,
                               "the country database " + path + ": " + MMDB_strerror(impl->status)};
    }
    return Countries(std::move(impl));
}

std::string Countries::of(std::string_view address) const {
    sockaddr_storage parsed{};
    if (!parse(address, parsed)) return {};
    int error = MMDB_SUCCESS;
    auto found = MMDB_lookup_sockaddr(&impl_->database, reinterpret_cast<const sockaddr*>(&parsed), &error);
    if (error != MMDB_SUCCESS || !found.found_entry) return {};
    std::string code = text_at(found.entry, "country_code");
    if (code.empty()) code = text_at(found.entry, "country", "iso_code");
    return country_of(code);
}

}  // namespace collector::ingest
