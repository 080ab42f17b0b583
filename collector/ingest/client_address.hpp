// Who sent a request, when proxies stand between.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "http/message.hpp"
#include "model/networks.hpp"

namespace collector::ingest {

/// The networks whose machines may speak for others. Immutable; safe from any thread.
class TrustedProxies {
public:
    TrustedProxies() = default;  ///< none

    /// Networks such as `10.0.0.0/8` or `fd00::/8`; an address alone stands for itself. Error `invalid`: names the one
    /// that is not a network.
    static pulsekit::Result<TrustedProxies> parse(const std::vector<std::string>& networks);

    bool contains(std::string_view address) const;

    /// The connection's address, or the last one in X-Forwarded-For that is no trusted proxy's, as far as trusted ones
    /// vouch for it.
    std::string client_of(const http::Request& request) const;

private:
    model::Networks networks_;
};

}  // namespace collector::ingest
