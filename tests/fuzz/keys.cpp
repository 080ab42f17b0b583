// Headers and queries of any bytes, for the key that a request carries. The input: a digit for the place where the key
// is documented, then lines `name: value` of headers and `?name=value` of the query.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "meta/access.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using collector::meta::KeyPlace;

constexpr KeyPlace kPlaces[] = {KeyPlace::bearer, KeyPlace::x_pulse_key, KeyPlace::x_pg_api_key, KeyPlace::x_api_key,
                                KeyPlace::none};

void read_line(std::string_view line, collector::http::Request& request) {
    const bool is_query = !line.empty() && line.front() == '?';
    if (is_query) line.remove_prefix(1);
    const auto end = line.find(is_query ? '=' : ':');
    if (end == std::string_view::npos) return;
    const auto value = line.substr(end + 1);
    if (is_query) {
        request.query.emplace_back(line.substr(0, end), value);
    } else {
        request.headers.emplace(line.substr(0, end), value);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const KeyPlace documented = kPlaces[static_cast<std::uint8_t>(data[0] - '0') % std::size(kPlaces)];
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    collector::http::Request request;
    for (std::size_t at = 0; at < input.size();) {
        const auto end = std::min(input.find('\n', at), input.size());
        read_line(input.substr(at, end - at), request);
        at = end + 1;
    }
    const auto key = collector::meta::key_of(request, documented);
    if (!key) return 0;
    pulsekit::fuzz::require(!key->empty(), "an empty key is a key");
    pulsekit::fuzz::require(input.find(*key) != std::string_view::npos, "a key that nobody sent");
    return 0;
}
