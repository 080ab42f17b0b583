// Mail over libcurl.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include <pulsekit/result.hpp>

namespace pulsekit::curl {

struct SmtpServer {
    std::string url;  ///< `smtp://host:587`, or `smtps://host:465`, where TLS comes first
    std::string user;
    std::string password;  ///< with one, the connection must be encrypted, or be to this machine
};

/// What the server said last.
struct MailReply {
    int status = 0;  ///< 250: it has taken the mail; 4xx: later; 5xx: not at all
    std::string text;
};

/// One mail over a connection of its own. `from` and `to` are bare addresses, `message` is the mail as RFC 5322 has it,
/// its lines ended by CR LF. TLS is used when the server offers it, and verified. `keep_waiting` is asked about every
/// 50 ms; false gives up. Error `unavailable`: no conversation came to its end.
Result<MailReply> send_mail(const SmtpServer& server, const std::string& from, const std::string& to,
                            const std::string& message, std::chrono::milliseconds timeout,
                            const std::function<bool()>& keep_waiting);

}  // namespace pulsekit::curl
