#include "query/protocol.hpp"

#include <string>
#include <utility>

#include "http/route.hpp"

namespace collector::query {
namespace {

using http::Json;

http::Response analytics_denied(const meta::Denial& denial) {
    return http::plain_error(meta::status_of(denial), meta::text_of(denial));
}

std::string_view code_of(int status) {
    switch (status) {
        case 400: return "BAD_REQUEST";
        case 401: return "UNAUTHORIZED";
        case 403: return "FORBIDDEN";
        case 404: return "NOT_FOUND";
        case 405: return "METHOD_NOT_ALLOWED";
        case 413: return "PAYLOAD_TOO_LARGE";
        case 429: return "RATE_LIMITED";
        case 503: return "UNAVAILABLE";
        default: return "INTERNAL_ERROR";
    }
}

http::Response gateway_failure(int status, std::string_view text) {
    return {.status = status,
            .body = http::to_text({{"success", false}, {"error", {{"code", code_of(status)}, {"message", text}}}})};
}

http::Response gateway_denied(const meta::Denial& denial) {
    const int status = meta::status_of(denial);
    return gateway_failure(status, status == 401 ? "Missing or invalid API key" : meta::text_of(denial));
}

http::Response gateway_envelope(int status) {
    switch (status) {
        case 400: return gateway_failure(status, "Bad request");
        case 404: return gateway_failure(status, "Not found");
        case 405: return gateway_failure(status, "Method not allowed");
        case 413: return gateway_failure(status, "Request body too large");
        case 503: return gateway_failure(status, "Service unavailable");
        default: return gateway_failure(status, "Internal server error");
    }
}

}  // namespace

constinit const Protocol kAnalytics = {.credential = meta::KeyPlace::x_pulse_key,
                                       .answer = [](Json report) { return report; },
                                       .failure = http::plain_error,
                                       .denied = analytics_denied,
                                       .envelope = http::plain_envelope};

constinit const Protocol kGateway = {.credential = meta::KeyPlace::none,
                                     .open = true,
                                     .answer =
                                         [](Json report) {
                                             return Json{{"success", true}, {"data", std::move(report)}};
                                         },
                                     .failure = gateway_failure,
                                     .denied = gateway_denied,
                                     .envelope = gateway_envelope};

}  // namespace collector::query
