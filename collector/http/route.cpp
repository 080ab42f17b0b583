#include "http/route.hpp"

#include "http/json.hpp"

namespace collector::http {

Responder::~Responder() {
    if (send_) send_(plain_envelope(500));
}

void Responder::answer(Response response) {
    if (auto send = std::exchange(send_, nullptr)) send(std::move(response));
}

Response plain_error(int status, std::string_view text) {
    return {.status = status, .body = to_text(Json{{"error", text}})};
}

Response plain_envelope(int status) {
    switch (status) {
        case 400: return plain_error(status, "Bad request.");
        case 404: return plain_error(status, "Not found.");
        case 405: return plain_error(status, "Method not allowed.");
        case 413: return plain_error(status, "Request body too large.");
        case 414: return plain_error(status, "Address too long.");
        case 431: return plain_error(status, "Request header fields too large.");
        case 503: return plain_error(status, "Service unavailable. Retry after 1 second.");
        case 505: return plain_error(status, "HTTP version not supported.");
        default: return plain_error(status, "Internal server error.");
    }
}

}  // namespace collector::http
