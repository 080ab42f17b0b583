// HTTP over libcurl with a connection that is kept. The only place that includes curl.h is http.cpp.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <pulsekit/environment.hpp>
#include <pulsekit/options.hpp>

namespace pulsekit::curl {

/// For requests to servers that are not one's own.
struct SessionLimits {
    std::size_t answer_bytes = 16 * 1024 * 1024;
    bool cuts_answers = false;  ///< what goes beyond is thrown away; else it is an error
    /// Asked, on the thread of perform(), of the address behind the name, as text, before it is connected to. Set: no
    /// proxy is used, for it would connect in our place.
    std::function<bool(const std::string& address)> may_connect = {};
};

/// One keep-alive session. One thread at a time. TLS is verified, redirects are not followed. Adds none of the headers
/// of NetworkOptions: they are the request's.
class Session {
public:
    explicit Session(NetworkOptions network = {}, SessionLimits limits = {});
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    /// Errors: `unavailable` when no complete answer came: connection, TLS, timeout, truncation, size, or
    /// `keep_waiting` said no; `forbidden` when `may_connect` let no address pass. The same problem has the same text
    /// each time.
    Result<HttpResponse> perform(const HttpRequest& request);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pulsekit::curl
