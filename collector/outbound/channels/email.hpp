// Messages as e-mail.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "outbound/outbox.hpp"
#include "support/curl/smtp.hpp"

namespace collector::outbound {

struct MailSettings {
    pulsekit::curl::SmtpServer server;
    std::string from;  ///< `pulse@example.org` or `Pulse <pulse@example.org>`

    bool configured() const { return !server.url.empty() && !from.empty(); }
};

/// The whole mail (RFC 5322, RFC 2047, RFC 2045), plain text in UTF-8. Its Message-ID is made of the message's id: the
/// same at each attempt.
std::string mail_text(const std::string& from, const Kept& kept);

/// `hopeless` when the server says 5xx, or when there is none to send by.
Attempt send_email(const MailSettings& settings, const Kept& kept, const std::function<bool()>& keep_waiting);

}  // namespace collector::outbound
