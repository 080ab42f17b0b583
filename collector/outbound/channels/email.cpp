#include "outbound/channels/email.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string_view>

#include "crypto/hash.hpp"
#include "support/system_environment.hpp"

namespace collector::outbound {
namespace {

constexpr std::chrono::seconds kTimeout{30};
constexpr std::size_t kLineLength = 76;

/// What stands between `<` and `>`, or all of it.
std::string_view bare_address(std::string_view mailbox) {
    const auto open = mailbox.rfind('<');
    const auto close = mailbox.rfind('>');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) return mailbox;
    return mailbox.substr(open + 1, close - open - 1);
}

bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

/// As it is when it is plain, else in encoded words, which are cut between characters.
std::string header_text(std::string_view text) {
    constexpr std::size_t kWordBytes = 45;  // as base64 60 characters: with its frame below the 75 that a word may have
    if (is_plain(text)) return std::string(text);
    std::string encoded;
    while (!text.empty()) {
        auto end = std::min(kWordBytes, text.size());
        while (end > 1 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
        if (!encoded.empty()) encoded += "\r\n ";
        encoded += "=?UTF-8?B?" + crypto::base64(text.substr(0, end)) + "?=";
        text.remove_prefix(end);
    }
    return encoded;
}

/// `Sun, 22 Mar 2026 16:00:00 +0000`
std::string date_text(std::int64_t unix_ms) {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char numbers[32] = "";
    std::strftime(numbers, sizeof numbers, "%Y %H:%M:%S +0000", &utc);
    return std::string(kDays[utc.tm_wday]) + ", " + std::to_string(utc.tm_mday) + " " + kMonths[utc.tm_mon] + " " +
           numbers;
}

std::string folded(const std::string& base64) {
    std::string lines;
    for (std::size_t at = 0; at < base64.size(); at += kLineLength) lines += base64.substr(at, kLineLength) + "\r\n";
    return lines;
}

}  // namespace

std::string mail_text(const std::string& from, const Kept& kept) {
    const auto sender = bare_address(from);
    const auto domain = sender.substr(std::min(sender.find('@'), sender.size() - 1) + 1);
    return "From: " + from + "\r\nTo: " + kept.message.target + "\r\nSubject: " + header_text(kept.message.subject) +
           "\r\nDate: " + date_text(kept.created_ms) + "\r\nMessage-ID: <" + kept.id + "@" + std::string(domain) +
           ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
           "Content-Transfer-Encoding: base64\r\n\r\n" +
           folded(crypto::base64(kept.message.body));
}

Attempt send_email(const MailSettings& settings, const Kept& kept, const std::function<bool()>& keep_waiting) {
    using Outcome = Attempt::Outcome;
    if (!settings.configured()) {
        return {.outcome = Outcome::hopeless,
                .error = "there is no server to send mail by: set PULSE_SMTP_URL and PULSE_SMTP_FROM"};
    }
    pulsekit::SystemClock clock;
    const auto began = clock.monotonic();
    const auto reply =
        pulsekit::curl::send_mail(settings.server, std::string(bare_address(settings.from)), kept.message.target,
                                  mail_text(settings.from, kept), kTimeout, keep_waiting);
    Attempt attempt{.took_ms =
                        std::chrono::duration_cast<std::chrono::milliseconds>(clock.monotonic() - began).count()};
    if (!reply) {
        attempt.error = reply.error().message;
        return attempt;
    }
    attempt.status = reply->status;
    if (reply->status / 100 == 2) {
        attempt.outcome = Outcome::delivered;
    } else {
        attempt.outcome = reply->status >= 500 ? Outcome::hopeless : Outcome::later;
        attempt.error = "SMTP " + reply->text;
    }
    return attempt;
}

}  // namespace collector::outbound
