#include "src/wire/wire.hpp"

#include <algorithm>
#include <charconv>

#include "support/time_text.hpp"

namespace pulsekit::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLongestRetryAfter = std::chrono::hours(24);

std::string_view header(const HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return {};
}

/// Retry-After is whole seconds or an HTTP date (RFC 9110, 10.2.3).
std::optional<milliseconds> retry_after(const HttpResponse& response, std::int64_t now_ms) {
    const std::string_view text = header(response, "retry-after");
    if (text.empty()) return std::nullopt;
    std::int64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && number >= 0) {
        return std::min<milliseconds>(seconds(std::min<std::int64_t>(number, 1'000'000)), kLongestRetryAfter);
    }
    const auto at = parse_http_date(text);
    if (!at) return std::nullopt;
    return std::clamp(milliseconds(*at - now_ms), milliseconds(0), kLongestRetryAfter);
}

std::string describe(const HttpResponse& response) {
    constexpr std::size_t kLongestExcerpt = 200;
    return "HTTP " + std::to_string(response.status) + (response.body.empty() ? "" : ": ") +
           response.body.substr(0, kLongestExcerpt);
}

}  // namespace

const Wire& wire_of(Dialect dialect) {
    switch (dialect) {
        case Dialect::productgraph: return productgraph;
        case Dialect::pulse: return pulse;
        case Dialect::gateway: return gateway;
        case Dialect::analytics: return analytics;
        case Dialect::ingest: return ingest;
    }
    return productgraph;
}

Verdict judge(const Wire& wire, const HttpResponse& response, std::size_t events, std::int64_t now_ms) {
    Verdict verdict;
    verdict.message = describe(response);
    verdict.retry_after = retry_after(response, now_ms);
    const int status = response.status;
    if (wire.read_refusal && (status == 400 || status == 403)) {
        if (auto read = wire.read_refusal(response, events)) {
            if (read->message.empty()) read->message = verdict.message;
            return *read;
        }
    }
    if (status >= 200 && status < 300) {
        if (auto read = wire.read_success(response, events)) return *read;
        // A 2xx that no collector wrote: a captive portal, a proxy, another server. The events are not there.
        verdict.message = "not a collector's answer, " + verdict.message;
        verdict.kind = Verdict::Kind::retry;
    } else if (status == 408 || status == 425 || status == 429 || status >= 500) {
        verdict.kind = Verdict::Kind::retry;
    } else if (status == 413 || status == 400 || status == 422) {
        // Too much at once, or refused whole without a word about which event: halving finds the one that spoils it.
        verdict.kind = events > 1 ? Verdict::Kind::split : Verdict::Kind::rejected;
    } else {
        // 401 and 403: a revoked key must not empty a queue. 404, 405 and redirects: the address is wrong.
        verdict.kind = Verdict::Kind::pause;
    }
    return verdict;
}

}  // namespace pulsekit::wire
