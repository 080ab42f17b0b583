// HTTP over libcurl with a connection that is kept. The only place that includes curl.h is http.cpp.
#pragma once

#include <memory>

#include <pulsekit/environment.hpp>
#include <pulsekit/options.hpp>

namespace pulsekit::curl {

/// One keep-alive session. One thread at a time. TLS is verified, redirects are not followed. Adds none of the headers
/// of NetworkOptions: they are the request's.
class Session {
public:
    explicit Session(NetworkOptions network = {});
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    /// Errors: `unavailable` when no complete answer came: connection, TLS, timeout, truncation, or `keep_waiting` said
    /// no. An answer's body is cut off, as an error, beyond 16 MB. The same problem has the same text each time.
    Result<HttpResponse> perform(const HttpRequest& request);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pulsekit::curl
